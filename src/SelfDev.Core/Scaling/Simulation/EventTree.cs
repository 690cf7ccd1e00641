namespace SelfDev.Core.Scaling.Simulation;

/// <summary>The earliest of a set of times, by slot: a winner tree (Knuth, The Art of Computer Programming 3, 5.4.1).
/// Each update takes log2(slots) comparisons.</summary>
internal sealed class EventTree
{
    private double[] _times = [];
    private int[] _winners = [];
    private int _leaves;

    public int Earliest => _winners[1];

    public double EarliestTime => _times[_winners[1]];

    /// <summary>Makes room for slots 0 to <paramref name="count"/> - 1; new ones have no event.</summary>
    public void Grow(int count)
    {
        if (count <= _leaves)
        {
            return;
        }

        var leaves = Math.Max(2, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)count));
        var times = new double[leaves];
        Array.Fill(times, double.PositiveInfinity);
        _times.CopyTo(times, 0);
        (_times, _leaves, _winners) = (times, leaves, new int[leaves]);
        for (var node = leaves - 1; node >= 1; node--)
        {
            _winners[node] = Winner(node);
        }
    }

    public void Set(int slot, double time)
    {
        _times[slot] = time;
        for (var node = (slot + _leaves) >> 1; node >= 1; node >>= 1)
        {
            _winners[node] = Winner(node);
        }
    }

    private int Winner(int node)
    {
        var (left, right) =
            node << 1 >= _leaves
                ? ((node << 1) - _leaves, (node << 1) + 1 - _leaves)
                : (_winners[node << 1], _winners[(node << 1) + 1]);
        return _times[right] < _times[left] ? right : left;
    }
}
