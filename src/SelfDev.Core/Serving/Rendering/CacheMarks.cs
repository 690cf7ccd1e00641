using System.Runtime.InteropServices;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>Cache marks (<c>cache_control</c>) from one prompt to the next. Marks that move on with the conversation
/// are as they should be.</summary>
internal static class CacheMarks
{
    /// <summary>
    /// A mark that was taken from the tools or the system prompt, or a last mark that moved back although the
    /// conversation went on: what was written to the cache is then not read.
    /// </summary>
    public static PromptDifference? Compare(PastPrompt past, ServedRequest request, int common)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        if (components.Length < past.Count)
        {
            return null;
        }

        var (before, after) = (LastMark(past.Parts), LastMark(components));
        if (before < 0)
        {
            return null;
        }

        for (var i = 0; i < common; i++)
        {
            if (
                components[i].Kind is ComponentKind.Tool or ComponentKind.System
                && past.Parts[i].Marked
                && !components[i].Marked
            )
            {
                return Moved(past, request, components[i], past.Parts[i]);
            }
        }

        return after < before ? Moved(past, request, components[Math.Max(after, 0)], past.Parts[before]) : null;
    }

    private static PromptDifference Moved(
        PastPrompt past,
        ServedRequest request,
        in PromptComponent later,
        in PromptComponent earlier
    ) => new(FindingKinds.CacheMarkMoved, earlier, Beginning(past.TextOf(earlier)), Beginning(request.TextOf(later)));

    private static FaultSpan Beginning(ReadOnlySpan<byte> text) =>
        text.IsEmpty ? FaultSpan.None : BeginMarkers.Span(text, 0, 0);

    private static int LastMark(ReadOnlySpan<PromptComponent> components)
    {
        var last = -1;
        for (var i = 0; i < components.Length; i++)
        {
            last = components[i].Marked ? i : last;
        }

        return last;
    }
}
