using System.Runtime.InteropServices;
using System.Text;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>
/// Compares prompts that were logged as rendered. Their spans count from the prompt's beginning, not from that of the
/// piece which changed.
/// </summary>
internal static class RenderedComparison
{
    /// <summary>End of the earlier prompt that is looked for in the later one, so that what was appended is not taken
    /// for changed.</summary>
    private const int EndBytes = 64;

    public static List<PromptDifference> Compare(PastPrompt past, ServedRequest request, int at)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        ref readonly var earlier = ref past.Parts[at];
        ref readonly var later = ref components[at];
        if (earlier.Kind != later.Kind)
        {
            return [new PromptDifference(FindingKinds.MessageChanged, later, FaultSpan.None, FaultSpan.None)];
        }

        var before = past.TextOf(earlier);
        var after = request.TextOf(later);
        if (earlier.Index == 0 && BeginMarkers.Opens(before) && !BeginMarkers.Opens(after))
        {
            return
            [
                new PromptDifference(
                    FindingKinds.MissingBos,
                    later,
                    BeginMarkers.Span(before, 0, 0),
                    BeginMarkers.Span(after, 0, 0)
                ),
            ];
        }

        if (
            earlier.Index == 0
            && BeginMarkers.Doubled(after) is var (start, length)
            && BeginMarkers.Doubled(before) is null
        )
        {
            return
            [
                new PromptDifference(
                    FindingKinds.DoubleBos,
                    later,
                    BeginMarkers.Span(before, 0, before.Length),
                    BeginMarkers.Span(after, start, length)
                ),
            ];
        }

        var found = PromptComparison.CompareTurns(past, components, request, at) is { } turns
            ? [turns]
            : CompareText(past, request, at);
        var (base0, base1) = (
            Characters(past.TextBefore(at)),
            Characters(request.Text[FirstStart(components)..later.Start])
        );
        return
        [
            .. found.Select(difference =>
                difference with
                {
                    Earlier = difference.Earlier.MovedBy(base0),
                    Later = difference.Later.MovedBy(base1),
                }
            ),
        ];
    }

    /// <summary>A turn of a known template by itself; where pieces have no meaning, all that follows.</summary>
    private static List<PromptDifference> CompareText(PastPrompt past, ServedRequest request, int at)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        ref readonly var later = ref components[at];
        ref readonly var earlier = ref past.Parts[at];
        if (later.Role != MessageRole.None)
        {
            return PromptComparison.CompareText(past.TextOf(earlier), earlier, request.TextOf(later), later);
        }

        var before = past.TextFrom(at);
        var after = request.Text[later.Start..(components[^1].Start + components[^1].Length)];
        var end = before[^Math.Min(before.Length, EndBytes)..];
        var appended = after.IndexOf(end);
        return PromptComparison.CompareText(
            before,
            earlier,
            appended < 0 ? after : after[..(appended + end.Length)],
            later
        );
    }

    private static int FirstStart(ReadOnlySpan<PromptComponent> components)
    {
        foreach (ref readonly var component in components)
        {
            if (component.Kind == ComponentKind.Rendered)
            {
                return component.Start;
            }
        }

        return 0;
    }

    private static int Characters(ReadOnlySpan<byte> text) => Encoding.UTF8.GetCharCount(text);
}
