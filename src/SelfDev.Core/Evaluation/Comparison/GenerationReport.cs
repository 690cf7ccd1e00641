using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>
/// One measure between two generations of a model, e.g. tokens per solved task. Ratios below 1 mean less than before.
/// </summary>
/// <param name="Suite">The task; <c>all</c> for all tasks together.</param>
/// <param name="Measure"><c>solved share</c>, <c>tokens per solved task</c>, <c>seconds per task</c> or <c>cost per
/// solved task</c>.</param>
/// <param name="Ci95">Of the ratio.</param>
/// <param name="Claim">What the data supports, in our own words; empty where they support nothing.</param>
public sealed record GenerationLine(
    string Suite,
    string Measure,
    long N,
    double Baseline,
    double Candidate,
    double Ratio,
    IReadOnlyList<double> Ci95,
    string Claim
);

/// <summary>What the pairs of one task say about effort.</summary>
internal sealed class GenerationData(string task)
{
    public string Task { get; } = task;

    /// <value>Solved share, tokens, seconds, cost of each pair; NaN where unknown.</value>
    public List<(double Solved, double Tokens, double Seconds, double Cost)> Baseline { get; } = [];

    public List<(double Solved, double Tokens, double Seconds, double Cost)> Candidate { get; } = [];

    /// <returns>Null where neither side says what a sample took.</returns>
    public static GenerationData? Of(
        string task,
        SampleColumns baseline,
        SampleColumns candidate,
        ItemPairs pairs,
        string metric
    )
    {
        if (
            !(
                (baseline.HasTokens && candidate.HasTokens)
                || (baseline.HasSeconds && candidate.HasSeconds)
                || (baseline.HasCosts && candidate.HasCosts)
            )
        )
        {
            return null;
        }

        var data = new GenerationData(task);
        for (var pair = 0; pair < pairs.Count; pair++)
        {
            data.Baseline.Add(Mean(baseline, pairs[pair].Baseline));
            data.Candidate.Add(Mean(candidate, pairs[pair].Candidate));
        }

        return data;
    }

    private static (double, double, double, double) Mean(SampleColumns samples, ArraySegment<int> rows) =>
        (
            rows.Average(row => samples.Outcome(row) == SampleOutcome.Pass ? 1.0 : 0),
            rows.Average(samples.Tokens),
            rows.Average(samples.Seconds),
            rows.Average(samples.Cost)
        );
}

/// <summary>Effort between two checkpoints: tokens and cost per solved task, wall time per task, with
/// intervals.</summary>
internal static class GenerationReport
{
    public static List<GenerationLine> Lines(
        IReadOnlyList<GenerationData> tasks,
        IReadOnlyList<TaskComparison> comparisons
    )
    {
        var lines = new List<GenerationLine>();
        foreach (
            var task in tasks.Where(task =>
                comparisons.Any(comparison => comparison.Task == task.Task && comparison.IsAttributable)
            )
        )
        {
            Add(lines, task.Task, task.Baseline, task.Candidate);
        }

        if (tasks.Count > 1)
        {
            Add(
                lines,
                "all",
                [.. tasks.SelectMany(task => task.Baseline)],
                [.. tasks.SelectMany(task => task.Candidate)]
            );
        }

        return lines;
    }

    private static void Add(
        List<GenerationLine> lines,
        string suite,
        List<(double Solved, double Tokens, double Seconds, double Cost)> before,
        List<(double Solved, double Tokens, double Seconds, double Cost)> after
    )
    {
        AddRatio(lines, suite, "solved share", before, after, item => item.Solved, _ => 1);
        AddRatio(lines, suite, "tokens per solved task", before, after, item => item.Tokens, item => item.Solved);
        AddRatio(lines, suite, "seconds per task", before, after, item => item.Seconds, _ => 1);
        AddRatio(lines, suite, "cost per solved task", before, after, item => item.Cost, item => item.Solved);
    }

    /// <summary>
    /// The ratio of two ratios of means on the same items, with an interval on the logarithm by linearisation (the
    /// delta method; Cochran, "Sampling Techniques", 1977, chapter 6): each item's influence is what it adds to either
    /// mean, relative to that mean.
    /// </summary>
    private static void AddRatio(
        List<GenerationLine> lines,
        string suite,
        string measure,
        List<(double Solved, double Tokens, double Seconds, double Cost)> before,
        List<(double Solved, double Tokens, double Seconds, double Cost)> after,
        Func<(double Solved, double Tokens, double Seconds, double Cost), double> effort,
        Func<(double Solved, double Tokens, double Seconds, double Cost), double> yield
    )
    {
        var known = Enumerable
            .Range(0, before.Count)
            .Where(i => !double.IsNaN(effort(before[i])) && !double.IsNaN(effort(after[i])))
            .ToList();
        if (known.Count < 2)
        {
            return;
        }

        var effortBefore = known.Average(i => effort(before[i]));
        var effortAfter = known.Average(i => effort(after[i]));
        var yieldBefore = known.Average(i => yield(before[i]));
        var yieldAfter = known.Average(i => yield(after[i]));
        if (!(effortBefore > 0 && effortAfter > 0 && yieldBefore > 0 && yieldAfter > 0))
        {
            return;
        }

        var influences = known
            .Select(i =>
                (effort(after[i]) / effortAfter)
                - (yield(after[i]) / yieldAfter)
                - (effort(before[i]) / effortBefore)
                + (yield(before[i]) / yieldBefore)
            )
            .ToArray();
        var ratio = effortAfter / yieldAfter / (effortBefore / yieldBefore);
        var interval = NormalTest.Interval(Math.Log(ratio), StandardErrors.OfMean(influences));
        double[] ends = [Math.Exp(interval.Low), Math.Exp(interval.High)];
        lines.Add(
            new GenerationLine(
                suite,
                measure,
                known.Count,
                effortBefore / yieldBefore,
                effortAfter / yieldAfter,
                ratio,
                ends,
                Claim(measure, ends)
            )
        );
    }

    private static string Claim(string measure, double[] ends) =>
        ends[1] < 0.5 ? $"less than half the {measure}"
        : ends[1] < 1
            ? string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"at least {100 * (1 - ends[1]):0} % less {measure}"
            )
        : ends[0] > 1
            ? string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"at least {100 * (ends[0] - 1):0} % more {measure}"
            )
        : "";
}
