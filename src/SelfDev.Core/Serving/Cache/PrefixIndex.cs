namespace SelfDev.Core.Serving.Cache;

/// <summary>One distinct prefix of prompts: where it ends in tokens, and when which cache last saw it.</summary>
internal sealed class PrefixNode
{
    private PrefixSight _first;
    private PrefixSight[] _more = [];
    private int _count;

    /// <value>Tokens up to here, as far as known.</value>
    public long Tokens { get; set; }

    /// <value>Whether <see cref="Tokens"/> was counted by a backend (a whole prompt, or what a cache returned) and not
    /// apportioned.</value>
    public bool IsExact { get; set; }

    /// <value>Its number in the capacity simulation; -1 where it fills no block.</value>
    public int Item { get; set; } = -1;

    public int Blocks { get; set; }

    /// <summary>When a cache last saw the prefix.</summary>
    /// <param name="scope">A backend and a cache key.</param>
    public PrefixSight? Sight(int scope)
    {
        if (_count > 0 && _first.Scope == scope)
        {
            return _first;
        }

        foreach (var sight in _more.AsSpan(0, Math.Max(0, _count - 1)))
        {
            if (sight.Scope == scope)
            {
                return sight;
            }
        }

        return null;
    }

    /// <summary>Notes that a request with this prefix reached a cache.</summary>
    /// <param name="kept">Whether the cache was told to keep it; once kept, later uses refresh it.</param>
    public void See(int scope, double time, bool kept)
    {
        if (_count > 0 && _first.Scope == scope)
        {
            _first = new PrefixSight(scope, time, kept || _first.IsKept);
            return;
        }

        for (var i = 0; i < _count - 1; i++)
        {
            if (_more[i].Scope == scope)
            {
                _more[i] = new PrefixSight(scope, time, kept || _more[i].IsKept);
                return;
            }
        }

        if (_count == 0)
        {
            _first = new PrefixSight(scope, time, kept);
        }
        else
        {
            if (_count - 1 == _more.Length)
            {
                Array.Resize(ref _more, Math.Max(2, _more.Length * 2));
            }

            _more[_count - 1] = new PrefixSight(scope, time, kept);
        }

        _count++;
    }
}

/// <param name="Time">Seconds since 1970; NaN where the log has none.</param>
/// <param name="IsKept">Whether the cache keeps an entry that ends here.</param>
internal readonly record struct PrefixSight(int Scope, double Time, bool IsKept);

/// <summary>All distinct prefixes of a log. Its memory grows with them and with nothing else.</summary>
internal sealed class PrefixIndex
{
    private readonly Dictionary<UInt128, PrefixNode> _nodes = [];

    public PrefixNode? Find(UInt128 chain) => _nodes.GetValueOrDefault(chain);

    public PrefixNode Add(UInt128 chain)
    {
        var node = new PrefixNode();
        _nodes.Add(chain, node);
        return node;
    }
}
