using System.Buffers;
using System.Security.Cryptography;

namespace SelfDev.Core.Ledger;

/// <summary>
/// Hashes of RFC 6962 section 2.1: a leaf is <c>SHA-256(0x00 || data)</c>, an inner node <c>SHA-256(0x01 || left ||
/// right)</c>. The prefixes keep a node from passing as a leaf.
/// </summary>
public static class MerkleHash
{
    /// <summary>Bytes of a hash.</summary>
    public const int Size = SHA256.HashSizeInBytes;

    private const byte LeafPrefix = 0;
    private const byte NodePrefix = 1;

    /// <summary>Root of the tree without entries: SHA-256 of nothing.</summary>
    public static byte[] Empty => SHA256.HashData([]);

    public static byte[] Leaf(ReadOnlySpan<byte> data)
    {
        // In one piece: an incremental hash costs several times the hashing of an entry.
        var rented = data.Length < 1024 ? null : ArrayPool<byte>.Shared.Rent(data.Length + 1);
        var content = rented ?? stackalloc byte[1024];
        content[0] = LeafPrefix;
        data.CopyTo(content[1..]);
        var hash = SHA256.HashData(content[..(data.Length + 1)]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return hash;
    }

    /// <param name="left">32 bytes.</param>
    /// <param name="right">32 bytes.</param>
    public static byte[] Node(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> content = stackalloc byte[1 + (2 * Size)];
        content[0] = NodePrefix;
        left.CopyTo(content[1..]);
        right.CopyTo(content[(1 + Size)..]);
        return SHA256.HashData(content);
    }

    /// <summary>Lower-case hex, as reports and receipts show hashes.</summary>
    public static string ToHex(ReadOnlySpan<byte> hash) => Convert.ToHexStringLower(hash);
}
