using System.Runtime.InteropServices;
using System.Text;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Serving;

/// <summary>Faults that one prompt shows by itself. Each component is looked at once, when it is first seen.</summary>
internal static class ComponentChecks
{
    /// <summary>Bytes of one component that are looked at for misread text.</summary>
    private const int MaxCheckedBytes = 1 << 20;

    /// <summary>A short turn may be said twice; a long one, or one with tool calls, is a copy.</summary>
    private const int CopyBytes = 80;

    public static IEnumerable<PromptDifference> Check(ServedRequest request, int at)
    {
        var component = request.Components[at];
        if (Doubled(request, at) is { } doubled)
        {
            yield return doubled;
        }

        if (ToolResults.Check(request, at) is { } misattached)
        {
            yield return misattached;
        }

        if (Begin(request, component) is { } begin)
        {
            yield return begin;
        }

        if (Leaked(request, component) is { } leaked)
        {
            yield return leaked;
        }

        if (Misread(request, component) is { } misread)
        {
            yield return misread;
        }
    }

    private static PromptDifference? Doubled(ServedRequest request, int at)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        ref readonly var component = ref components[at];
        if (component.Kind != ComponentKind.Message || component.Size == 0)
        {
            return null;
        }

        var adjacent = at >= 1 && components[at - 1].Hash == component.Hash && component.Role is MessageRole.User or MessageRole.Assistant;
        var pair = at >= 3 && components[at - 2].Hash == component.Hash && components[at - 3].Hash == components[at - 1].Hash && IsCopy(component) && components[at - 1].Kind == ComponentKind.Message;
        return adjacent || pair
            ? new PromptDifference(FindingKinds.DuplicatedTurn, component, FaultSpan.None, Whole(request.TextOf(component)))
            : null;
    }

    private static bool IsCopy(in PromptComponent component) => component.Calls > 0 || component.Answers != 0 || component.Size >= CopyBytes;

    private static PromptDifference? Begin(ServedRequest request, in PromptComponent component)
    {
        var text = request.TextOf(component);
        return BeginMarkers.Doubled(text) is var (start, length)
            ? new PromptDifference(FindingKinds.DoubleBos, component, FaultSpan.None, BeginMarkers.Span(text, start, length))
            : null;
    }

    /// <summary>Template markers inside a message: the template puts its own around it, so the text was rendered twice.</summary>
    private static PromptDifference? Leaked(ServedRequest request, in PromptComponent component)
    {
        if (component.Kind == ComponentKind.Rendered || component.Kind == ComponentKind.Tool || component.Role == MessageRole.Tool)
        {
            return null;
        }

        var text = request.TextOf(component);
        foreach (var marker in Markers)
        {
            if (text.IndexOf(marker) is var at and >= 0)
            {
                return new PromptDifference(FindingKinds.TemplateMarkers, component, FaultSpan.None, BeginMarkers.Span(text, at, marker.Length));
            }
        }

        return null;
    }

    private static PromptDifference? Misread(ServedRequest request, in PromptComponent component)
    {
        var bytes = request.TextOf(component);
        if (!TextDamage.MayHoldMojibake(bytes))
        {
            return null;
        }

        var text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, MaxCheckedBytes)]);
        return TextDamage.Mojibake(text) is var (start, length)
            ? new PromptDifference(FindingKinds.Mojibake, component, FaultSpan.None, FaultSpan.Of(text, start..(start + length)))
            : null;
    }

    private static FaultSpan Whole(ReadOnlySpan<byte> text)
    {
        var whole = Encoding.UTF8.GetString(text);
        return FaultSpan.Of(whole, ..whole.Length);
    }

    private static readonly byte[][] Markers =
    [
        "<|im_start|>"u8.ToArray(), "<|im_end|>"u8.ToArray(), "<|start_header_id|>"u8.ToArray(), "<|eot_id|>"u8.ToArray(), "<|begin_of_text|>"u8.ToArray(),
        "<start_of_turn>"u8.ToArray(), "<｜begin▁of▁sentence｜>"u8.ToArray(),
    ];
}
