using MathNet.Numerics.Distributions;

namespace SelfDev.Core.Statistics;

/// <param name="Resamples">100 to 10,000,000. Default 10,000.</param>
/// <param name="Seed">Same seed, same result, on any number of threads.</param>
/// <param name="Threads">At least 1.</param>
public sealed record BootstrapOptions(
    int Resamples = 10_000,
    ulong Seed = 20260101,
    int Threads = 1,
    double Confidence = 0.95
);

/// <param name="Difference">Mean difference over items.</param>
/// <param name="StandardError">Clustered standard error of the differences themselves, not of the resamples.</param>
/// <param name="PValue">Two-sided, against no difference; NaN for fewer than two clusters.</param>
public sealed record BootstrapEstimate(
    double Difference,
    double StandardError,
    Interval Interval,
    double PValue,
    int Clusters
);

/// <summary>
/// Paired bootstrap of a mean difference: whole clusters (a question with all its tries, all questions about one text)
/// are drawn with replacement, so that what belongs together stays together. Source: Efron and Tibshirani, "An
/// Introduction to the Bootstrap" (1993), chapters 6 and 13; the percentile interval is widened for few clusters as in
/// Hesterberg, "What Teachers Should Know About the Bootstrap" (The American Statistician 69, 2015), section 5.2.
/// </summary>
public static class PairedBootstrap
{
    /// <summary>Resamples in the far tail below which their count says too little, and the t test on the clustered
    /// standard error speaks instead.</summary>
    private const int FewestInTail = 20;

    /// <param name="sums">The sum of differences of each cluster.</param>
    /// <param name="sizes">The number of items of each cluster, at least 1.</param>
    public static BootstrapEstimate Estimate(
        ReadOnlySpan<double> sums,
        ReadOnlySpan<int> sizes,
        BootstrapOptions options,
        CancellationToken cancellation = default
    )
    {
        if (sums.Length != sizes.Length)
        {
            throw new ArgumentException("Every cluster needs its size.", nameof(sizes));
        }

        double total = 0;
        long items = 0;
        for (var i = 0; i < sums.Length; i++)
        {
            total += sums[i];
            items += sizes[i];
        }

        if (sums.Length < 2)
        {
            return new BootstrapEstimate(
                items == 0 ? double.NaN : total / items,
                double.NaN,
                new Interval(double.NaN, double.NaN),
                double.NaN,
                sums.Length
            );
        }

        var difference = total / items;
        var standardError = StandardError(sums, sizes, difference, items);
        var means = ClusterResampling.Means(sums, sizes, options, cancellation);
        Array.Sort(means);
        return new BootstrapEstimate(
            difference,
            standardError,
            Percentiles(means, sums.Length, options.Confidence),
            PValue(means, difference, standardError, sums.Length),
            sums.Length
        );
    }

    /// <summary>Of a ratio of cluster sums, with the factor C/(C − 1): the cluster form of Miller's clustered standard
    /// error.</summary>
    private static double StandardError(ReadOnlySpan<double> sums, ReadOnlySpan<int> sizes, double mean, long items)
    {
        var squares = 0.0;
        for (var i = 0; i < sums.Length; i++)
        {
            var residual = sums[i] - (mean * sizes[i]);
            squares += residual * residual;
        }

        return Math.Sqrt(squares * sums.Length / (sums.Length - 1)) / items;
    }

    private static Interval Percentiles(double[] sorted, int clusters, double confidence)
    {
        var reach =
            StudentT.InvCDF(0, 1, clusters - 1, 0.5 + (confidence / 2)) * Math.Sqrt(clusters / (clusters - 1.0));
        var tail = Normal.CDF(0, 1, -reach);
        return new Interval(At(sorted, tail), At(sorted, 1 - tail));
    }

    private static double At(double[] sorted, double probability)
    {
        var place = Math.Clamp((probability * (sorted.Length + 1)) - 1, 0, sorted.Length - 1);
        var below = (int)place;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((place - below) * (sorted[above] - sorted[below]));
    }

    // The level at which the widened interval just reaches zero, so that test and interval say the same.
    private static double PValue(double[] sorted, double difference, double standardError, int clusters)
    {
        var tail = Math.Min(CountUpTo(sorted, 0), sorted.Length - CountBelow(sorted, 0));
        var share = (tail + 1.0) / (sorted.Length + 1);
        var reach = -NormalTest.Quantile(Math.Min(0.5, share)) * Math.Sqrt((clusters - 1.0) / clusters);
        var counted = Math.Min(1, 2 * StudentT.CDF(0, 1, clusters - 1, -reach));
        var student = NormalTest.StudentPValue(difference, standardError, clusters - 1);
        return tail >= FewestInTail || double.IsNaN(student) ? counted : Math.Min(counted, student);
    }

    private static int CountBelow(double[] sorted, double value)
    {
        var count = Array.FindIndex(sorted, candidate => candidate >= value);
        return count < 0 ? sorted.Length : count;
    }

    private static int CountUpTo(double[] sorted, double value)
    {
        var count = Array.FindIndex(sorted, candidate => candidate > value);
        return count < 0 ? sorted.Length : count;
    }
}
