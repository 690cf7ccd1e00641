using SelfDev.Core.Findings;

namespace SelfDev.Core.Serving.Model;

/// <summary>One way in which prompts render wrongly, with the first pair of requests that shows it and how often it
/// happened.</summary>
internal sealed class RenderingFault
{
    public required string Kind { get; init; }

    /// <value>Path of the component at its first occurrence, e.g. <c>tools[2]</c>.</value>
    public required string Component { get; init; }

    public required ComponentKind Part { get; init; }

    /// <value>The earlier request of the first pair; null where the fault shows in one request alone.</value>
    public RequestPlace? Earlier { get; init; }

    public required RequestPlace Later { get; init; }

    public required RequestPlace LastSeen { get; set; }

    public FaultSpan? EarlierSpan { get; init; }

    public required FaultSpan LaterSpan { get; init; }

    public long Occurrences { get; set; }

    /// <value>Tokens booked to <see cref="MissCause.Divergence"/> at its occurrences.</value>
    public long Tokens { get; set; }

    /// <value>Whether any of its occurrences stands within one conversation.</value>
    public bool IsWithin { get; set; }

    /// <value>
    /// Whether it happened often enough to be a fault. Within a conversation once is enough. Between conversations a
    /// clock, a UUID or another order is one at once; a name, a path or a number may as well be one of a few fixed
    /// versions of the prompt, and is one only where versions keep coming.
    /// </value>
    public bool IsEvident =>
        IsWithin
        || Occurrences
            >= Kind switch
            {
                FindingKinds.SystemPromptChanged or FindingKinds.ToolsChanged or FindingKinds.VolatileCounter => 3,
                FindingKinds.VolatilePath or FindingKinds.VolatileId or FindingKinds.LostWhitespace => 2,
                _ => 1,
            };
}

/// <summary>A span of one component's text.</summary>
/// <param name="Start">UTF-16 units from the component's beginning.</param>
/// <param name="Length">UTF-16 units.</param>
/// <param name="Text">The span and a little around it, unredacted; at most <see cref="MaxTextChars"/>. Empty where the
/// log has no text.</param>
/// <param name="Hash">Hex of the first bytes of the span's SHA-256: the same span has the same one, and it tells
/// nothing else.</param>
internal sealed record FaultSpan(int Start, int Length, string Text, string Hash)
{
    public const int MaxTextChars = 160;
    private const int ContextChars = 40;

    public static FaultSpan None { get; } = new(0, 0, "", "");

    public static FaultSpan Of(string text, Range span, int offset = 0)
    {
        var (start, length) = span.GetOffsetAndLength(text.Length);
        var from = Math.Max(0, start - ContextChars);
        var to = Math.Min(text.Length, Math.Min(start + length + ContextChars, from + MaxTextChars));
        from += from > 0 && char.IsLowSurrogate(text[from]) ? 1 : 0;
        to -= to < text.Length && to > from && char.IsHighSurrogate(text[to - 1]) ? 1 : 0;
        return new FaultSpan(offset + start, length, text[from..to], HashOf(text.AsSpan(start, length)));
    }

    /// <summary>The same span counted from a place so many UTF-16 units earlier; none stays none.</summary>
    public FaultSpan MovedBy(int units) => this == None ? this : this with { Start = Start + units };

    private static string HashOf(ReadOnlySpan<char> span) =>
        Convert.ToHexStringLower(
            System
                .Security.Cryptography.SHA256.HashData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(span))
                .AsSpan(0, 6)
        );
}
