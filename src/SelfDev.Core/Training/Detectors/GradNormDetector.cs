using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Statistics;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>
/// A gradient norm that climbs to a multiple of its level and stays there, without a loss spike beside it (those bring
/// their own lead, <see cref="GradNormLead"/>): the drift after which OPT-175B's operators cut the learning rate.
/// </summary>
internal sealed class GradNormDetector(TrainingOptions options) : IRunDetector
{
    private const double Factor = 3;
    private const double Sigmas = 8;
    private const int Persistence = 8;
    private const int WarmUpRows = 200;

    /// <summary>Rows after which the new level is the usual one.</summary>
    private const int NewNormal = 256;

    /// <summary>Rows around a loss spike in which its own lead tells the story.</summary>
    private const long SpikeSteps = 64;

    private readonly RobustBaseline _baseline = new(options.Window, 64);
    private readonly List<FindingDraft> _surges = [];
    private FindingDraft? _surge;
    private int _above;
    private int _below;
    private double _batch = double.NaN;
    private double _scale = double.NaN;

    public void OnSegment(RunSegment segment, RunTimeline run)
    {
        _above = 0;
        _surge = null;
        if (segment.Start != SegmentStart.Resume)
        {
            _baseline.Clear();
        }
    }

    public void OnEvent(LogEvent noted, RunTimeline run) { }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        if (!row.Carries(StepFields.GradNorm) || !double.IsFinite(row.GradNorm) || row.GradNorm <= 0)
        {
            return;
        }

        if (
            Changed(ref _batch, row, StepFields.BatchSize, row.BatchSize)
            | Changed(ref _scale, row, StepFields.LossScale, row.LossScale)
        )
        {
            _baseline.Clear();
            _above = 0;
            _surge = null;
        }

        var level = _baseline.Level;
        var high =
            _baseline.Count >= 64
            && run.Segment.Rows > WarmUpRows
            && row.GradNorm > Factor * level
            && row.GradNorm > level + (Sigmas * _baseline.Noise());
        if (!high)
        {
            _baseline.Add(row.GradNorm);
            _above = 0;
            _surge = ++_below >= Persistence ? null : _surge;
            return;
        }

        _below = 0;
        if (++_above >= Persistence)
        {
            Surge(row, level, run);
        }

        if (_above >= NewNormal)
        {
            _baseline.Clear();
            _above = 0;
            _surge = null;
        }
    }

    public void Finish(RunTimeline run)
    {
        foreach (var surge in _surges)
        {
            var told = run.Findings.Exists(finding =>
                finding.Kind is FindingKinds.LossSpike or FindingKinds.NonFinite
                && finding.From.Step - SpikeSteps <= surge.To.Step
                && finding.To.Step + SpikeSteps >= surge.From.Step
            );
            if (!told)
            {
                run.Report(surge);
            }
        }
    }

    private static bool Changed(ref double known, in StepRow row, StepFields field, double value)
    {
        if (!row.Carries(field) || value.Equals(known))
        {
            return false;
        }

        var first = double.IsNaN(known);
        known = value;
        return !first;
    }

    private void Surge(in StepRow row, double level, RunTimeline run)
    {
        if (_surge is null)
        {
            if (_surges.Count == 256)
            {
                return;
            }

            var back = Math.Min(Persistence - 1, run.Related - 1);
            _surge = new FindingDraft
            {
                Kind = FindingKinds.GradNormSurge,
                Severity = Severity.Warning,
                Title = "",
                TitleOf = draft =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"Gradient norm climbed from {draft.Metrics["usual"].Number:0.####} to "
                            + $"{draft.Metrics["norm"].Number:0.####} at step {draft.From.Step} and stayed there, "
                            + $"without a loss spike"
                    ),
                From = run.History.Position(back),
                To = RowHistory.PositionOf(row),
                File = run.File,
            };
            _surge.Metrics["usual"] = level;
            for (var age = back; age >= 0; age--)
            {
                _surge.Cite(run.History.Evidence(age));
            }

            _surge.Metrics["norm"] = row.GradNorm;
            _surges.Add(_surge);
        }

        _surge.To = RowHistory.PositionOf(row);
    }
}
