using System.IO.Hashing;

namespace SelfDev.Core.Serving.Model;

/// <summary>
/// 128 bits by which pieces of prompts, ids and names are told apart within one artifact (XXH3,
/// github.com/Cyan4973/xxHash): a log repeats its prompts with every request, so this is done to every byte of it. Not
/// proof against forgery: who can make two pieces collide can write any other lie into the log as well. What reports
/// show of text is hashed by SHA-256.
/// </summary>
internal static class Fingerprint
{
    public static UInt128 Of(ReadOnlySpan<byte> bytes) => XxHash128.HashToUInt128(bytes);

    /// <summary>Of a sequence, from that of its beginning and that of its next element.</summary>
    public static UInt128 Mix(UInt128 sequence, UInt128 next)
    {
        var low = ((ulong)sequence ^ 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9;
        var high = ((ulong)(sequence >> 64) + 0x94D049BB133111EB) * 0xD6E8FEB86659FD93;
        return new UInt128(high ^ (low >> 29), low ^ (high >> 31)) * 3 + next;
    }
}
