using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace SelfDev.Local.Artifacts;

/// <summary>XXH3 (64 bit) over a blob's content, begun with its place, so that content under another name is seen
/// too.</summary>
internal sealed class BlobChecksum(string container, string name)
{
    private readonly long _seed = unchecked(
        (long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes($"{container}/{name}".AsSpan()))
    );
    private XxHash3? _hash;

    public ulong Of(ReadOnlySpan<byte> content) => XxHash3.HashToUInt64(content, _seed);

    /// <summary>Takes the next part of content that comes in parts.</summary>
    public void Add(ReadOnlySpan<byte> part) => (_hash ??= new XxHash3(_seed)).Append(part);

    /// <returns>Of the parts so far.</returns>
    public ulong OfParts() => (_hash ??= new XxHash3(_seed)).GetCurrentHashAsUInt64();
}
