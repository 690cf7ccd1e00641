using System.Runtime.InteropServices;
using System.Text;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>Faults that one prompt shows by itself. Each component is looked at once, when it is first seen.</summary>
internal static class ComponentChecks
{
    /// <summary>Bytes of one component that are looked at for misread text.</summary>
    private const int MaxCheckedBytes = 1 << 20;

    /// <summary>Short turns may come again by themselves.</summary>
    private const int CopyBytes = 80;

    /// <summary>What people say twice on end: "yes", "go on".</summary>
    private const int SaidTwiceBytes = 16;

    public static IEnumerable<PromptDifference> Check(ServedRequest request, int at, AccountedRequest accounted)
    {
        var component = request.Components[at];
        if (Doubled(request, at, accounted) is { } doubled)
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
        else if (Leaked(request, component) is { } leaked)
        {
            yield return leaked;
        }

        if (Misread(request, component) is { } misread)
        {
            yield return misread;
        }
    }

    /// <summary>
    /// The same message twice on end, or the same pair of messages. An agent that is stuck repeats itself word for
    /// word, one turn a request: a pair is a copy only where one request brought both, or where it repeats the ids of
    /// its calls.
    /// </summary>
    private static PromptDifference? Doubled(ServedRequest request, int at, in AccountedRequest accounted)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        ref readonly var component = ref components[at];
        if (component.Kind != ComponentKind.Message || component.Size == 0)
        {
            return null;
        }

        var isAdjacent =
            at >= 1
            && components[at - 1].Hash == component.Hash
            && component.Role is MessageRole.User or MessageRole.Assistant
            && component.Size >= SaidTwiceBytes;
        var isPair =
            at >= 3
            && components[at - 2].Hash == component.Hash
            && components[at - 3].Hash == components[at - 1].Hash
            && components[at - 1].Kind == ComponentKind.Message
            && (
                HasIds(component)
                || HasIds(components[at - 1])
                || (
                    accounted.IsContinuation
                    && at - 2 >= accounted.Known
                    && (component.Size >= CopyBytes || components[at - 1].Size >= CopyBytes)
                )
            );
        return isAdjacent || isPair
            ? new PromptDifference(
                FindingKinds.DuplicatedTurn,
                component,
                FaultSpan.None,
                Whole(request.TextOf(component))
            )
            : null;
    }

    /// <summary>Ids of calls are part of the text that was compared.</summary>
    private static bool HasIds(in PromptComponent component) => component.Answers != 0 || component.HasCallIds;

    private static PromptDifference? Begin(ServedRequest request, in PromptComponent component)
    {
        var text = request.TextOf(component);
        return BeginMarkers.Doubled(text) is var (start, length)
            ? new PromptDifference(
                FindingKinds.DoubleBos,
                component,
                FaultSpan.None,
                BeginMarkers.Span(text, start, length)
            )
            : null;
    }

    /// <summary>
    /// Template markers inside a message, as the template itself would put them: the text was rendered twice. Who only
    /// writes about markers does not put a role behind them.
    /// </summary>
    private static PromptDifference? Leaked(ServedRequest request, in PromptComponent component)
    {
        if (
            component.Kind == ComponentKind.Rendered
            || component.Kind == ComponentKind.Tool
            || component.Role == MessageRole.Tool
        )
        {
            return null;
        }

        var text = request.TextOf(component);
        return BeginMarkers.Leaked(text) is var (start, length)
            ? new PromptDifference(
                FindingKinds.TemplateMarkers,
                component,
                FaultSpan.None,
                BeginMarkers.Span(text, start, length)
            )
            : null;
    }

    private static PromptDifference? Misread(ServedRequest request, in PromptComponent component)
    {
        var bytes = request.TextOf(component);
        if (!TextDamage.MayHoldMojibake(bytes))
        {
            return null;
        }

        // What a tool or a model put out may be damaged by itself; a system prompt with replaced characters was read
        // wrongly.
        var text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, MaxCheckedBytes)]);
        return
            (TextDamage.Mojibake(text) ?? (component.Kind == ComponentKind.System ? TextDamage.Replaced(text) : null))
                is var (start, length)
            ? new PromptDifference(
                FindingKinds.Mojibake,
                component,
                FaultSpan.None,
                FaultSpan.Of(text, start..(start + length))
            )
            : null;
    }

    private static FaultSpan Whole(ReadOnlySpan<byte> text)
    {
        var whole = Encoding.UTF8.GetString(text);
        return FaultSpan.Of(whole, ..whole.Length);
    }
}
