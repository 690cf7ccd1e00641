using System.Globalization;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>Turns tests into verdicts: Holm over everything that is attributable, then the margin.</summary>
internal static class VerdictRules
{
    /// <summary>Fewer items than these never count as tied, however alike the two look: a proportion that was never
    /// seen may still be as large as 3/n (rule of three).</summary>
    private const int FewestForTie = 30;

    /// <summary>Sets p values after Holm, verdicts and needed samples.</summary>
    /// <param name="secondsPerSample">By task; NaN where unknown.</param>
    public static List<TaskComparison> Apply(
        IReadOnlyList<TaskComparison> comparisons,
        EvaluationOptions options,
        Func<string, double> secondsPerSample
    )
    {
        var adjusted = HolmCorrection.Adjust([
            .. comparisons.Select(comparison => comparison.IsAttributable ? comparison.P ?? double.NaN : double.NaN),
        ]);
        var judged = new List<TaskComparison>(comparisons.Count);
        for (var i = 0; i < comparisons.Count; i++)
        {
            judged.Add(
                Judge(
                    comparisons[i] with
                    {
                        PHolm = double.IsNaN(adjusted[i]) ? null : adjusted[i],
                    },
                    options,
                    secondsPerSample(comparisons[i].Task)
                )
            );
        }

        return judged;
    }

    private static TaskComparison Judge(TaskComparison comparison, EvaluationOptions options, double seconds)
    {
        if (!comparison.IsAttributable)
        {
            return comparison with { Verdict = ComparisonVerdict.NotAttributable };
        }

        var margin = MetricDirection.Margin(options.Margin, comparison.Baseline, comparison.Candidate);
        if (comparison.PHolm < options.Alpha && comparison.Delta != 0)
        {
            return comparison with
            {
                Verdict = comparison.IsWorse ? ComparisonVerdict.Regressed : ComparisonVerdict.Improved,
            };
        }

        if (
            comparison.Ci95 is [var low, var high]
            && low >= -margin
            && high <= margin
            && !(comparison.N < FewestForTie)
        )
        {
            return comparison with
            {
                Verdict = ComparisonVerdict.Tied,
                Reasons =
                [
                    .. comparison.Reasons,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"the whole interval lies within the margin of {margin:0.####}"
                    ),
                ],
            };
        }

        var needed = Needed(comparison, options, margin);
        return comparison with
        {
            Verdict = ComparisonVerdict.Underpowered,
            NeededSamples = needed,
            NeededGpuHours =
                needed is { } samples && seconds > 0
                    ? Math.Round(2.0 * samples * seconds * options.Gpus / 3600, 3)
                    : null,
            Reasons = [.. comparison.Reasons, Why(comparison, margin)],
        };
    }

    private static string Why(TaskComparison comparison, double margin) =>
        comparison switch
        {
            { Stderr: null } => "there is no standard error, so nothing can be tested",
            { N: < FewestForTie } => string.Create(
                CultureInfo.InvariantCulture,
                $"{comparison.N} samples are too few to call anything a tie"
            ),
            { P: < 0.05 } => "the difference is significant by itself, but not among this many comparisons",
            _ => string.Create(
                CultureInfo.InvariantCulture,
                $"the interval reaches beyond the margin of {margin:0.####}"
            ),
        };

    /// <summary>
    /// For a change of the margin; where as many are there already and the interval still reaches beyond it, for what
    /// is left to tell apart.
    /// </summary>
    private static long? Needed(TaskComparison comparison, EvaluationOptions options, double margin)
    {
        var variance = comparison.ItemVariance;
        if (double.IsNaN(variance))
        {
            return null;
        }

        // Where nothing differed, half an item on either side stands in for what has not been seen.
        var n = comparison.N!.Value;
        variance = Math.Max(variance, 1.0 / n);
        foreach (var delta in (double[])[margin, margin / 2, Math.Abs(comparison.Delta)])
        {
            if (
                delta > 0
                && SampleSize.Needed(variance, delta, options.Alpha, options.Power) is var needed
                && needed > n
            )
            {
                return Math.Max(needed, FewestForTie);
            }
        }

        return Math.Max(n + 1, FewestForTie);
    }

    /// <summary>
    /// One verdict for a gate. A regression of any task decides; then whatever cannot be attributed keeps it open; then
    /// improvement. The mean over tasks (one vote a task, metrics from 0 to 1) is no further test, which would raise
    /// false alarms: it only decides whether many tasks that are too small one by one leave room for harm beyond the
    /// margin.
    /// </summary>
    public static (ComparisonVerdict Verdict, MacroDifference? Mean) Overall(
        IReadOnlyList<TaskComparison> comparisons,
        EvaluationOptions options
    )
    {
        var mean = MacroDifference.Of(comparisons);
        bool Any(ComparisonVerdict verdict) => comparisons.Any(comparison => comparison.Verdict == verdict);
        var harmless = mean is null || (mean.Ci95[0] >= -options.Margin && mean.Ci95[1] >= 0);
        var verdict =
            comparisons.Count == 0 ? ComparisonVerdict.NotAttributable
            : Any(ComparisonVerdict.Regressed) ? ComparisonVerdict.Regressed
            : Any(ComparisonVerdict.NotAttributable) ? ComparisonVerdict.NotAttributable
            : Any(ComparisonVerdict.Improved) && harmless ? ComparisonVerdict.Improved
            : comparisons.All(comparison => comparison.Verdict == ComparisonVerdict.Tied)
            || (mean is not null && harmless && mean.Ci95[1] <= options.Margin)
                ? ComparisonVerdict.Tied
            : ComparisonVerdict.Underpowered;
        return (verdict, mean);
    }
}

/// <summary>The mean over tasks of the primary metrics that live between 0 and 1, turned so that more is better. Tasks
/// count alike.</summary>
/// <param name="Ci95">Normal approximation from the tasks' own standard errors, tasks taken as independent.</param>
public sealed record MacroDifference(int Tasks, double Delta, double Stderr, IReadOnlyList<double> Ci95)
{
    internal static MacroDifference? Of(IReadOnlyList<TaskComparison> comparisons)
    {
        var counted = comparisons
            .Where(comparison =>
                comparison
                    is {
                        Primary: true,
                        IsAttributable: true,
                        Stderr: > 0,
                        Baseline: >= 0 and <= 1,
                        Candidate: >= 0 and <= 1
                    }
            )
            .ToList();
        if (counted.Count < 2)
        {
            return null;
        }

        var delta = counted.Average(comparison => comparison.HigherIsBetter ? comparison.Delta : -comparison.Delta);
        var error =
            Math.Sqrt(counted.Sum(comparison => comparison.Stderr!.Value * comparison.Stderr.Value)) / counted.Count;
        var interval = NormalTest.Interval(delta, error);
        return new MacroDifference(counted.Count, delta, error, [interval.Low, interval.High]);
    }
}
