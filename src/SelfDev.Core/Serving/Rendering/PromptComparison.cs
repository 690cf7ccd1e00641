using System.Runtime.InteropServices;
using System.Text;
using SelfDev.Core.Findings;
using SelfDev.Core.Rendering;
using SelfDev.Core.Serving.Formats;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>Names what changed between a prompt and its predecessor, from the first component in which they
/// differ.</summary>
internal static class PromptComparison
{
    /// <summary>Turns that are looked over for one that both prompts have.</summary>
    private const int LookAhead = 64;

    /// <summary>Text around a change that the span comparison gets to see, so that whole values stand in it.</summary>
    private const int ContextBytes = 256;

    /// <summary>A change larger than this is new content, not a value in a template.</summary>
    private const int MaxChangeBytes = 64 * 1024;

    /// <param name="at">Index of the first component that differs; both prompts have one there.</param>
    /// <returns>At least one difference, the one that broke the prefix first.</returns>
    public static List<PromptDifference> Compare(PastPrompt past, ServedRequest request, int at)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        ref readonly var later = ref components[at];
        ref readonly var earlier = ref past.Parts[at];
        if (later.Kind == ComponentKind.Tool || earlier.Kind == ComponentKind.Tool)
        {
            if (CompareTools(past, request, at) is { } tools)
            {
                return [tools];
            }
        }
        else if (later.Kind == ComponentKind.Rendered)
        {
            return RenderedComparison.Compare(past, request, at);
        }
        else if (later.Kind == ComponentKind.Message && CompareTurns(past, components, request, at) is { } turns)
        {
            return [turns];
        }

        if (earlier.Kind != later.Kind || earlier.Length == 0 || later.Length == 0)
        {
            return [new PromptDifference(ChangedKind(later), later, FaultSpan.None, FaultSpan.None)];
        }

        return CompareText(past.TextOf(earlier), earlier, request.TextOf(later), later);
    }

    private static PromptDifference? CompareTools(PastPrompt past, ServedRequest request, int at)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        var before = Tools(past.Parts);
        var after = Tools(components);
        var component = components[Math.Min(at, components.Length - 1)];
        if (before.Length == after.Length)
        {
            var sorted = before.Order().ToArray();
            if (sorted.AsSpan().SequenceEqual(after.Order().ToArray()))
            {
                return new PromptDifference(
                    FindingKinds.ToolOrder,
                    component,
                    Beginning(past, past.Parts[at]),
                    Beginning(request, component)
                );
            }

            return component.Length == 0
                ? new PromptDifference(FindingKinds.ToolsChanged, component, FaultSpan.None, FaultSpan.None)
                : null;
        }

        return new PromptDifference(
            FindingKinds.ToolsChanged,
            component,
            Beginning(past, past.Parts[at]),
            Beginning(request, component)
        );
    }

    private static UInt128[] Tools(ReadOnlySpan<PromptComponent> components)
    {
        var tools = new List<UInt128>();
        foreach (ref readonly var component in components)
        {
            if (component.Kind == ComponentKind.Tool)
            {
                tools.Add(component.Hash);
            }
        }

        return [.. tools];
    }

    /// <summary>Turns that are missing, doubled, new in the middle, or whose results were swapped.</summary>
    internal static PromptDifference? CompareTurns(
        PastPrompt past,
        ReadOnlySpan<PromptComponent> components,
        ServedRequest request,
        int at
    )
    {
        if (ToolResults.Swapped(past, request, at) is { } swapped)
        {
            return swapped;
        }

        for (var k = 1; k <= LookAhead && at + k < past.Count; k++)
        {
            if (past.Parts[at + k].Hash == components[at].Hash && Follows(past.Parts[(at + k)..], components[at..]))
            {
                return new PromptDifference(
                    FindingKinds.DroppedTurn,
                    past.Parts[at],
                    Beginning(past, past.Parts[at]),
                    Beginning(request, components[at])
                );
            }
        }

        for (var k = 1; k <= LookAhead && at + k < components.Length; k++)
        {
            if (components[at + k].Hash == past.Parts[at].Hash)
            {
                var doubled = at - k >= 0 && SameTurns(components.Slice(at, k), components.Slice(at - k, k));
                return new PromptDifference(
                    doubled ? FindingKinds.DuplicatedTurn : FindingKinds.InsertedTurn,
                    components[at],
                    Beginning(past, past.Parts[at]),
                    Beginning(request, components[at])
                );
            }
        }

        return null;
    }

    private static bool SameTurns(ReadOnlySpan<PromptComponent> first, ReadOnlySpan<PromptComponent> second)
    {
        for (var i = 0; i < first.Length; i++)
        {
            if (first[i].Hash != second[i].Hash)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>One equal turn may be chance ("yes"); two in a row, or one at the end, are not.</summary>
    private static bool Follows(ReadOnlySpan<PromptComponent> before, ReadOnlySpan<PromptComponent> after) =>
        before.Length == 1 || after.Length == 1 || before[1].Hash == after[1].Hash;

    internal static List<PromptDifference> CompareText(
        ReadOnlySpan<byte> before,
        in PromptComponent earlier,
        ReadOnlySpan<byte> after,
        in PromptComponent later
    )
    {
        var (prefix, suffix) = PromptLikeness.CommonEnds(before, after);
        if (TextDamage.DiffersInSpaceOnly(before, after))
        {
            return [Whole(FindingKinds.LostWhitespace, later, before, after, prefix, suffix)];
        }

        if (JsonOrder.IsReordered(before, after))
        {
            var json = JsonOrder.LooksLikeJson(
                Encoding.UTF8.GetString(
                    after.Slice(
                        Math.Max(0, prefix - ContextBytes),
                        Math.Min(
                            after.Length - Math.Max(0, prefix - ContextBytes),
                            (2 * ContextBytes) + after.Length - prefix - suffix
                        )
                    )
                )
            );
            return
            [
                Whole(
                    json ? FindingKinds.JsonKeyOrder : FindingKinds.UnorderedList,
                    later,
                    before,
                    after,
                    prefix,
                    suffix
                ),
            ];
        }

        if (later.Kind == ComponentKind.Message && IsCut(before, after, prefix, suffix))
        {
            return [Whole(FindingKinds.TruncatedMessage, later, before, after, prefix, suffix)];
        }

        return Spans(before, after, prefix, suffix, later);
    }

    private static List<PromptDifference> Spans(
        ReadOnlySpan<byte> before,
        ReadOnlySpan<byte> after,
        int prefix,
        int suffix,
        in PromptComponent later
    )
    {
        if (Math.Max(before.Length, after.Length) - prefix - suffix > MaxChangeBytes)
        {
            return [Whole(ChangedKind(later), later, before, after, prefix, suffix)];
        }

        var from = CharacterStart(after, Math.Max(0, prefix - ContextBytes));
        var context = Math.Max(0, suffix - ContextBytes);
        var one = Encoding.UTF8.GetString(before[from..(before.Length - BoundaryFromEnd(before, context))]);
        var other = Encoding.UTF8.GetString(after[from..(after.Length - BoundaryFromEnd(after, context))]);
        var offset = Encoding.UTF8.GetCharCount(after[..from]);
        var found = new List<PromptDifference>();
        foreach (var (first, second) in SpanDiff.Spans(one, other))
        {
            var (a, b) = (first, second);
            var kind =
                Damage(one, a, other, b)
                ?? Template(one[a], other[b])
                ?? VolatileSpan.KindOf(one, ref a, other, ref b)
                ?? ChangedKind(later);
            if (!found.Exists(known => known.Kind == kind))
            {
                found.Add(
                    new PromptDifference(kind, later, FaultSpan.Of(one, a, offset), FaultSpan.Of(other, b, offset))
                );
            }
        }

        // What changed only as a consequence of changed content is not worth a finding beside it.
        return found.Count > 0 && found[0].Kind == ChangedKind(later) ? [found[0]]
            : found.Count > 0 ? found
            : [Whole(ChangedKind(later), later, before, after, prefix, suffix)];
    }

    /// <summary>A text that got misread or replaced characters where it had real ones.</summary>
    private static string? Damage(string one, Range a, string other, Range b) =>
        IsDamaged(Around(other, b)) && !IsDamaged(Around(one, a)) ? FindingKinds.Mojibake : null;

    private static bool IsDamaged(string text) =>
        TextDamage.Mojibake(text) is not null || TextDamage.Replaced(text) is not null;

    private static string Around(string text, Range span)
    {
        var (start, length) = span.GetOffsetAndLength(text.Length);
        return text[Math.Max(0, start - 4)..Math.Min(text.Length, start + length + 4)];
    }

    private static string? Template(string one, string other) =>
        BeginMarkers.Count(one) != BeginMarkers.Count(other)
            ? BeginMarkers.Count(other) > BeginMarkers.Count(one)
                ? FindingKinds.DoubleBos
                : FindingKinds.MissingBos
            : BeginMarkers.Turns(one) != BeginMarkers.Turns(other)
                ? FindingKinds.TemplateMarkers
                : null;

    /// <summary>Whether the later text is the earlier one without its end or its middle, with at most a short mark of
    /// the cut in that place.</summary>
    private static bool IsCut(ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, int prefix, int suffix)
    {
        const int MarkBytes = 96;
        const int LeastBytes = 8;
        const int LeastBytesWithin = 24;
        var put = after[prefix..(after.Length - suffix)];
        var least = put.IsEmpty && suffix > 0 ? LeastBytesWithin : LeastBytes;
        if (before.Length - after.Length < least || put.Length > MarkBytes)
        {
            return false;
        }

        return put.IsEmpty
            || put.IndexOf("..."u8) >= 0
            || put.IndexOf("…"u8) >= 0
            || put.IndexOf("truncated"u8) >= 0
            || put.IndexOf("omitted"u8) >= 0
            || put.IndexOf("clipped"u8) >= 0
            || put.IndexOf("snip"u8) >= 0;
    }

    private static PromptDifference Whole(
        string kind,
        in PromptComponent later,
        ReadOnlySpan<byte> before,
        ReadOnlySpan<byte> after,
        int prefix,
        int suffix
    ) =>
        new(
            kind,
            later,
            Span(before, prefix, before.Length - prefix - suffix),
            Span(after, prefix, after.Length - prefix - suffix)
        );

    private static FaultSpan Span(ReadOnlySpan<byte> text, int start, int length)
    {
        start = CharacterStart(text, start);
        var from = CharacterStart(text, Math.Max(0, start - ContextBytes));
        var end = Math.Min(text.Length, start + length);
        var kept = Math.Min(text.Length, end + ContextBytes);
        var shown = Encoding.UTF8.GetString(text[from..kept]);
        var at = Encoding.UTF8.GetCharCount(text[from..start]);
        var until = Math.Max(at, Math.Min(shown.Length, at + Encoding.UTF8.GetCharCount(text[start..end])));
        return FaultSpan.Of(shown, at..until, Encoding.UTF8.GetCharCount(text[..from]));
    }

    private static FaultSpan Beginning(PastPrompt past, in PromptComponent component) =>
        Beginning(past.TextOf(component));

    private static FaultSpan Beginning(ServedRequest request, in PromptComponent component) =>
        Beginning(request.TextOf(component));

    /// <summary>A whole component: its length and its beginning.</summary>
    private static FaultSpan Beginning(ReadOnlySpan<byte> text)
    {
        var whole = Encoding.UTF8.GetString(text);
        return FaultSpan.Of(whole, ..whole.Length);
    }

    private static int CharacterStart(ReadOnlySpan<byte> text, int at)
    {
        while (at > 0 && at < text.Length && (text[at] & 0xC0) == 0x80)
        {
            at--;
        }

        return at;
    }

    private static int BoundaryFromEnd(ReadOnlySpan<byte> text, int fromEnd)
    {
        while (fromEnd > 0 && (text[^fromEnd] & 0xC0) == 0x80)
        {
            fromEnd--;
        }

        return fromEnd;
    }

    private static string ChangedKind(in PromptComponent component) =>
        component.Kind == ComponentKind.Tool ? FindingKinds.ToolsChanged
        : component.IsStable ? FindingKinds.SystemPromptChanged
        : FindingKinds.MessageChanged;
}
