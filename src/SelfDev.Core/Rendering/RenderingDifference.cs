namespace SelfDev.Core.Rendering;

/// <summary>The first place at which two renderings differ, and what the difference is.</summary>
/// <param name="Class">The one class that explains all of the difference, else the class of the first span.</param>
/// <param name="Offset">UTF-16 units that both begin with.</param>
/// <param name="First">The differing span of the first text, up to where both are the same again.</param>
/// <param name="Second">That of the second text.</param>
/// <param name="Before">What stands before the span in both, at most <see cref="SpanDiff.ContextChars"/>.</param>
/// <param name="After">What follows it in both, at most as much.</param>
/// <param name="Spans">Differing spans in all; at <see cref="SpanDiff.MaxSpans"/> counting ends.</param>
public sealed record RenderingDifference(
    RenderingClass Class,
    int Offset,
    TextSpan First,
    TextSpan Second,
    string Before,
    string After,
    int Spans
)
{
    /// <value>False where <see cref="Class"/> is only that of the first of several unlike spans.</value>
    public bool ExplainsAll { get; init; } = true;
}

/// <summary>A span of one text.</summary>
/// <param name="Start">UTF-16 units from the text's beginning; never inside a surrogate pair.</param>
/// <param name="Text">Cut at <see cref="SpanDiff.SpanChars"/>. Hostile like the text it is of: whoever shows it escapes
/// it.</param>
/// <param name="Length">Uncut length.</param>
public sealed record TextSpan(int Start, string Text, int Length);
