using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Cache;

/// <summary>
/// Where in a prompt's tokens each component ends. Places that a backend counted are taken as they are: the end of a
/// whole earlier prompt, the end of what a cache returned. Between them tokens are apportioned by size.
/// </summary>
internal sealed class TokenPlaces
{
    private long[] _ends = new long[64];

    public ReadOnlySpan<long> Ends => _ends;

    /// <summary>Tokens up to and including so many components.</summary>
    public long Through(int components) => components <= 0 ? 0 : _ends[components - 1];

    /// <param name="nodes">The known node of each component's prefix, null from the first unknown one on.</param>
    /// <param name="prompt">Tokens of the whole prompt.</param>
    public void Place(ReadOnlySpan<PromptComponent> components, ReadOnlySpan<PrefixNode?> nodes, long prompt)
    {
        if (_ends.Length < components.Length)
        {
            _ends = new long[components.Length * 2];
        }

        var anchor = -1;
        var anchorTokens = 0L;
        for (var i = 0; i < components.Length; i++)
        {
            var exact =
                i == components.Length - 1 ? prompt
                : nodes[i] is { IsExact: true } node ? Math.Clamp(node.Tokens, anchorTokens, prompt)
                : -1;
            if (exact >= 0)
            {
                Apportion(components, anchor + 1, i, anchorTokens, exact);
                (anchor, anchorTokens) = (i, exact);
            }
        }
    }

    private void Apportion(ReadOnlySpan<PromptComponent> components, int from, int to, long before, long through)
    {
        double size = 0;
        for (var i = from; i <= to; i++)
        {
            size += components[i].Size;
        }

        double sum = 0;
        for (var i = from; i < to; i++)
        {
            sum += components[i].Size;
            _ends[i] = size > 0 ? before + (long)((through - before) * (sum / size)) : before;
        }

        _ends[to] = through;
    }
}
