using System.Text;

namespace SelfDev.Core.Serving.Formats;

/// <summary>Whether two texts are the same pieces in another order: keys of a JSON object, entries of a list,
/// lines.</summary>
internal static class JsonOrder
{
    /// <summary>
    /// Whether both hold the same words the same number of times. Serialising the same values in another order changes
    /// neither length nor words.
    /// </summary>
    public static bool IsReordered(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        // A comma or a line end may stand after another entry than before.
        if (Math.Abs(first.Length - second.Length) > 2 || !SameBytes(first, second))
        {
            return false;
        }

        var words = Words(Encoding.UTF8.GetString(first));
        var others = Words(Encoding.UTF8.GetString(second));
        words.Sort(StringComparer.Ordinal);
        others.Sort(StringComparer.Ordinal);
        return words.Count > 2 && words.SequenceEqual(others);
    }

    /// <summary>Whether what was reordered is JSON rather than plain lines.</summary>
    public static bool LooksLikeJson(string text) =>
        text.Contains("\":", StringComparison.Ordinal)
        || text.Contains("\" :", StringComparison.Ordinal)
        || text.Contains("':", StringComparison.Ordinal);

    private static bool SameBytes(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        Span<int> counts = stackalloc int[256];
        counts.Clear();
        foreach (var value in first)
        {
            counts[value]++;
        }

        foreach (var value in second)
        {
            counts[value]--;
        }

        var differing = 0;
        for (var value = 0; value < counts.Length; value++)
        {
            differing += value is ' ' or ',' or '\n' or '\r' ? 0 : Math.Abs(counts[value]);
        }

        return differing == 0;
    }

    private static List<string> Words(string text) =>
        [
            .. text.Split(
                [' ', '\n', '\r', '\t', ',', '{', '}', '[', ']'],
                StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries
            ),
        ];
}
