using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>One task's primary metric over the checkpoints.</summary>
public sealed record TaskHistory(string Task, string Metric, bool HigherIsBetter, IReadOnlyList<HistoryPoint> Points)
{
    /// <value>Change a checkpoint (or a thousand steps, where all have steps) of the weighted straight line, with its
    /// 95 % interval; null for fewer than three points.</value>
    public double? Slope { get; init; }

    public IReadOnlyList<double>? SlopeCi95 { get; init; }

    /// <value>After Holm's correction over tasks.</value>
    public double? SlopePHolm { get; init; }

    /// <value>The place where the level changed; null where no change is significant.</value>
    public ChangePoint? Change { get; init; }
}

/// <param name="Step">Null where the checkpoint has none.</param>
/// <param name="Stderr">Null where unknown.</param>
public sealed record HistoryPoint(string Checkpoint, long? Step, double Value, double? Stderr);

/// <summary>A change of level between two checkpoints.</summary>
/// <param name="After">The last checkpoint of the old level.</param>
/// <param name="Before">The first one of the new level.</param>
/// <param name="Delta">New level minus old level, with its 95 % interval.</param>
/// <param name="PHolm">Corrected for all places of the task, and over tasks.</param>
public sealed record ChangePoint(
    string After,
    string Before,
    long? AfterStep,
    long? BeforeStep,
    double Delta,
    IReadOnlyList<double> Ci95,
    double PHolm
);

/// <summary>Trend and change point of every task over many checkpoints.</summary>
internal static class CheckpointHistory
{
    /// <summary>Fewer points say nothing about a trend.</summary>
    private const int FewestPoints = 3;

    /// <summary>Points on either side of a change point.</summary>
    private const int FewestASide = 2;

    public static List<TaskHistory> Of(IReadOnlyList<EvaluationRun> runs, EvaluationOptions options)
    {
        var histories = new List<TaskHistory>();
        foreach (
            var task in runs.SelectMany(run => run.Tasks.Keys)
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
        )
        {
            if (Series(runs, task) is { } series)
            {
                histories.Add(series);
            }
        }

        return WithTests(histories, options);
    }

    private static TaskHistory? Series(IReadOnlyList<EvaluationRun> runs, string task)
    {
        var having = runs.Where(run =>
                run.Tasks.TryGetValue(task, out var of) && of.Status == EvaluationStatus.Complete
            )
            .ToList();
        if (having.Count < 2)
        {
            return null;
        }

        var metrics = having
            .Select(run => Metrics(run.Tasks[task]).ToHashSet(StringComparer.Ordinal))
            .Aggregate((common, other) => [.. common.Intersect(other)]);
        var metric = metrics
            .OrderBy(name => name is "acc" or "exact_match" or "accuracy" or "score" or "resolved" or "passed" ? 0 : 1)
            .ThenBy(name => name, StringComparer.Ordinal)
            .FirstOrDefault();
        if (metric is null)
        {
            return null;
        }

        var points = having.Select(run => Point(run, run.Tasks[task], metric)).ToList();
        var declared = having
            .Select(run => run.Tasks[task].HigherIsBetter(metric))
            .FirstOrDefault(said => said is not null);
        return new TaskHistory(task, metric, MetricDirection.HigherIsBetter(metric, declared), points);
    }

    private static IEnumerable<string> Metrics(TaskRun task) =>
        task.Samples.Metrics.Concat(task.Reported.Keys).Distinct(StringComparer.Ordinal);

    private static HistoryPoint Point(EvaluationRun run, TaskRun task, string metric)
    {
        var (value, error) = task.Samples.Metrics.Contains(metric)
            ? SampleMeans.Of(task.Samples, metric) is var means
                ? (means.Mean, means.StandardError)
                : default
            : (task.Reported[metric].Value, task.Reported[metric].StandardError);
        return new HistoryPoint(run.Name, run.Step, value, double.IsFinite(error) && error > 0 ? error : null);
    }

    private static List<TaskHistory> WithTests(List<TaskHistory> histories, EvaluationOptions options)
    {
        var lines = histories.Select(WeightedLine).ToList();
        var changes = histories.Select(Largest).ToList();
        var linesHolm = HolmCorrection.Adjust([
            .. lines.Select(line => line is { } of ? NormalTest.PValue(of.Slope, of.Error) : double.NaN),
        ]);
        var changesHolm = HolmCorrection.Adjust([.. changes.Select(change => change?.P ?? double.NaN)]);
        var tested = new List<TaskHistory>();
        for (var i = 0; i < histories.Count; i++)
        {
            var history = histories[i];
            if (lines[i] is var (slope, error))
            {
                var interval = NormalTest.Interval(slope, error);
                history = history with
                {
                    Slope = slope,
                    SlopeCi95 = [interval.Low, interval.High],
                    SlopePHolm = linesHolm[i],
                };
            }

            if (changes[i] is var (split, delta, spread, _) && changesHolm[i] < options.Alpha)
            {
                var interval = NormalTest.Interval(delta, spread);
                var points = Measured(history);
                var (last, first) = (points[split - 1], points[split]);
                history = history with
                {
                    Change = new ChangePoint(
                        last.Checkpoint,
                        first.Checkpoint,
                        last.Step,
                        first.Step,
                        delta,
                        [interval.Low, interval.High],
                        changesHolm[i]
                    ),
                };
            }

            tested.Add(history);
        }

        return tested;
    }

    /// <summary>The points that can be weighed. A checkpoint that has everything wrong reports an error of zero, which
    /// is no measure of anything.</summary>
    private static List<HistoryPoint> Measured(TaskHistory history) =>
        [.. history.Points.Where(point => point.Stderr is not null)];

    /// <summary>Least squares with weights 1/SE²; x in thousands of steps, else in checkpoints.</summary>
    private static (double Slope, double Error)? WeightedLine(TaskHistory history)
    {
        var points = Measured(history);
        if (points.Count < FewestPoints)
        {
            return null;
        }

        var bySteps = points.All(point => point.Step is not null);
        var xs = points.Select((point, index) => bySteps ? point.Step!.Value / 1000.0 : index).ToArray();
        var weights = points.Select(point => 1 / (point.Stderr!.Value * point.Stderr.Value)).ToArray();
        var total = weights.Sum();
        var meanX = xs.Zip(weights, (x, weight) => x * weight).Sum() / total;
        var meanY = points.Zip(weights, (point, weight) => point.Value * weight).Sum() / total;
        var spread = xs.Zip(weights, (x, weight) => weight * (x - meanX) * (x - meanX)).Sum();
        if (spread <= 0)
        {
            return null;
        }

        var slope =
            Enumerable.Range(0, xs.Length).Sum(i => weights[i] * (xs[i] - meanX) * (points[i].Value - meanY)) / spread;
        return (slope, Math.Sqrt(1 / spread));
    }

    /// <summary>The split with the largest difference of weighted means; its p value counts all splits that were tried
    /// (Bonferroni).</summary>
    private static (int Split, double Delta, double Error, double P)? Largest(TaskHistory history)
    {
        var points = Measured(history);
        if (points.Count < 2 * FewestASide)
        {
            return null;
        }

        (int Split, double Delta, double Error, double P)? best = null;
        var tried = points.Count - (2 * FewestASide) + 1;
        for (var split = FewestASide; split <= points.Count - FewestASide; split++)
        {
            var (before, errorBefore) = WeightedMean(points.Take(split));
            var (after, errorAfter) = WeightedMean(points.Skip(split));
            var error = NormalTest.Unpaired(errorBefore, errorAfter);
            var p = Math.Min(1, tried * NormalTest.PValue(after - before, error));
            if (best is null || Math.Abs((after - before) / error) > Math.Abs(best.Value.Delta / best.Value.Error))
            {
                best = (split, after - before, error, p);
            }
        }

        return best;
    }

    private static (double Mean, double Error) WeightedMean(IEnumerable<HistoryPoint> points)
    {
        double weight = 0;
        double sum = 0;
        foreach (var point in points)
        {
            var of = 1 / (point.Stderr!.Value * point.Stderr.Value);
            weight += of;
            sum += of * point.Value;
        }

        return (sum / weight, Math.Sqrt(1 / weight));
    }
}
