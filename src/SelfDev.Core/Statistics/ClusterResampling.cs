using System.Runtime.InteropServices;

namespace SelfDev.Core.Statistics;

/// <summary>
/// Draws clusters with replacement and gives the mean of each draw. Where clusters take few distinct values (all
/// yes-or-no scores do), how often each value comes is multinomial and is drawn by conditional binomials, so that the
/// work does not grow with the number of clusters; else each cluster is drawn.
/// </summary>
internal static class ClusterResampling
{
    /// <summary>Draws that one task of a thread makes.</summary>
    private const int Chunk = 250;

    /// <summary>A binomial costs about as much as this many single draws.</summary>
    private const int BinomialCost = 24;

    public static double[] Means(
        ReadOnlySpan<double> sums,
        ReadOnlySpan<int> sizes,
        BootstrapOptions options,
        CancellationToken cancellation
    )
    {
        var distinct = Distinct(sums, sizes);
        var means = new double[options.Resamples];
        var clusters = sums.Length;
        var draw = distinct is null ? new ClusterDraw(sums, sizes) : null;
        Run(
            means,
            options,
            resample => draw?.Mean(options.Seed, resample) ?? FromCounts(distinct!, clusters, resample, options.Seed),
            cancellation
        );
        return means;
    }

    private static void Run(
        double[] means,
        BootstrapOptions options,
        Func<int, double> mean,
        CancellationToken cancellation
    )
    {
        var chunks = (means.Length + Chunk - 1) / Chunk;
        void RunChunk(int chunk)
        {
            var end = Math.Min(means.Length, (chunk + 1) * Chunk);
            for (var resample = chunk * Chunk; resample < end; resample++)
            {
                means[resample] = mean(resample);
            }
        }

        if (options.Threads > 1)
        {
            Parallel.For(
                0,
                chunks,
                new ParallelOptions { MaxDegreeOfParallelism = options.Threads, CancellationToken = cancellation },
                RunChunk
            );
            return;
        }

        for (var chunk = 0; chunk < chunks; chunk++)
        {
            cancellation.ThrowIfCancellationRequested();
            RunChunk(chunk);
        }
    }

    private static double FromCounts(Value[] values, int clusters, int resample, ulong seed)
    {
        var random = new RandomStream(seed, (ulong)resample);
        var left = clusters;
        var weight = clusters;
        double total = 0;
        long items = 0;
        foreach (var value in values)
        {
            var count =
                value.Count == weight ? left : BinomialSampler.Sample(ref random, left, (double)value.Count / weight);
            total += count * value.Sum;
            items += (long)count * value.Size;
            left -= count;
            weight -= value.Count;
            if (left == 0)
            {
                break;
            }
        }

        return total / items;
    }

    /// <returns>Null where the values are too many for drawing counts to pay. The most frequent comes first: it leaves
    /// the least to draw.</returns>
    private static Value[]? Distinct(ReadOnlySpan<double> sums, ReadOnlySpan<int> sizes)
    {
        var most = sums.Length / BinomialCost;
        var counts = new Dictionary<(double, int), int>();
        for (var i = 0; i < sums.Length; i++)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(counts, (sums[i], sizes[i]), out _)++;
            if (counts.Count > most)
            {
                return null;
            }
        }

        return
        [
            .. counts
                .OrderByDescending(pair => pair.Value)
                .ThenBy(pair => pair.Key)
                .Select(pair => new Value(pair.Key.Item1, pair.Key.Item2, pair.Value)),
        ];
    }

    private readonly record struct Value(double Sum, int Size, int Count);
}
