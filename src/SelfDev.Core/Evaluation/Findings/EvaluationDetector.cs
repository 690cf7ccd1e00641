using System.Globalization;
using System.Text.Json;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Evaluation.Formats;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Findings;
using SelfDev.Core.Text;

namespace SelfDev.Core.Evaluation.Findings;

/// <summary>Turns comparisons into findings with evidence.</summary>
internal sealed class EvaluationDetector(
    EvaluationFindings findings,
    EvaluationProposals proposals,
    EvaluationOptions options
)
{
    private const int MaxTasksNamed = 5;

    public void Detect(RunComparison comparison, EvaluationSummary summary)
    {
        var start = Start(comparison.Candidate);
        Incomplete(comparison);
        MissingTasks(comparison, start);
        Renderings(comparison);
        Harness(comparison);
        Regressions(comparison, summary);
        Improvements(comparison, summary);
        Tie(comparison, summary, start);
        Underpowered(comparison, start);
        new FailureDetector(findings, proposals).Detect(comparison, start);
    }

    public void DetectHistory(
        IReadOnlyList<TaskHistory> histories,
        IReadOnlyList<EvaluationRun> runs,
        IReadOnlyList<TrainingEvent> training
    )
    {
        foreach (var history in histories)
        {
            var place = (EvaluationRun run) => run.Tasks.GetValueOrDefault(history.Task)?.Place ?? Start(run);
            if (history.Change is { } change)
            {
                var worse = history.HigherIsBetter ? change.Delta < 0 : change.Delta > 0;
                var run = runs.First(run => run.Name == change.Before);
                var between = training
                    .Where(happened => change.AfterStep < happened.ToStep && happened.FromStep <= change.BeforeStep)
                    .ToList();
                findings.Add(
                    FindingKinds.ScoreChangePoint,
                    worse ? Severity.Warning : Severity.Info,
                    FindingRole.Root,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Task(history.Task)} {history.Metric} changed its level by {change.Delta:+0.####;-0.####} "
                            + $"between {Name(change.After)} and {Name(change.Before)}{Events(between)}"
                    ),
                    place(run),
                    new Dictionary<string, MetricValue>
                    {
                        ["delta"] = change.Delta,
                        ["ciLow"] = change.Ci95[0],
                        ["ciHigh"] = change.Ci95[1],
                        ["pHolm"] = change.PHolm,
                    },
                    [place(runs.First(run => run.Name == change.After))]
                );
            }
            else if (
                history is { SlopePHolm: { } p, Slope: { } slope, SlopeCi95: { } interval }
                && p < options.Alpha
                && (history.HigherIsBetter ? slope < 0 : slope > 0)
            )
            {
                findings.Add(
                    FindingKinds.ScoreTrend,
                    Severity.Warning,
                    FindingRole.Root,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{Task(history.Task)} {history.Metric} gets worse from checkpoint to checkpoint, by "
                            + $"{slope:0.#####} "
                            + $"{(history.Points.All(point => point.Step is not null) ? "per thousand steps" : "each")}"
                    ),
                    place(runs.First(run => run.Name == history.Points[^1].Checkpoint)),
                    new Dictionary<string, MetricValue>
                    {
                        ["slope"] = slope,
                        ["ciLow"] = interval[0],
                        ["ciHigh"] = interval[1],
                        ["pHolm"] = p,
                    }
                );
            }
        }
    }

    public void DetectRejections(IReadOnlyList<Rejection> rejections)
    {
        foreach (var file in rejections.GroupBy(rejection => rejection.File))
        {
            var first = file.First();
            findings.Add(
                FindingKinds.UnreadableResult,
                Severity.Warning,
                FindingRole.Root,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"'{Name(file.Key)}'{(first.Line > 0 ? $" line {first.Line}" : "")}: "
                        + $"{SafeText.SingleLine(first.Reason)}{(file.Count() > 1 ? $" ({file.Count() - 1} more in this file)" : "")}"
                ),
                new Place(file.Key, Math.Max(1, first.Line), 0, ""),
                new Dictionary<string, MetricValue> { ["rejections"] = file.Count() },
                [
                    .. file.Skip(1)
                        .Where(rejection => rejection.Line > 0)
                        .Select(rejection => new Place(file.Key, rejection.Line, 0, "")),
                ]
            );
        }
    }

    private void Incomplete(RunComparison comparison)
    {
        foreach (
            var (side, run) in (ReadOnlySpan<(string, EvaluationRun)>)
                [("candidate", comparison.Candidate), ("baseline", comparison.Baseline)]
        )
        {
            foreach (var task in run.Tasks.Values.Where(task => task.Status != EvaluationStatus.Complete))
            {
                findings.Add(
                    FindingKinds.EvalIncomplete,
                    Severity.Error,
                    FindingRole.Root,
                    $"{Task(task.Task)}: the {side} is not whole ({task.StatusDetail}), so it is not compared as if it "
                        + $"were",
                    task.StatusPlace ?? task.Place ?? Start(run),
                    new Dictionary<string, MetricValue>
                    {
                        ["status"] = Word(task.Status),
                        ["samples"] = task.Samples.Count,
                    },
                    proposals: [proposals.Rerun(null, "the evaluation did not run to its end")]
                );
            }
        }
    }

    private void MissingTasks(RunComparison comparison, Place start)
    {
        if (comparison.OnlyBaseline is not { Count: > 0 and var missing } tasks)
        {
            return;
        }

        findings.Add(
            FindingKinds.EvalIncomplete,
            Severity.Warning,
            FindingRole.Root,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The candidate was not measured on {missing} of the "
                    + $"{missing + comparison.Candidate.Tasks.Count - comparison.OnlyCandidate.Count} tasks of the "
                    + $"baseline "
                    + $"({string.Join(", ", tasks.Take(MaxTasksNamed).Select(Task))}{(missing > MaxTasksNamed ? ", ..." : "")}); "
                    + $"it passes no gate without them"
            ),
            start,
            new Dictionary<string, MetricValue> { ["missing"] = missing },
            proposals: [proposals.Rerun(null, "tasks of the baseline are missing")]
        );
    }

    private void Renderings(RunComparison comparison)
    {
        foreach (var task in comparison.Renderings.GroupBy(difference => difference.Task))
        {
            var first = task.First();
            findings.Add(
                FindingKinds.RenderDifference,
                Severity.Error,
                FindingRole.Root,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Task(task.Key)}: {first.Items} of {first.Compared} items were rendered differently "
                        + $"({Word(first.Class)}, first at character {first.Offset}); the delta is not attributable to "
                        + $"the checkpoint"
                ),
                first.Place,
                new Dictionary<string, MetricValue>
                {
                    ["class"] = Word(first.Class),
                    ["items"] = first.Items,
                    ["offset"] = first.Offset,
                    ["explainsAll"] = first.ExplainsAll,
                    ["baselineLength"] = first.Lengths.Baseline,
                    ["candidateLength"] = first.Lengths.Candidate,
                },
                [.. task.Skip(1).Select(difference => difference.Place)],
                [proposals.FixRendering(first)],
                key: $"render:{task.Key}"
            );
        }
    }

    private void Harness(RunComparison comparison)
    {
        foreach (var difference in comparison.Harness)
        {
            var others =
                difference.OtherTasks > 0
                    ? string.Create(CultureInfo.InvariantCulture, $" and {difference.OtherTasks} more tasks")
                    : "";
            findings.Add(
                FindingKinds.HarnessMismatch,
                difference.Decisive ? Severity.Error : Severity.Info,
                FindingRole.Root,
                $"{Task(difference.Task)}{others}: {difference.Fact} is {Name(difference.Candidate)}, of the baseline "
                    + $"{Name(difference.Baseline)}"
                    + (difference.Decisive ? "; the delta is not attributable to the checkpoint" : ""),
                difference.Place,
                new Dictionary<string, MetricValue>
                {
                    ["fact"] = difference.Fact,
                    ["tasks"] = difference.OtherTasks + 1,
                    ["decisive"] = difference.Decisive,
                },
                proposals: difference.Decisive ? [proposals.FixHarness(difference)] : []
            );
        }
    }

    private void Regressions(RunComparison comparison, EvaluationSummary summary)
    {
        var regressed = comparison.Tasks.Where(task => task.Verdict == ComparisonVerdict.Regressed).ToList();
        foreach (var task in regressed)
        {
            findings.Add(
                FindingKinds.EvalRegression,
                Severity.Error,
                FindingRole.Root,
                $"{Task(task.Task)} {task.Metric} is worse: {Numbers(task)}{Events(summary.TrainingBetween)}",
                PlaceOf(comparison.Candidate, task),
                Metrics(task),
                [PlaceOf(comparison.Baseline, task)],
                [proposals.Block(regressed.Count, summary)],
                key: $"regression:{task.Task}"
            );
        }
    }

    private void Improvements(RunComparison comparison, EvaluationSummary summary)
    {
        foreach (var task in comparison.Tasks.Where(task => task.Verdict == ComparisonVerdict.Improved))
        {
            findings.Add(
                FindingKinds.EvalImprovement,
                Severity.Info,
                FindingRole.Root,
                $"{Task(task.Task)} {task.Metric} is better: {Numbers(task)}",
                PlaceOf(comparison.Candidate, task),
                Metrics(task),
                [PlaceOf(comparison.Baseline, task)],
                summary.Gate == EvaluationProposals.AllowGate ? [proposals.Allow(summary)] : []
            );
        }
    }

    private void Tie(RunComparison comparison, EvaluationSummary summary, Place start)
    {
        if (summary.Overall != ComparisonVerdict.Tied)
        {
            return;
        }

        findings.Add(
            FindingKinds.EvalTie,
            Severity.Info,
            FindingRole.Root,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The candidate is as good as the baseline: whatever difference {comparison.Tasks.Count} comparisons "
                    + $"leave room for lies within the margin of {100 * options.Margin:0.##} points"
            ),
            start,
            proposals: summary.Gate == EvaluationProposals.AllowGate ? [proposals.Allow(summary)] : []
        );
    }

    private void Underpowered(RunComparison comparison, Place start)
    {
        var tasks = comparison.Tasks.Where(task => task.Verdict == ComparisonVerdict.Underpowered).ToList();
        if (tasks.Count == 0)
        {
            return;
        }

        var needed = tasks.Max(task => task.NeededSamples);
        var hours =
            tasks
                .Where(task => task.Primary || tasks.TrueForAll(other => !other.Primary))
                .Select(task => task.NeededGpuHours)
                .ToList()
                is var known
            && known.Exists(value => value is not null)
                ? known.Sum()
                : null;
        var names = string.Join(", ", tasks.Select(task => Task(task.Task)).Distinct().Take(MaxTasksNamed));
        findings.Add(
            FindingKinds.EvalUnderpowered,
            Severity.Warning,
            FindingRole.Root,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{tasks.Count} of {comparison.Tasks.Count} comparisons have too few samples to tell a change of "
                    + $"{100 * options.Margin:0.##} points from none "
                    + $"({names}{(tasks.Count > MaxTasksNamed ? ", ..." : "")}){(needed is { } n ? $"; the largest needs {n} samples" : "")}"
            ),
            PlaceOf(comparison.Candidate, tasks[0]) ?? start,
            new Dictionary<string, MetricValue>
            {
                ["comparisons"] = tasks.Count,
                ["neededSamples"] = needed is { } samples ? (MetricValue)samples : "unknown",
                ["gpuHours"] = hours is { } cost ? (MetricValue)cost : "unknown",
            },
            [.. tasks.Skip(1).Select(task => PlaceOf(comparison.Candidate, task))],
            proposals.ForMoreSamples(needed, hours)
        );
    }

    private static string Numbers(TaskComparison task) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{task.Baseline:0.####} to {task.Candidate:0.####} "
                + $"({task.Delta:+0.####;-0.####}{(task.Ci95 is [var low, var high] ? $", 95 % interval {low:+0.####;-0.####} to {high:+0.####;-0.####}" : "")}{(task.N is { } n ? $", n {n}" : "")}, p {task.PHolm:0.##E0} after Holm)"
        );

    private static Dictionary<string, MetricValue> Metrics(TaskComparison task)
    {
        var metrics = new Dictionary<string, MetricValue>
        {
            ["metric"] = task.Metric,
            ["baseline"] = task.Baseline,
            ["candidate"] = task.Candidate,
            ["delta"] = task.Delta,
            ["method"] = Word(task.Method),
        };
        foreach (
            var (name, value) in (ReadOnlySpan<(string, double?)>)
                [
                    ("n", task.N),
                    ("stderr", task.Stderr),
                    ("p", task.P),
                    ("pHolm", task.PHolm),
                    ("lost", task.Lost),
                    ("won", task.Won),
                ]
        )
        {
            if (value is { } known)
            {
                metrics.Add(name, known);
            }
        }

        return metrics;
    }

    private static string Events(IReadOnlyList<TrainingEvent> between)
    {
        if (between.Count == 0)
        {
            return "";
        }

        var worst = between.MaxBy(happened => happened.Severity)!;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"; in training between the two, {between.Count} {(between.Count == 1 ? "finding" : "findings")}, the "
                + $"worst {worst.Kind} at step {worst.FromStep}"
        );
    }

    private static Place PlaceOf(EvaluationRun run, TaskComparison task) =>
        run.Tasks[task.Task] is var of && of.Reported.TryGetValue(task.Metric, out var score)
            ? score.Place
            : of.Place ?? Start(run);

    internal static Place Start(EvaluationRun run) =>
        run.Tasks.Values.Select(task => task.Place).OfType<Place>().FirstOrDefault() ?? new Place(run.Name, 1, 0, "");

    internal static string Word<TEnum>(TEnum value)
        where TEnum : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    internal static string Task(string task) => Name(task);

    internal static string Name(string text) => SafeText.SingleLine(text.Length > 100 ? text[..100] + "…" : text);
}
