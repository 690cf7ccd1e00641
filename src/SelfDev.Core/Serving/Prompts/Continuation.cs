using System.Runtime.InteropServices;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Rendering;

namespace SelfDev.Core.Serving.Prompts;

/// <summary>
/// Tells a prompt that goes on with an earlier one, changed on the way or not, from one that only began alike: another
/// user's with the same greeting, a question that was edited and asked again, one of several samples. Such a fork is no
/// fault, whatever it has in common.
/// </summary>
internal static class Continuation
{
    /// <summary>Share of what stands behind a change that has to be the same. In a conversation that the log names a
    /// little is enough; in one that is only guessed it is not.</summary>
    private const double NamedShare = 0.2;
    private const double GuessedShare = 0.6;

    /// <summary>Shorter answers ("yes", "continue") are anybody's.</summary>
    private const int TellingBytes = 16;

    /// <summary>Bytes of an end that are looked for in a later prompt.</summary>
    private const int EndBytes = 64;

    /// <param name="common">Components that both begin with.</param>
    public static bool Is(PastPrompt past, int common, ServedRequest request)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        if (common == components.Length || common == past.Count)
        {
            return true;
        }

        var isNamed = request.Session is not null;
        return HasReply(past, components[(common + 1)..])
            || KeepsTheRest(past, common, request, isNamed)
            || ReplacesLast(past, common, request)
            || KeepsText(past, common, request);
    }

    /// <summary>Components up to the last one that the predecessor had as well, or that stands in a place of its own;
    /// what follows is new by itself.</summary>
    public static int EndOfOld(ReadOnlySpan<PromptComponent> components, PastPrompt predecessor, int shared)
    {
        var earlier = HashesOf(predecessor.Parts[shared..]);
        var end = components.Length;
        while (
            end > shared + 1
            && !earlier.Contains(components[end - 1].Hash)
            && (end > predecessor.Count || components.Length <= predecessor.Count)
        )
        {
            end--;
        }

        return end;
    }

    public static DivergedPart ChangedPart(in PromptComponent component, in PromptComponent other) =>
        component.Kind == ComponentKind.Tool || other.Kind == ComponentKind.Tool ? DivergedPart.Tools
        : component.IsStable || other.IsStable ? DivergedPart.System
        : DivergedPart.Message;

    private static bool HasReply(PastPrompt past, ReadOnlySpan<PromptComponent> behind)
    {
        if (past.ReplyHash == 0)
        {
            return false;
        }

        foreach (ref readonly var component in behind)
        {
            if (component.Hash == past.ReplyHash)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether what stands behind the first change, up to what is new, is largely the same.</summary>
    private static bool KeepsTheRest(PastPrompt past, int common, ServedRequest request, bool isNamed)
    {
        var before = past.Parts[common..].WithoutReply();
        var after = (
            (ReadOnlySpan<PromptComponent>)CollectionsMarshal.AsSpan(request.Components)[common..]
        ).WithoutReply();
        // What a conversation repeats anyway says nothing.
        var earlier = HashesOf(before);
        earlier.ExceptWith(HashesOf(past.Parts[..common]));
        long kept = 0,
            others = 0,
            othersSoFar = 0;
        var turns = 0;
        for (var i = 0; i < after.Length; i++)
        {
            if (earlier.Remove(after[i].Hash))
            {
                kept += after[i].Size;
                others = othersSoFar;
                turns += after[i].Kind is ComponentKind.Message or ComponentKind.Rendered ? 1 : 0;
            }
            else if (i > 0)
            {
                othersSoFar += after[i].Size;
            }
        }

        long gone = 0;
        foreach (ref readonly var component in before[Math.Min(1, before.Length)..])
        {
            gone += component.Size;
        }

        var share = isNamed ? NamedShare : GuessedShare;
        return kept > 0
            && kept >= share * Math.Min(kept + others, Math.Max(gone, kept))
            && (isNamed || IsEnough(turns, past, common, request));
    }

    /// <summary>
    /// Whether so many equal turns tell a conversation that is only guessed by its first message. Greetings, short
    /// answers and what tools say come in many conversations: one equal turn counts only behind a message that is the
    /// earlier one changed, and that no model put differently in another sample.
    /// </summary>
    private static bool IsEnough(int turns, PastPrompt past, int common, ServedRequest request)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        if (components[common].IsStable)
        {
            return turns > 3;
        }

        return turns > 2
            || (
                components[common].Role != MessageRole.Assistant
                && common + 1 < past.Count
                && common + 1 < components.Length
                && past.Parts[common + 1].Hash == components[common + 1].Hash
                && components[common + 1].Size >= TellingBytes
                && PromptLikeness.Alike(
                    past.TextOf(past.Parts[common]),
                    past.Parts[common],
                    request.TextOf(components[common]),
                    components[common]
                )
            );
    }

    /// <summary>Whether the last message of the earlier prompt stands here changed, with the reply to it
    /// behind.</summary>
    private static bool ReplacesLast(PastPrompt past, int common, ServedRequest request)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        if (
            common != past.Count - 1
            || components.Length <= past.Count
            || components[common + 1].Role != MessageRole.Assistant
        )
        {
            return false;
        }

        ref readonly var before = ref past.Parts[common];
        ref readonly var after = ref components[common];
        return before.Role != MessageRole.Assistant
            && PromptLikeness.Alike(past.TextOf(before), before, request.TextOf(after), after);
    }

    private static HashSet<UInt128> HashesOf(ReadOnlySpan<PromptComponent> components)
    {
        var hashes = new HashSet<UInt128>(components.Length);
        foreach (ref readonly var component in components)
        {
            hashes.Add(component.Hash);
        }

        return hashes;
    }

    /// <summary>Whether a later prompt still holds what stands in the middle and at the end of an earlier one, wherever
    /// it moved.</summary>
    private static bool KeepsText(PastPrompt past, int at, ServedRequest request)
    {
        // Where turns can be told, they are compared as messages are.
        if (
            past.Parts[at] is not { Kind: ComponentKind.Rendered, Role: MessageRole.None }
            || request.Components[at].Kind != ComponentKind.Rendered
        )
        {
            return false;
        }

        var before = past.TextFrom(at);
        var after = request.Text[request.Components[at].Start..];
        var middle = before[(before.Length / 2)..];
        return before.Length >= 2 * EndBytes
            && after.IndexOf(before[^EndBytes..]) >= 0
            && after.IndexOf(middle[..EndBytes]) >= 0;
    }
}
