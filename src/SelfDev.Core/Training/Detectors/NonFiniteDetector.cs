using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>Losses and gradient norms that are NaN or infinite, and iterations that Megatron counted as such.</summary>
/// <remarks>A single infinite gradient norm is how dynamic loss scaling works and stays silent; a non-finite loss never
/// does.</remarks>
internal sealed class NonFiniteDetector : IRunDetector
{
    /// <summary>Finite rows that end an episode.</summary>
    private const int RowsBack = 3;

    private FindingDraft? _draft;
    private int _rows;
    private int _finite;
    private bool _loss;

    public void OnSegment(RunSegment segment, RunTimeline run) => Close(run, atEnd: false);

    public void OnEvent(LogEvent noted, RunTimeline run) { }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        var loss =
            (row.Carries(StepFields.Loss) && !double.IsFinite(row.Loss))
            || (row.Carries(StepFields.EvalLoss) && !double.IsFinite(row.EvalLoss))
            || row.NanIterations > 0;
        var norm = row.Carries(StepFields.GradNorm) && !double.IsFinite(row.GradNorm);
        if (!loss && !norm)
        {
            if (_draft is not null && row.Carries(StepFields.Loss) && ++_finite >= RowsBack)
            {
                Close(run, atEnd: false);
            }

            return;
        }

        if (_draft is null)
        {
            _rows = 0;
            _loss = false;
            _draft = new FindingDraft
            {
                Kind = FindingKinds.NonFinite,
                Severity = Severity.Error,
                Title = "",
                From = RowHistory.PositionOf(row),
                To = RowHistory.PositionOf(row),
                File = run.File,
            };
            if (run.Related > 1)
            {
                _draft.Cite(run.History.Evidence(1));
            }
        }

        _finite = 0;
        _rows++;
        _loss |= loss;
        _draft.To = RowHistory.PositionOf(row);
        if (_draft.HasRoomForEvidence)
        {
            _draft.Cite(run.History.Evidence(0));
        }
    }

    public void Finish(RunTimeline run) => Close(run, atEnd: true);

    private void Close(RunTimeline run, bool atEnd)
    {
        if (_draft is not { } draft)
        {
            return;
        }

        _draft = null;
        var lasting = atEnd || _finite < RowsBack;
        if (!_loss && _rows < 3)
        {
            return;
        }

        // A gradient that stays NaN trains nothing, whatever the loss is printed as (0.0 by some trainers).
        draft.Severity =
            (_loss && (_rows >= 3 || lasting)) || (lasting && _rows >= 3) ? Severity.Critical
            : _loss ? Severity.Error
            : Severity.Warning;
        var what = _loss ? "Loss" : "Gradient norm";
        draft.Title = string.Create(
            CultureInfo.InvariantCulture,
            $"{what} is not finite from step {draft.From.Step} on, for {_rows} "
                + $"{(_rows == 1 ? "row" : "rows")}{(lasting ? " and to the end of the rows" : "")}"
        );
        draft.Metrics["rows"] = _rows;
        draft.Metrics["quantity"] = _loss ? "loss" : "grad-norm";
        draft.Metrics["recovered"] = !lasting;
        run.Report(draft);
    }
}
