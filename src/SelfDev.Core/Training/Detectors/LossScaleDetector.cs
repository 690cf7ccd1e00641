using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>
/// The dynamic loss scale falls again and again without a rise in between: every step overflows. A halving or two now
/// and then is how dynamic scaling works (one overflow halves it, a few hundred good steps double it: DeepSpeed
/// <c>loss_scaler.py</c>, Megatron <c>grad_scaler.py</c>).
/// </summary>
internal sealed class LossScaleDetector : IRunDetector
{
    /// <summary>The fall that counts: three halvings without a rise.</summary>
    private const double CollapseFactor = 8;

    private readonly List<Evidence> _evidence = [];
    private double _scale = double.NaN;
    private double _top = double.NaN;
    private long _settledRows;
    private bool _settled;
    private long _sinceFall;
    private Position? _from;
    private FindingDraft? _draft;
    private Evidence? _lastEvidence;
    private long _lastRow = -1;

    public void OnSegment(RunSegment segment, RunTimeline run) => Reset();

    public void OnEvent(LogEvent noted, RunTimeline run)
    {
        if (noted.Type == LogEventType.Overflow)
        {
            var step = run.History.Count > 0 ? run.History[0].Step : (long?)null;
            See(noted.Value, () => run.Cite(noted), new Position(noted.Line, step, run.TimeOf(noted)), run);
        }
    }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        if (!row.Carries(StepFields.LossScale) || row.LossScale <= 0)
        {
            return;
        }

        if (row.LossScale == _scale)
        {
            Hold(run);
            return;
        }

        See(row.LossScale, () => run.History.Evidence(0), RowHistory.PositionOf(row), run);
    }

    public void Finish(RunTimeline run) { }

    /// <summary>The scale is what it was.</summary>
    private void Hold(RunTimeline run)
    {
        _settledRows++;
        _settled |= _settledRows >= 3;
        _lastRow = run.History.Total - 1;
        _lastEvidence = null;
        if (++_sinceFall > 200)
        {
            Reset(keepSettled: true);
            _top = _scale;
        }
    }

    private void See(double scale, Func<Evidence> evidence, Position position, RunTimeline run)
    {
        var cited = evidence();
        if (double.IsNaN(_scale) || scale >= _scale)
        {
            // At the start the scale is far too high and falls until it fits: only a scale that has held counts.
            _settledRows++;
            _settled |= _settledRows >= 3;
            if (double.IsNaN(_scale) || scale > _scale || ++_sinceFall > 200)
            {
                Reset(keepSettled: true);
                _top = scale;
            }
        }
        else
        {
            _sinceFall = 0;
            _settledRows = 0;
            if (_evidence.Count == 0)
            {
                _from = position;
                if ((_lastEvidence ?? run.History.EvidenceOf(_lastRow)) is { } before)
                {
                    _evidence.Add(before);
                }
            }

            if (_evidence.Count < Limits.EvidencePerFinding - 1)
            {
                _evidence.Add(cited);
            }

            if (_settled && _top / scale >= CollapseFactor)
            {
                Report(scale, cited, position, run);
            }
        }

        _scale = scale;
        _lastEvidence = cited;
    }

    private void Report(double scale, Evidence evidence, Position position, RunTimeline run)
    {
        if (_draft is null)
        {
            _draft = new FindingDraft
            {
                Kind = FindingKinds.LossScaleCollapse,
                Severity = Severity.Warning,
                Title = "",
                From = _from!,
                To = position,
                File = run.File,
            };
            foreach (var line in _evidence)
            {
                _draft.Cite(line);
            }

            run.Report(_draft);
        }

        _draft.Cite(evidence);
        _draft.To = position;
        _draft.Severity = _top / scale >= 64 || scale <= 1 ? Severity.Error : Severity.Warning;
        _draft.Metrics["from"] = _top;
        _draft.Metrics["to"] = scale;
        _draft.Title = string.Create(
            CultureInfo.InvariantCulture,
            $"Loss scale fell from {_top:0.##} to {scale:0.##} without a rise in between"
        );
    }

    private void Reset(bool keepSettled = false)
    {
        _evidence.Clear();
        _draft = null;
        _from = null;
        _sinceFall = 0;
        if (!keepSettled)
        {
            _scale = double.NaN;
            _top = double.NaN;
            _settled = false;
            _settledRows = 0;
            _lastEvidence = null;
        }
    }
}
