namespace SelfDev.Core.Secrets.Forms;

/// <summary>
/// Tells which patterns a text can hold at all, by their literals and in one pass: most lines of a log hold none of
/// them, and their cost is this pass alone, about a nanosecond a character.
/// </summary>
internal sealed class LiteralIndex
{
    /// <summary>
    /// Three characters to five bits each: what letters have in common in either case. Literals that begin alike share
    /// a place, so what stands there is compared in full.
    /// </summary>
    private const int Places = 1 << 15;

    private readonly ulong[] taken = new ulong[Places / 64];
    private readonly Dictionary<int, Entry[]> entries;

    public LiteralIndex(IReadOnlyList<SecretPattern> patterns)
    {
        entries = patterns
            .Select((pattern, index) => (pattern, index))
            .SelectMany(
                pair => pair.pattern.Literals,
                (pair, literal) => new Entry(literal, pair.pattern.Begins, pair.index)
            )
            .SelectMany(entry => PlacesOf(entry.Literal), (entry, place) => (entry, place))
            .GroupBy(pair => pair.place, pair => pair.entry)
            .ToDictionary(group => group.Key, group => group.ToArray());
        foreach (var place in entries.Keys)
        {
            taken[place >> 6] |= 1UL << place;
        }
    }

    /// <summary>Sets the places of the patterns that the text can hold; leaves the others as they are.</summary>
    /// <param name="possible">One place for each pattern.</param>
    /// <param name="joined">Whether the text is of lines put together, where a token begins anywhere.</param>
    /// <returns>Whether any was set.</returns>
    public bool Find(ReadOnlySpan<char> text, Span<bool> possible, bool joined = false)
    {
        var any = false;
        var place = 0;
        // One step more than there are characters, for a literal of two at the end.
        for (var at = 0; at <= text.Length; at++)
        {
            place = ((place << 5) | ((at < text.Length ? text[at] : 0) & 31)) & (Places - 1);
            if ((taken[place >> 6] & (1UL << place)) != 0 && at >= 2)
            {
                any |= Set(text, at - 2, entries[place], possible, joined);
            }
        }

        return any;
    }

    private static bool Set(ReadOnlySpan<char> text, int at, Entry[] found, Span<bool> possible, bool joined)
    {
        var any = false;
        foreach (var (literal, begins, pattern) in found)
        {
            if (
                text[at..].StartsWith(literal, begins ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase)
                && (!begins || joined || MayBegin(text, at))
            )
            {
                any = possible[pattern] = true;
            }
        }

        return any;
    }

    // At the begin of a word, or behind the end of an escape (\n, %3D, \u0022), at which the expression looks closely.
    private static bool MayBegin(ReadOnlySpan<char> text, int at) =>
        at == 0 || !char.IsAsciiLetterOrDigit(text[at - 1]) || text[Math.Max(0, at - 6)..at].ContainsAny('\\', '%');

    private static IEnumerable<int> PlacesOf(string literal)
    {
        var two = ((literal[0] & 31) << 10) | ((literal[1] & 31) << 5);
        return literal.Length == 2 ? Enumerable.Range(two, 32) : [two | (literal[2] & 31)];
    }

    private readonly record struct Entry(string Literal, bool Begins, int Pattern);
}
