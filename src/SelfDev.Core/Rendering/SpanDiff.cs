namespace SelfDev.Core.Rendering;

/// <summary>
/// Finds the spans in which two texts differ. Word by word, forward: after each difference the texts are taken for the
/// same again where the nearest run of words is common to both. Linear in the texts but for that search, which looks a
/// bounded way ahead; not a shortest edit script.
/// </summary>
public static class SpanDiff
{
    public const int ContextChars = 60;
    public const int SpanChars = 400;
    public const int MaxSpans = 64;

    /// <summary>Words that have to agree before the texts count as the same again.</summary>
    private const int AnchorWords = 4;

    /// <summary>Words that are looked ahead for that.</summary>
    private const int LookAhead = 4096;

    /// <returns>The differing spans in order, as places of the first and the second text; empty where the texts are
    /// equal.</returns>
    public static IReadOnlyList<(Range First, Range Second)> Spans(string first, string second)
    {
        var spans = new List<(Range, Range)>();
        var a = Words(first);
        var b = Words(second);
        var i = 0;
        var j = 0;
        while (spans.Count < MaxSpans)
        {
            while (i < a.Count && j < b.Count && Same(first, a[i], second, b[j]))
            {
                i++;
                j++;
            }

            if (i == a.Count && j == b.Count)
            {
                break;
            }

            var (nextI, nextJ) = spans.Count == MaxSpans - 1 ? (a.Count, b.Count) : Resume(first, a, i, second, b, j);
            spans.Add(
                Trim(
                    first,
                    Start(a, i, first)..Start(a, nextI, first),
                    second,
                    Start(b, j, second)..Start(b, nextJ, second)
                )
            );
            (i, j) = (nextI, nextJ);
        }

        return spans;
    }

    /// <summary>Where the texts agree again: the pair of places with the fewest words skipped in both
    /// together.</summary>
    private static (int I, int J) Resume(string first, List<Range> a, int i, string second, List<Range> b, int j)
    {
        var places = new Dictionary<int, List<int>>();
        var endB = Math.Min(b.Count, j + LookAhead);
        for (var at = j; at < endB; at++)
        {
            var key = Key(second, b, at, endB);
            if (!places.TryGetValue(key, out var list))
            {
                places.Add(key, list = []);
            }

            // Text that repeats itself endlessly offers many places; the nearest ones are enough.
            if (list.Count < 16)
            {
                list.Add(at);
            }
        }

        var best = (I: a.Count, J: b.Count);
        var bestSkipped = int.MaxValue;
        var endA = Math.Min(a.Count, i + LookAhead);
        for (var at = i; at < endA && at - i < bestSkipped; at++)
        {
            if (!places.TryGetValue(Key(first, a, at, endA), out var candidates))
            {
                continue;
            }

            foreach (var candidate in candidates)
            {
                var skipped = at - i + candidate - j;
                if (skipped < bestSkipped && Agree(first, a, at, second, b, candidate))
                {
                    (best, bestSkipped) = ((at, candidate), skipped);
                }
            }
        }

        return best;
    }

    private static int Key(string text, List<Range> words, int at, int end)
    {
        var hash = new HashCode();
        for (var k = at; k < Math.Min(at + AnchorWords, end); k++)
        {
            hash.Add(string.GetHashCode(text.AsSpan(words[k])));
        }

        return hash.ToHashCode();
    }

    private static bool Agree(string first, List<Range> a, int i, string second, List<Range> b, int j)
    {
        for (var k = 0; k < AnchorWords; k++)
        {
            if (i + k == a.Count || j + k == b.Count)
            {
                return i + k == a.Count && j + k == b.Count;
            }

            if (!Same(first, a[i + k], second, b[j + k]))
            {
                return false;
            }
        }

        return true;
    }

    // Characters that the two spans share at either end are no difference.
    private static (Range, Range) Trim(string first, Range a, string second, Range b)
    {
        var spanA = first.AsSpan(a);
        var spanB = second.AsSpan(b);
        var prefix = spanA.CommonPrefixLength(spanB);
        if (prefix > 0 && char.IsHighSurrogate(spanA[prefix - 1]))
        {
            prefix--;
        }

        var suffix = 0;
        while (suffix < Math.Min(spanA.Length, spanB.Length) - prefix && spanA[^(suffix + 1)] == spanB[^(suffix + 1)])
        {
            suffix++;
        }

        if (suffix > 0 && char.IsLowSurrogate(spanA[^suffix]))
        {
            suffix--;
        }

        return ((a.Start.Value + prefix)..(a.End.Value - suffix), (b.Start.Value + prefix)..(b.End.Value - suffix));
    }

    private static bool Same(string first, Range a, string second, Range b) =>
        first.AsSpan(a).SequenceEqual(second.AsSpan(b));

    private static int Start(List<Range> words, int at, string text) =>
        at < words.Count ? words[at].Start.Value : text.Length;

    /// <summary>Runs of letters and digits, runs of white space, and every other character by itself.</summary>
    private static List<Range> Words(string text)
    {
        var words = new List<Range>(text.Length / 4);
        var start = 0;
        for (var i = 1; i <= text.Length; i++)
        {
            if (i == text.Length || Kind(text[i]) != Kind(text[i - 1]) || Kind(text[i]) == 0)
            {
                words.Add(start..i);
                start = i;
            }
        }

        return words;
    }

    private static int Kind(char character) =>
        char.IsWhiteSpace(character) ? 1
        : char.IsLetterOrDigit(character) || char.IsSurrogate(character) ? 2
        : 0;
}
