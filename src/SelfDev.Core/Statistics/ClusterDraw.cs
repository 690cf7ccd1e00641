using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SelfDev.Core.Statistics;

/// <summary>Draws each cluster of a resample by itself.</summary>
internal sealed class ClusterDraw
{
    private readonly double[] _sums;
    private readonly int[]? _sizes;

    public ClusterDraw(ReadOnlySpan<double> sums, ReadOnlySpan<int> sizes)
    {
        _sums = sums.ToArray();
        _sizes = sizes.ContainsAnyExcept(sizes[0]) ? sizes.ToArray() : null;
        CommonSize = sizes[0];
    }

    private int CommonSize { get; }

    public double Mean(ulong seed, int resample)
    {
        var random = new RandomStream(seed, (ulong)resample);
        if (_sizes is null)
        {
            return Total(ref random, _sums) / ((double)_sums.Length * CommonSize);
        }

        double total = 0;

        long items = 0;
        for (var i = 0; i < _sums.Length; i++)
        {
            var drawn = random.Below(_sums.Length);
            total += _sums[drawn];
            items += _sizes[drawn];
        }

        return total / items;
    }

    /// <summary>Two draws from each random number; two sums, so that no addition waits for the one before it. Nearly
    /// all time of a bootstrap goes here.</summary>
    private static double Total(ref RandomStream random, ReadOnlySpan<double> sums)
    {
        ref var first = ref MemoryMarshal.GetReference(sums);
        double even = 0;
        double odd = 0;
        for (var i = 0; i < sums.Length / 2; i++)
        {
            // Both are below the length by construction: the product of it and a number below 2^32, divided by 2^32.
            var (one, other) = random.TwoBelow(sums.Length);
            even += Unsafe.Add(ref first, one);
            odd += Unsafe.Add(ref first, other);
        }

        return sums.Length % 2 == 0 ? even + odd : even + odd + sums[random.Below(sums.Length)];
    }
}
