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
        double total = 0;
        if (_sizes is null)
        {
            for (var i = 0; i < _sums.Length; i++)
            {
                total += _sums[random.Below(_sums.Length)];
            }

            return total / ((double)_sums.Length * CommonSize);
        }

        long items = 0;
        for (var i = 0; i < _sums.Length; i++)
        {
            var drawn = random.Below(_sums.Length);
            total += _sums[drawn];
            items += _sizes[drawn];
        }

        return total / items;
    }
}
