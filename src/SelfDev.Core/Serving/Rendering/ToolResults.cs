using System.Runtime.InteropServices;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Prompts;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>Whether tool results stand with the calls that they answer.</summary>
internal static class ToolResults
{
    /// <summary>Results that are looked at around a changed one.</summary>
    private const int Near = 16;

    /// <summary>A result that answers no call before it, or a call that has its answer already.</summary>
    public static PromptDifference? Check(ServedRequest request, int at)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        ref readonly var result = ref components[at];
        // A log that names no calls cannot say what a result belongs to.
        if (result.Answers == 0 || request.ToolCalls.Count == 0)
        {
            return null;
        }

        var answered = false;
        for (var i = Math.Max(0, at - Near); i < at; i++)
        {
            answered |= components[i].Answers == result.Answers && components[i].Hash != result.Hash;
        }

        return request.CallOf(result.Answers) < at && !answered
            ? null
            : Fault(request.TextOf(result), result, FaultSpan.None);
    }

    /// <summary>A result whose text stood under another call's id in the earlier prompt.</summary>
    public static PromptDifference? Swapped(PastPrompt past, ServedRequest request, int at)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        ref readonly var result = ref components[at];
        if (result.Answers == 0 || past.Parts[at].Answers == 0)
        {
            return null;
        }

        var body = Body(request.TextOf(result));
        for (var i = Math.Max(0, at - Near); i < Math.Min(past.Count, at + Near); i++)
        {
            ref readonly var other = ref past.Parts[i];
            if (
                other.Answers != 0
                && other.Answers != result.Answers
                && body.Length > 0
                && Body(past.TextOf(other)).SequenceEqual(body)
            )
            {
                return Fault(request.TextOf(result), result, BeginMarkers.Span(past.TextOf(other), 0, 0));
            }
        }

        return null;
    }

    private static PromptDifference Fault(ReadOnlySpan<byte> text, in PromptComponent result, FaultSpan earlier) =>
        new(
            FindingKinds.MisattachedToolResult,
            result,
            earlier,
            text.IsEmpty ? FaultSpan.None : BeginMarkers.Span(text, 0, Math.Min(text.Length, CharacterEnd(text, 80)))
        );

    private static int CharacterEnd(ReadOnlySpan<byte> text, int at)
    {
        while (at < text.Length && (text[at] & 0xC0) == 0x80)
        {
            at++;
        }

        return at;
    }

    /// <summary>The result without the line that names its call.</summary>
    private static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> text)
    {
        var field = text.IndexOf("\nid: "u8);
        if (field < 0)
        {
            return text;
        }

        var end = text[(field + 1)..].IndexOf((byte)'\n');
        return field == 0 && end >= 0 ? text[(end + 1)..] : text[..field];
    }
}
