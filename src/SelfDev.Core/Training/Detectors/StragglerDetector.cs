using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Statistics;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>
/// One rank slower than the others, where every rank logs its own step time. Score and limit as in
/// nvidia-resiliency-ext (<c>straggler_det/usage_guide.rst</c>): the fastest rank's time over the rank's own, flagged
/// under 0.7.
/// </summary>
internal sealed class StragglerDetector : IRunDetector
{
    private const double Limit = 0.7;
    private const int MinRows = 16;
    private const int MaxRanks = 4096;

    private readonly SortedDictionary<int, Rank> _ranks = [];

    public void OnRow(in StepRow row, RunTimeline run) { }

    public void OnSegment(RunSegment segment, RunTimeline run) { }

    public void OnEvent(LogEvent noted, RunTimeline run) { }

    public void OnAnyRank(in StepRow row, ReadOnlySpan<byte> text, RunTimeline run)
    {
        if (
            row.Rank < 0
            || !row.Carries(StepFields.StepSeconds)
            || !(row.StepSeconds > 0)
            || !double.IsFinite(row.StepSeconds)
        )
        {
            return;
        }

        if (!_ranks.TryGetValue(row.Rank, out var rank))
        {
            if (_ranks.Count == MaxRanks)
            {
                return;
            }

            _ranks.Add(row.Rank, rank = new Rank());
        }

        rank.Seconds.Add(row.StepSeconds);
        if (rank.Seconds.Count == MinRows)
        {
            rank.At = RowHistory.PositionOf(row);
            rank.Evidence = new Evidence(row.Line, row.Offset, EvidenceText.Of(text)) { File = run.Name };
        }
    }

    public void Finish(RunTimeline run)
    {
        var ranks = _ranks.Where(pair => pair.Value.Seconds.Count >= MinRows).ToList();
        if (ranks.Count < 2)
        {
            return;
        }

        var fastest = ranks.MinBy(pair => pair.Value.Seconds.Level);
        foreach (
            var (number, rank) in ranks
                .Where(pair => fastest.Value.Seconds.Level / pair.Value.Seconds.Level < Limit)
                .Take(16)
        )
        {
            var draft = new FindingDraft
            {
                Kind = FindingKinds.SlowSteps,
                Severity = Severity.Warning,
                Title = string.Create(
                    CultureInfo.InvariantCulture,
                    $"Rank {number} takes {rank.Seconds.Level:0.###} s a step, rank {fastest.Key} "
                        + $"{fastest.Value.Seconds.Level:0.###} s: a straggler"
                ),
                From = rank.At!,
                To = rank.At!,
                File = run.File,
            };
            draft.Cite(rank.Evidence!);
            draft.Cite(fastest.Value.Evidence!);
            draft.Metrics["pattern"] = "one-rank";
            draft.Metrics["rank"] = number;
            draft.Metrics["seconds"] = rank.Seconds.Level;
            draft.Metrics["fastestSeconds"] = fastest.Value.Seconds.Level;
            run.Report(draft);
        }
    }

    private sealed class Rank
    {
        public RobustBaseline Seconds { get; } = new(64, 32);

        public Position? At { get; set; }

        public Evidence? Evidence { get; set; }
    }
}
