using System.Runtime.InteropServices;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Prompts;

/// <summary>Whether one prompt is a changed version of another rather than something else.</summary>
internal static class PromptLikeness
{
    /// <summary>Share of a piece's bytes that have to agree at its two ends.</summary>
    private const double AlikeShare = 0.5;

    /// <summary>Whether two pieces are the same one, changed. Of pieces without text the size decides: a changed clock
    /// keeps it.</summary>
    public static bool Alike(
        ReadOnlySpan<byte> first,
        in PromptComponent a,
        ReadOnlySpan<byte> second,
        in PromptComponent b
    )
    {
        if (a.Kind != b.Kind || a.Role != b.Role)
        {
            return false;
        }

        if (a.Length == 0 || b.Length == 0)
        {
            return a.Size == b.Size;
        }

        var (prefix, suffix) = CommonEnds(first, second);
        return prefix + suffix >= AlikeShare * Math.Max(first.Length, second.Length);
    }

    /// <summary>Bytes that both begin with and, of the rest, end with.</summary>
    public static (int Prefix, int Suffix) CommonEnds(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var prefix = first.CommonPrefixLength(second);
        var suffix = 0;
        var longest = Math.Min(first.Length, second.Length) - prefix;
        while (suffix < longest && first[^(suffix + 1)] == second[^(suffix + 1)])
        {
            suffix++;
        }

        return (prefix, suffix);
    }

    /// <summary>Whether the tools and system prompts of two prompts are versions of each other.</summary>
    public static bool SameStart(PastPrompt past, ServedRequest request)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        var earlier = StableCount(past.Parts);
        var later = StableCount(components);
        if (earlier == 0 || later == 0)
        {
            return false;
        }

        var alike = 0;
        long size = 0;
        for (var i = 0; i < later; i++)
        {
            ref readonly var component = ref components[i];
            size += component.Size;
            for (var j = 0; j < earlier; j++)
            {
                ref readonly var other = ref past.Parts[j];
                if (
                    other.Hash == component.Hash
                    || (i == j && Alike(past.TextOf(other), other, request.TextOf(component), component))
                )
                {
                    alike += component.Size;
                    break;
                }
            }
        }

        return alike > 0 ? alike >= AlikeShare * size : size == 0 && past.Parts[0].Hash == components[0].Hash;
    }

    /// <summary>Leading pieces that every conversation of an application shares: tools and system prompt.</summary>
    public static int StableCount(ReadOnlySpan<PromptComponent> components)
    {
        var count = 0;
        while (count < components.Length && components[count].IsStable)
        {
            count++;
        }

        return count;
    }
}
