using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Cache;

/// <summary>
/// Hit rate of a block-LRU prefix cache at every capacity of a grid, in one pass. Each request touches its blocks in
/// order; a miss inserts; the least recently touched block leaves; only the contiguous leading run of hits counts.
/// </summary>
/// <remarks>
/// The run rule is kept exact by the largest stack distance so far within the request: at capacity C the run reaches as
/// far as that stays within C. Memory is bounded by the distinct blocks. Regression vectors: Mooncake's conversation
/// trace.
/// </remarks>
internal sealed class CapacityCurve
{
    /// <summary>Capacities that the curve always names: those of Mooncake's Table 1 (arXiv 2407.00079).</summary>
    private static readonly long[] Published = [100_000, 50_000, 30_000, 10_000, 1_000];

    private readonly StackDistances _stack = new();
    private readonly long[] _capacities;
    private readonly long[] _blocksAt;
    private readonly long[] _tokensAt;
    private long _neededSoFar;
    private bool _runEnded;

    /// <param name="capacities">Further capacities in blocks, each at least 1.</param>
    public CapacityCurve(IEnumerable<long>? capacities = null)
    {
        var grid = new SortedSet<long>(Published);
        grid.UnionWith(capacities ?? []);
        for (long decade = 100; decade <= 1_000_000_000; decade *= 10)
        {
            foreach (var step in (ReadOnlySpan<int>)[10, 15, 20, 30, 50, 70])
            {
                grid.Add(decade * step / 10);
            }
        }

        _capacities = [.. grid];
        _blocksAt = new long[_capacities.Length + 1];
        _tokensAt = new long[_capacities.Length + 1];
    }

    /// <value>Distinct blocks so far: the capacity that never evicts.</value>
    public long DistinctBlocks => _stack.TotalWeight;

    public long Blocks { get; private set; }

    public long Tokens { get; private set; }

    public void BeginRequest()
    {
        _neededSoFar = 0;
        _runEnded = false;
    }

    /// <summary>The request's next blocks, never seen before.</summary>
    /// <returns>The number by which they are touched again.</returns>
    public int Insert(int blocks, long tokens)
    {
        _runEnded = true;
        Blocks += blocks;
        Tokens += tokens;
        return _stack.Add(blocks);
    }

    /// <summary>The request's next blocks, known by their number.</summary>
    public void Touch(int item, int blocks, long tokens)
    {
        Blocks += blocks;
        Tokens += tokens;
        if (_runEnded)
        {
            // A miss that no capacity avoids stands before it: the distance matters to nobody.
            _stack.Refresh(item);
            return;
        }

        _neededSoFar = Math.Max(_neededSoFar, _stack.Touch(item));
        var at = IndexOf(_neededSoFar);
        _blocksAt[at] += blocks;
        _tokensAt[at] += tokens;
    }

    /// <summary>Tokens that are in no block and can never be hit, e.g. those after the last full one.</summary>
    public void AddUncachable(long tokens) => Tokens += tokens;

    /// <summary>Hit blocks and tokens of a cache.</summary>
    /// <param name="capacity">One of the grid's; null: unlimited.</param>
    public (long Blocks, long Tokens) HitsAt(long? capacity)
    {
        var (blocks, tokens) = (0L, 0L);
        var end = capacity is null ? _capacities.Length : Array.BinarySearch(_capacities, capacity.Value);
        ArgumentOutOfRangeException.ThrowIfNegative(end, nameof(capacity));
        for (var i = 0; i <= end; i++)
        {
            blocks += _blocksAt[i];
            tokens += _tokensAt[i];
        }

        return (blocks, tokens);
    }

    /// <summary>The curve, largest capacity first, without the part beyond what the traffic can fill.</summary>
    /// <param name="tokens">Prompt tokens to relate hits to, where they are more than those in <see
    /// cref="Tokens"/>.</param>
    public IReadOnlyList<CapacityPoint> Points(long? tokens = null)
    {
        if (Blocks == 0)
        {
            return [];
        }

        var all = Math.Max(1, tokens ?? Tokens);
        var points = new List<CapacityPoint> { Point(null, HitsAt(null), all) };
        var (hitBlocks, hitTokens) = (0L, 0L);
        var rising = new List<CapacityPoint>();
        for (var i = 0; i < _capacities.Length; i++)
        {
            hitBlocks += _blocksAt[i];
            hitTokens += _tokensAt[i];
            if (_capacities[i] <= DistinctBlocks * 2 || Published.Contains(_capacities[i]))
            {
                rising.Add(Point(_capacities[i], (hitBlocks, hitTokens), all));
            }
        }

        rising.Reverse();
        points.AddRange(rising);
        return points;
    }

    private CapacityPoint Point(long? capacity, (long Blocks, long Tokens) hits, long tokens) =>
        new(capacity, Math.Round((double)hits.Blocks / Blocks, 6), Math.Round((double)hits.Tokens / tokens, 6));

    private int IndexOf(long needed)
    {
        var at = Array.BinarySearch(_capacities, needed);
        return at < 0 ? ~at : at;
    }
}
