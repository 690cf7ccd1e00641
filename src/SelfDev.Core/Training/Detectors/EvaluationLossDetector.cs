using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>The held-out loss rises while the training loss falls: the run memorises. Each held-out set is judged on
/// its own, all go into one finding.</summary>
internal sealed class EvaluationLossDetector : IRunDetector
{
    /// <summary>Rise above the best held-out loss, and evaluations in a row, that count.</summary>
    private const double Share = 0.1;
    private const int Evaluations = 3;
    private const int MaxSplits = 256;

    private readonly Dictionary<string, Split> _splits = [];
    private double _trainLoss = double.NaN;

    public void OnSegment(RunSegment segment, RunTimeline run)
    {
        if (segment.Start == SegmentStart.Gap)
        {
            _splits.Clear();
        }
    }

    public void OnEvent(LogEvent noted, RunTimeline run) { }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        if (row.Carries(StepFields.Loss) && double.IsFinite(row.Loss))
        {
            _trainLoss = row.Loss;
        }

        if (!row.Carries(StepFields.EvalLoss) || !double.IsFinite(row.EvalLoss))
        {
            return;
        }

        var name = row.EvalSplit ?? "";
        if (!_splits.TryGetValue(name, out var split))
        {
            if (_splits.Count == MaxSplits)
            {
                return;
            }

            _splits.Add(name, split = new Split());
        }

        var point = new Point(row.EvalLoss, _trainLoss, RowHistory.PositionOf(row), run.History.Evidence(0));
        split.Last = point;
        if (split.Best is null || row.EvalLoss < split.Best.Loss)
        {
            split.Best = point;
        }

        split.Above = row.EvalLoss > split.Best.Loss * (1 + Share) ? split.Above + 1 : 0;
        split.FirstAbove = split.Above == 1 ? point : split.FirstAbove;
    }

    public void Finish(RunTimeline run)
    {
        var over = _splits
            .Where(pair =>
                pair.Value.Above >= Evaluations
                && pair.Value.Last!.Train <= pair.Value.Best!.TrainOr(pair.Value.Last.Train)
            )
            .OrderByDescending(pair => pair.Value.Last!.Loss / pair.Value.Best!.Loss)
            .ThenBy(pair => pair.Key, StringComparer.Ordinal)
            .ToList();
        if (over.Count == 0)
        {
            return;
        }

        var worst = over[0].Value;
        var first = over.MinBy(pair => pair.Value.FirstAbove!.At.Line).Value.FirstAbove!;
        var draft = new FindingDraft
        {
            Kind = FindingKinds.Divergence,
            Severity = Severity.Warning,
            Title = string.Create(
                CultureInfo.InvariantCulture,
                $"Held-out loss rose from its best {worst.Best!.Loss:0.####} at step {worst.Best.At.Step} to "
                    + $"{worst.Last!.Loss:0.####} at step {worst.Last.At.Step} while the training loss fell: "
                    + $"overfitting"
            ),
            From = first.At,
            To = worst.Last.At,
            File = run.File,
        };
        foreach (var (_, split) in over.Take(4))
        {
            draft.Cite(split.Best!.Evidence);
            draft.Cite(split.FirstAbove!.Evidence);
            draft.Cite(split.Last!.Evidence);
        }

        draft.Metrics["class"] = "overfitting";
        draft.Metrics["best"] = worst.Best.Loss;
        draft.Metrics["bestStep"] = worst.Best.At.Step ?? 0;
        draft.Metrics["last"] = worst.Last.Loss;
        draft.Metrics["heldOutSets"] = over.Count;
        run.Report(draft);
    }

    private sealed record Point(double Loss, double Train, Position At, Evidence Evidence)
    {
        public double TrainOr(double other) => double.IsNaN(Train) ? other : Train;
    }

    private sealed class Split
    {
        public Point? Best { get; set; }

        public Point? Last { get; set; }

        public Point? FirstAbove { get; set; }

        public int Above { get; set; }
    }
}
