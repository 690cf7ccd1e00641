namespace SelfDev.Core.Rendering;

/// <summary>
/// Compares two renderings of the same content and names the class of their difference. A class is named by taking away
/// what it covers from both texts: where they are equal then, that class explains all of the difference.
/// </summary>
public static class RenderDiff
{
    /// <returns>Class <see cref="RenderingClass.None"/> where the texts are equal.</returns>
    public static RenderingDifference Compare(string first, string second)
    {
        var spans = SpanDiff.Spans(first, second);
        if (spans.Count == 0)
        {
            return new RenderingDifference(
                RenderingClass.None,
                first.Length,
                new TextSpan(first.Length, "", 0),
                new TextSpan(second.Length, "", 0),
                "",
                "",
                0
            );
        }

        var whole = RenderingClasses.OfWhole(first, second);
        return Describe(
            first,
            second,
            spans,
            whole ?? RenderingClasses.OfSpan(first, spans[0].First, second, spans[0].Second),
            whole is not null || spans.Count == 1
        );
    }

    /// <summary>One line that quotes both spans, with the characters that cannot be seen made visible. Escaped for no
    /// output yet.</summary>
    public static string Describe(RenderingDifference difference) =>
        $"{Visible(difference.Before)}⟦{Shown(difference.First)} → "
        + $"{Shown(difference.Second)}⟧{Visible(difference.After)}";

    private static RenderingDifference Describe(
        string first,
        string second,
        IReadOnlyList<(Range First, Range Second)> spans,
        RenderingClass kind,
        bool explainsAll
    )
    {
        var (a, b) = spans[0];
        var offset = first.AsSpan().CommonPrefixLength(second);
        var before = first[Math.Max(0, a.Start.Value - SpanDiff.ContextChars)..a.Start.Value];
        var after = first[a.End.Value..Math.Min(first.Length, a.End.Value + SpanDiff.ContextChars)];
        return new RenderingDifference(kind, offset, Cut(first, a), Cut(second, b), before, after, spans.Count)
        {
            ExplainsAll = explainsAll,
        };
    }

    private static TextSpan Cut(string text, Range span)
    {
        var (start, length) = span.GetOffsetAndLength(text.Length);
        var kept = Math.Min(length, SpanDiff.SpanChars);
        if (kept < length && kept > 0 && char.IsHighSurrogate(text[start + kept - 1]))
        {
            kept--;
        }

        return new TextSpan(start, text.Substring(start, kept), length);
    }

    private static string Shown(TextSpan span) =>
        span.Length == 0 ? "∅" : Visible(span.Text) + (span.Text.Length < span.Length ? "…" : "");

    private static string Visible(string text) =>
        text.Replace("\r", "␍", StringComparison.Ordinal)
            .Replace("\n", "⏎", StringComparison.Ordinal)
            .Replace("\t", "⇥", StringComparison.Ordinal);
}
