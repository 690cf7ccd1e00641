using System.Runtime.InteropServices;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>
/// Compares the metrics of one task: by the items themselves where both sides have them, else by the reported scores
/// and their standard errors.
/// </summary>
internal sealed class TaskComparer(EvaluationOptions options, CancellationToken cancellation)
{
    /// <summary>The metrics that both sides have, the primary one first.</summary>
    public List<TaskComparison> Compare(TaskRun baseline, TaskRun candidate, ItemPairs pairs)
    {
        var paired = pairs.Count > 0 ? candidate.Samples.Metrics.Where(baseline.Samples.Metrics.Contains).ToList() : [];
        var reported = candidate
            .Reported.Keys.Where(metric => baseline.Reported.ContainsKey(metric) && !paired.Contains(metric))
            .ToList();
        var unpaired =
            pairs.Count == 0
                ? candidate
                    .Samples.Metrics.Where(metric =>
                        baseline.Samples.Metrics.Contains(metric) && !reported.Contains(metric)
                    )
                    .ToList()
                : [];
        var comparisons = new List<TaskComparison>();
        comparisons.AddRange(
            paired.Select(metric => ComparePaired(baseline, candidate, pairs, metric)).OfType<TaskComparison>()
        );
        comparisons.AddRange(reported.Select(metric => CompareReported(baseline, candidate, metric)));
        comparisons.AddRange(unpaired.Select(metric => CompareUnmatched(baseline, candidate, metric)));
        return Prefer(comparisons);
    }

    private List<TaskComparison> Prefer(List<TaskComparison> comparisons)
    {
        if (comparisons.Count == 0)
        {
            return comparisons;
        }

        var primary =
            comparisons.FirstOrDefault(comparison =>
                comparison.Metric is "acc" or "exact_match" or "accuracy" or "score" or "resolved" or "passed"
            ) ?? comparisons[0];
        return
        [
            .. comparisons
                .Where(comparison => comparison != primary)
                .Prepend(primary with { Primary = true })
                .Where(IsWanted),
        ];
    }

    private bool IsWanted(TaskComparison comparison) =>
        options.Metrics switch
        {
            EvaluationOptions.AllMetrics => true,
            EvaluationOptions.PrimaryMetric => comparison.Primary,
            var names => names
                .Split(',', StringSplitOptions.TrimEntries)
                .Contains(comparison.Metric.Split(',')[0], StringComparer.OrdinalIgnoreCase),
        };

    private TaskComparison? ComparePaired(TaskRun baseline, TaskRun candidate, ItemPairs pairs, string metric)
    {
        double sumBaseline = 0;
        double sumCandidate = 0;
        long lost = 0;
        long won = 0;
        var binary = !pairs.HasRepeats && !pairs.HasClusters;
        var differences = new List<double>(pairs.Count);
        var members = new List<int>(pairs.HasClusters ? pairs.Count : 0);
        for (var pair = 0; pair < pairs.Count; pair++)
        {
            var (before, after) = pairs.Scores(metric, pair);
            if (double.IsNaN(before) || double.IsNaN(after))
            {
                continue;
            }

            sumBaseline += before;
            sumCandidate += after;
            binary &= before is 0 or 1 && after is 0 or 1;
            lost += before > after ? 1 : 0;
            won += before < after ? 1 : 0;
            differences.Add(after - before);
            if (pairs.HasClusters)
            {
                members.Add(pair);
            }
        }

        var n = differences.Count;
        if (n == 0)
        {
            return null;
        }

        var comparison = new TaskComparison
        {
            Task = candidate.Task,
            Metric = metric,
            N = n,
            Baseline = sumBaseline / n,
            Candidate = sumCandidate / n,
            Delta = (sumCandidate - sumBaseline) / n,
            HigherIsBetter = MetricDirection.HigherIsBetter(
                metric,
                candidate.HigherIsBetter(metric) ?? baseline.HigherIsBetter(metric)
            ),
            Method = binary ? ComparisonMethod.McNemarExact : ComparisonMethod.PairedBootstrap,
        };
        return binary ? WithMcNemar(comparison, lost, won, n) : WithBootstrap(comparison, differences, pairs, members);
    }

    private static TaskComparison WithMcNemar(TaskComparison comparison, long lost, long won, int n)
    {
        var interval = PairedProportions.Interval(lost, won, n);
        return comparison with
        {
            Stderr = Finite(PairedProportions.StandardError(lost, won, n)),
            Ci95 = [interval.Low, interval.High],
            P = McNemarTest.PValue(lost, won),
            Lost = lost,
            Won = won,
        };
    }

    private TaskComparison WithBootstrap(
        TaskComparison comparison,
        List<double> differences,
        ItemPairs pairs,
        List<int> members
    )
    {
        var (sums, sizes) = Clusters(differences, pairs, members);
        var seed = options.Seed ^ TextHash.Of($"{comparison.Task}\u001F{comparison.Metric}");
        var estimate = PairedBootstrap.Estimate(
            sums,
            sizes,
            new BootstrapOptions(options.Resamples, seed, options.Cores),
            cancellation
        );
        return comparison with
        {
            Stderr = Finite(estimate.StandardError),
            Ci95 = double.IsFinite(estimate.Interval.Low) ? [estimate.Interval.Low, estimate.Interval.High] : null,
            P = Finite(estimate.PValue),
        };
    }

    private static (double[] Sums, int[] Sizes) Clusters(List<double> differences, ItemPairs pairs, List<int> members)
    {
        if (members.Count == 0)
        {
            var ones = new int[differences.Count];
            Array.Fill(ones, 1);
            return ([.. differences], ones);
        }

        var places = new Dictionary<ulong, int>();
        var sums = new List<double>();
        var sizes = new List<int>();
        for (var i = 0; i < differences.Count; i++)
        {
            ref var place = ref CollectionsMarshal.GetValueRefOrAddDefault(
                places,
                pairs.Cluster(members[i]),
                out var known
            );
            if (!known)
            {
                place = sums.Count;
                sums.Add(0);
                sizes.Add(0);
            }

            sums[place] += differences[i];
            sizes[place]++;
        }

        return ([.. sums], [.. sizes]);
    }

    private static TaskComparison CompareReported(TaskRun baseline, TaskRun candidate, string metric)
    {
        var before = baseline.Reported[metric];
        var after = candidate.Reported[metric];
        return Unpaired(
            candidate.Task,
            metric,
            before.Value,
            before.StandardError,
            after.Value,
            after.StandardError,
            after.Samples,
            after.HigherIsBetter ?? before.HigherIsBetter
        );
    }

    /// <summary>Both sides have samples, none of them the same: means and clustered standard errors of
    /// either.</summary>
    private static TaskComparison CompareUnmatched(TaskRun baseline, TaskRun candidate, string metric)
    {
        var before = SampleMeans.Of(baseline.Samples, metric);
        var after = SampleMeans.Of(candidate.Samples, metric);
        return Unpaired(
            candidate.Task,
            metric,
            before.Mean,
            before.StandardError,
            after.Mean,
            after.StandardError,
            after.Items,
            null
        );
    }

    private static TaskComparison Unpaired(
        string task,
        string metric,
        double before,
        double beforeError,
        double after,
        double afterError,
        long? n,
        bool? declared
    )
    {
        var error = NormalTest.Unpaired(beforeError, afterError);
        var interval = NormalTest.Interval(after - before, error);
        var tested = error > 0;
        return new TaskComparison
        {
            Task = task,
            Metric = metric,
            N = n,
            Baseline = before,
            Candidate = after,
            Delta = after - before,
            HigherIsBetter = MetricDirection.HigherIsBetter(metric, declared),
            Method = tested ? ComparisonMethod.UnpairedZ : ComparisonMethod.None,
            Stderr = tested ? error : null,
            Ci95 = tested ? [interval.Low, interval.High] : null,
            P = tested ? NormalTest.PValue(after - before, error) : null,
        };
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;
}
