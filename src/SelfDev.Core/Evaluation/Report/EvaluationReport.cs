using System.Globalization;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Evaluation.Findings;
using SelfDev.Core.Evaluation.Reading;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Reports.Render;
using SelfDev.Core.Text;

namespace SelfDev.Core.Evaluation.Report;

/// <summary>What a person reads of evaluations: verdict, forest plot, tables, curves.</summary>
internal static class EvaluationReport
{
    private const int MaxForest = 60;
    private const int MaxRows = 250;
    private const int MaxCurves = 12;

    public static ReportDocument Document(EvaluationSummary summary, RunComparison? comparison)
    {
        var blocks = new List<ReportBlock>();
        if (comparison is not null)
        {
            blocks.AddRange(ComparisonBlocks(summary, comparison));
        }

        blocks.AddRange(GenerationBlocks(summary, comparison));
        blocks.AddRange(HistoryBlocks(summary));
        if (summary.Rejections.Count > 0)
        {
            blocks.Add(
                new Table(
                    "What could not be used",
                    ["file", "line or entry", "why"],
                    [
                        .. summary
                            .Rejections.Take(MaxRows)
                            .Select(rejection =>
                                Row(
                                    Clean(rejection.File),
                                    rejection.Line > 0 ? Text(rejection.Line) : "",
                                    Clean(rejection.Reason)
                                )
                            ),
                    ]
                )
                {
                    NumericColumns = [1],
                }
            );
        }

        return new ReportDocument("Evaluation diagnosis", summary.Verdict, blocks);
    }

    public static string Verdict(EvaluationSummary summary, IReadOnlyList<Finding> findings)
    {
        if (summary.Overall is not { } overall || summary.Counts is not { } counts)
        {
            return summary.History.Count > 0
                ? $"{summary.History.Count} tasks over {summary.History.Max(history => history.Points.Count)} "
                    + $"checkpoints; there was no baseline to compare with."
                : "There was no baseline to compare with: name one with --baseline, or drop the evaluation of its "
                    + "parent checkpoint.";
        }

        var said = overall switch
        {
            ComparisonVerdict.Regressed => "The candidate is worse than the baseline.",
            ComparisonVerdict.Improved => "The candidate is better than the baseline.",
            ComparisonVerdict.Tied => "The candidate is as good as the baseline, within the margin.",
            ComparisonVerdict.NotAttributable =>
                "The two cannot be compared: the differences are not attributable to the checkpoint.",
            _ => "There are too few samples to tell the candidate from the baseline.",
        };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{said} Of {counts.Comparisons} comparisons {counts.Improved} improved, {counts.Regressed} regressed, "
                + $"{counts.Tied} tied, {counts.Underpowered} underpowered, {counts.NotAttributable} not attributable; "
                + $"{counts.DropsBelowAlpha} of {counts.Drops} drops have p below {counts.Alpha:0.###}, "
                + $"{counts.DropsBelowAlphaHolm} after Holm's correction."
        );
    }

    private static IEnumerable<ReportBlock> ComparisonBlocks(EvaluationSummary summary, RunComparison comparison)
    {
        yield return new Paragraph(
            $"Baseline {Name(summary.Baseline)}, candidate {Name(summary.Candidate)}. Gate: {summary.Gate}."
                + (summary.BaselineChoice is { } choice ? $" {Clean(choice)}." : "")
                + (
                    summary.Mean is { } mean
                        ? $" Mean over {mean.Tasks} tasks: {Signed(mean.Delta)} [{Signed(mean.Ci95[0])}, "
                            + $"{Signed(mean.Ci95[1])}]."
                        : ""
                )
        );
        var shown = comparison
            .Tasks.OrderByDescending(task => Weight(task.Verdict))
            .ThenBy(task => task.P ?? 2)
            .ToList();
        var bounded = shown
            .Where(task => task is { Ci95: not null, Baseline: >= 0 and <= 1, Candidate: >= 0 and <= 1 })
            .Take(MaxForest)
            .ToList();
        if (bounded.Count > 0)
        {
            yield return new Chart(
                bounded.Count < comparison.Tasks.Count
                    ? $"Change by task, the {bounded.Count} most notable"
                    : "Change by task",
                ChartForm.Interval,
                "",
                "candidate minus baseline, 95 % interval",
                [
                    .. bounded
                        .GroupBy(task => task.Verdict)
                        .OrderByDescending(group => Weight(group.Key))
                        .Select(group => new Series(
                            EvaluationDetector.Word(group.Key),
                            [
                                .. group.Select(task => new ChartPoint(0, task.Delta)
                                {
                                    Label = Clean($"{task.Task} {task.Metric}"),
                                    Low = task.Ci95![0],
                                    High = task.Ci95[1],
                                }),
                            ]
                        )),
                ]
            );
        }

        yield return Comparisons(shown);
        if (summary.HarnessDifferences.Count > 0)
        {
            yield return new Table(
                "How the two evaluations were run differently",
                ["fact", "baseline", "candidate", "tasks", "decisive"],
                [
                    .. summary
                        .HarnessDifferences.Take(MaxRows)
                        .Select(difference =>
                            Row(
                                difference.Fact,
                                Clean(difference.Baseline),
                                Clean(difference.Candidate),
                                Text(difference.OtherTasks + 1),
                                difference.Decisive ? "yes" : "no"
                            )
                        ),
                ]
            )
            {
                NumericColumns = [3],
            };
        }

        foreach (var block in Renderings(summary).Concat(Why(summary)))
        {
            yield return block;
        }

        if (comparison.BrokenLeftOut > 0)
        {
            yield return new Paragraph(
                $"{Text(comparison.BrokenLeftOut)} more items that passed before and fail now were counted but not "
                    + $"clustered."
            );
        }

        if (summary.TrainingBetween.Count > 0)
        {
            yield return new Table(
                "What happened in training between the two checkpoints",
                ["report", "finding", "kind", "severity", "steps", "what"],
                [
                    .. summary
                        .TrainingBetween.Take(MaxRows)
                        .Select(happened =>
                            Row(
                                Clean(happened.Report),
                                Clean(happened.Id),
                                happened.Kind,
                                ReportWording.Word(happened.Severity),
                                $"{Text(happened.FromStep)} to {Text(happened.ToStep)}",
                                Clean(happened.Title)
                            )
                        ),
                ]
            );
        }

        foreach (
            var (side, tasks) in (IEnumerable<(string, IReadOnlyList<string>)>)
                [("baseline", summary.OnlyInBaseline), ("candidate", summary.OnlyInCandidate)]
        )
        {
            if (tasks.Count > 0)
            {
                yield return new Paragraph(
                    $"Only the {side} has: "
                        + $"{Clean(string.Join(", ", tasks.Take(30)))}{(tasks.Count > 30 ? ", ..." : "")}. These were "
                        + $"not compared."
                );
            }
        }
    }

    private static Table Comparisons(List<TaskComparison> shown) =>
        new(
            shown.Count > MaxRows ? $"Comparisons, the {MaxRows} most notable of {shown.Count}" : "Comparisons",
            [
                "task",
                "metric",
                "n",
                "baseline",
                "candidate",
                "delta",
                "95 % interval",
                "p",
                "p (Holm)",
                "verdict",
                "needed samples",
                "why",
            ],
            [
                .. shown
                    .Take(MaxRows)
                    .Select(task =>
                        Row(
                            Clean(task.Task),
                            Clean(task.Metric),
                            Text(task.N),
                            Text(task.Baseline),
                            Text(task.Candidate),
                            Signed(task.Delta),
                            task.Ci95 is [var low, var high] ? $"{Signed(low)} to {Signed(high)}" : "",
                            Small(task.P),
                            Small(task.PHolm),
                            EvaluationDetector.Word(task.Verdict),
                            task.NeededSamples is { } needed
                                ? Text(needed) + (task.NeededGpuHours is { } hours ? $" ({Text(hours)} GPU-hours)" : "")
                                : "",
                            Clean(string.Join("; ", task.Reasons))
                        )
                    ),
            ]
        )
        {
            NumericColumns = [2, 3, 4, 5, 7, 8],
        };

    private static IEnumerable<ReportBlock> Renderings(EvaluationSummary summary)
    {
        if (summary.RenderDifferences.Count == 0)
        {
            yield break;
        }

        yield return new Heading("Renderings that differ");
        yield return new Paragraph(
            "The same item, rendered differently for the two checkpoints: ⟦baseline → candidate⟧ is the first span in "
                + "which the prompts differ."
        );
        foreach (var difference in summary.RenderDifferences.Take(MaxCurves))
        {
            yield return new Quote(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Clean(difference.Task)}, item {Clean(difference.Item)}: "
                        + $"{EvaluationDetector.Word(difference.Class)}, character {difference.Offset}"
                ),
                difference.Shown
            );
        }
    }

    private static IEnumerable<ReportBlock> Why(EvaluationSummary summary)
    {
        if (summary.Transitions.Any(cell => cell.From != cell.To))
        {
            yield return new Heading("Why");
            yield return Matrix(summary);
        }

        if (summary.FailureClusters.Count > 0)
        {
            yield return new Table(
                "Items that passed before and fail now, by what they say",
                ["outcome", "items", "tasks", "message", "for example"],
                [
                    .. summary.FailureClusters.Select(cluster =>
                        Row(
                            EvaluationDetector.Word(cluster.Outcome),
                            Text(cluster.Items),
                            Clean(string.Join(", ", cluster.Tasks)),
                            Clean(Cut(cluster.Template, 160)),
                            Clean(string.Join(", ", cluster.Exemplars))
                        )
                    ),
                ]
            )
            {
                NumericColumns = [1],
            };
            foreach (
                var exemplar in summary
                    .FailureClusters.Take(5)
                    .SelectMany(cluster => cluster.Texts.Take(1))
                    .Where(text => (text.Message ?? text.Output) is not null)
            )
            {
                yield return new Quote($"item {Clean(exemplar.Id)}", Cut(exemplar.Message ?? exemplar.Output!, 600));
            }
        }

        if (summary.AttributeClusters.Count > 0)
        {
            yield return new Table(
                "Attributes among whose items more broke",
                ["attribute", "value", "broken", "of", "p (Holm)"],
                [
                    .. summary.AttributeClusters.Select(cluster =>
                        Row(
                            Clean(cluster.Attribute),
                            Clean(cluster.Value),
                            Text(cluster.Broken),
                            Text(cluster.Items),
                            Small(cluster.P)
                        )
                    ),
                ]
            )
            {
                NumericColumns = [2, 3, 4],
            };
        }

        if (summary.Flaky.Count > 0)
        {
            yield return new Table(
                "Flaky or broken",
                ["task", "flaky items", "broken items", "tried again", "for example"],
                [
                    .. summary
                        .Flaky.Take(MaxRows)
                        .Select(flaky =>
                            Row(
                                Clean(flaky.Task),
                                Text(flaky.Flaky),
                                Text(flaky.Broken),
                                Text(flaky.Repeated),
                                Clean(string.Join(", ", flaky.Examples))
                            )
                        ),
                ]
            )
            {
                NumericColumns = [1, 2, 3],
            };
        }

        if (summary.MovedMost.Count > 0)
        {
            yield return new Table(
                "Items that moved most",
                ["task", "item", "change"],
                [.. summary.MovedMost.Select(item => Row(Clean(item.Task), Clean(item.Item), Signed(item.Change)))]
            )
            {
                NumericColumns = [2],
            };
        }
    }

    private static Table Matrix(EvaluationSummary summary)
    {
        var cells = summary.Transitions.ToDictionary(cell => (cell.From, cell.To), cell => cell.Items);
        return new Table(
            "How the same items ended: baseline down, candidate across",
            ["baseline", .. TransitionMatrix.Outcomes.Select(EvaluationDetector.Word)],
            [
                .. TransitionMatrix
                    .Outcomes.Where(from => TransitionMatrix.Outcomes.Any(to => cells.ContainsKey((from, to))))
                    .Select(from =>
                        (IReadOnlyList<string>)
                            [
                                EvaluationDetector.Word(from),
                                .. TransitionMatrix.Outcomes.Select(to =>
                                    cells.TryGetValue((from, to), out var items) ? Text(items) : ""
                                ),
                            ]
                    ),
            ]
        )
        {
            NumericColumns = [.. Enumerable.Range(1, TransitionMatrix.Outcomes.Length)],
        };
    }

    private static IEnumerable<ReportBlock> GenerationBlocks(EvaluationSummary summary, RunComparison? comparison)
    {
        if (summary.Generation.Count == 0 || comparison is null)
        {
            yield break;
        }

        yield return new Heading("Generation report");
        yield return new Table(
            "Accuracy and effort, candidate over baseline: below 1 is less",
            ["suite", "measure", "n", "baseline", "candidate", "ratio", "95 % interval", "the data supports"],
            [
                .. summary
                    .Generation.Take(MaxRows)
                    .Select(line =>
                        Row(
                            Clean(line.Suite),
                            line.Measure,
                            Text(line.N),
                            Text(line.Baseline),
                            Text(line.Candidate),
                            Text(line.Ratio),
                            $"{Text(line.Ci95[0])} to {Text(line.Ci95[1])}",
                            line.Claim.Length > 0 ? line.Claim : "no claim"
                        )
                    ),
            ]
        )
        {
            NumericColumns = [2, 3, 4, 5],
        };
        yield return new Chart(
            "Accuracy and effort by suite",
            ChartForm.Interval,
            "",
            "candidate over baseline, 95 % interval",
            [
                .. summary
                    .Generation.Take(MaxForest)
                    .GroupBy(line => line.Measure)
                    .Select(group => new Series(
                        group.Key,
                        [
                            .. group.Select(line => new ChartPoint(0, line.Ratio)
                            {
                                Label = Clean($"{line.Suite}: {line.Measure}"),
                                Low = line.Ci95[0],
                                High = line.Ci95[1],
                            }),
                        ]
                    )),
            ]
        );
    }

    private static IEnumerable<ReportBlock> HistoryBlocks(EvaluationSummary summary)
    {
        if (summary.History.Count == 0)
        {
            yield break;
        }

        yield return new Heading("History");
        var notable = summary
            .History.OrderBy(history => history.Change is null ? 1 : 0)
            .ThenBy(history => history.SlopePHolm ?? 1)
            .ThenBy(history => history.Task, StringComparer.Ordinal)
            .ToList();
        var bySteps = notable.All(history => history.Points.All(point => point.Step is not null));
        yield return new Chart(
            notable.Count > MaxCurves
                ? $"Scores over checkpoints, the {MaxCurves} most notable of {notable.Count} tasks"
                : "Scores over checkpoints",
            ChartForm.Line,
            bySteps ? "step" : "checkpoint",
            "score",
            [
                .. notable
                    .Where(history => history.Points.All(point => point.Value is >= 0 and <= 1))
                    .Take(MaxCurves)
                    .Select(history => new Series(
                        Clean(history.Task),
                        [
                            .. history.Points.Select(
                                (point, index) => new ChartPoint(bySteps ? point.Step!.Value : index, point.Value)
                            ),
                        ]
                    )),
            ]
        );
        yield return new Table(
            "Trend and change by task",
            [
                "task",
                "metric",
                "checkpoints",
                "first",
                "last",
                bySteps ? "slope per 1000 steps" : "slope per checkpoint",
                "95 % interval",
                "p (Holm)",
                "changed between",
                "by",
            ],
            [
                .. notable
                    .Take(MaxRows)
                    .Select(history =>
                        Row(
                            Clean(history.Task),
                            Clean(history.Metric),
                            Text(history.Points.Count),
                            Text(history.Points[0].Value),
                            Text(history.Points[^1].Value),
                            Text(history.Slope),
                            history.SlopeCi95 is [var low, var high] ? $"{Text(low)} to {Text(high)}" : "",
                            Small(history.SlopePHolm),
                            history.Change is { } change ? Clean($"{change.After} and {change.Before}") : "",
                            history.Change is { } by
                                ? $"{Signed(by.Delta)} [{Signed(by.Ci95[0])}, {Signed(by.Ci95[1])}]"
                                : ""
                        )
                    ),
            ]
        )
        {
            NumericColumns = [2, 3, 4, 5, 7],
        };
    }

    private static int Weight(ComparisonVerdict verdict) =>
        verdict switch
        {
            ComparisonVerdict.Regressed => 4,
            ComparisonVerdict.NotAttributable => 3,
            ComparisonVerdict.Improved => 2,
            ComparisonVerdict.Underpowered => 1,
            _ => 0,
        };

    private static string Name(CheckpointSummary? checkpoint) =>
        checkpoint is null
            ? ""
            : Clean(
                checkpoint.Model is { } model && model != checkpoint.Name
                    ? $"{checkpoint.Name} ({model})"
                    : checkpoint.Name
            );

    private static string[] Row(params string[] cells) => cells;

    private static string Clean(string text) => SafeText.SingleLine(Cut(text, 300));

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length] + "…";

    private static string Text(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static string Text(double? value) => value?.ToString("0.####", CultureInfo.InvariantCulture) ?? "";

    private static string Signed(double value) => value.ToString("+0.####;-0.####;0", CultureInfo.InvariantCulture);

    private static string Small(double? value) =>
        value is { } p ? p.ToString(p < 0.001 ? "0.#E0" : "0.####", CultureInfo.InvariantCulture) : "";
}
