using System.Runtime.InteropServices;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Evaluation.Model;

/// <summary>
/// 64 bits that stand for a text within one analysis: the same on every machine, never 0. Among a million texts two
/// collide with a chance of 3e-8; who makes them collide on purpose makes two of his own samples count as one.
/// </summary>
internal static class TextHash
{
    public static ulong Of(ReadOnlySpan<char> text)
    {
        var hash = 0x9E3779B97F4A7C15 ^ (ulong)text.Length;
        var words = MemoryMarshal.Cast<char, ulong>(text);
        foreach (var word in words)
        {
            hash = RandomStream.Mix(hash ^ word) + 0x9E3779B97F4A7C15;
        }

        foreach (var rest in text[(words.Length * 4)..])
        {
            hash = RandomStream.Mix(hash ^ rest) + 0x9E3779B97F4A7C15;
        }

        hash = RandomStream.Mix(hash);
        return hash == 0 ? 1 : hash;
    }
}
