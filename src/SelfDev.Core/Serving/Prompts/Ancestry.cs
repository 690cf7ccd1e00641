namespace SelfDev.Core.Serving.Prompts;

/// <summary>
/// Parents of ids, to find ids that are their own ancestors. Looks a bounded way up and remembers a bounded number of
/// ids, so that neither a circle nor a long log costs more.
/// </summary>
internal sealed class Ancestry<TId>
    where TId : notnull
{
    private const int MaxAncestors = 1024;
    private const int MaxIds = 200_000;

    private readonly Dictionary<TId, TId> _parents = [];

    /// <summary>Notes a parent.</summary>
    /// <returns>False where that closes a circle; it is not kept then.</returns>
    public bool TryAdd(TId id, TId parent)
    {
        var same = EqualityComparer<TId>.Default;
        if (same.Equals(id, parent))
        {
            return false;
        }

        var at = parent;
        for (var steps = 0; steps < MaxAncestors && _parents.TryGetValue(at, out var next); steps++)
        {
            if (same.Equals(next, id))
            {
                return false;
            }

            at = next;
        }

        if (_parents.Count == MaxIds)
        {
            _parents.Clear();
        }

        _parents[id] = parent;
        return true;
    }
}
