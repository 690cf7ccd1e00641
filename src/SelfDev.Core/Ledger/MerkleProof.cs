using System.Numerics;
using System.Security.Cryptography;

namespace SelfDev.Core.Ledger;

/// <summary>
/// Verifiers of RFC 6962 proofs. They take any input, however hostile, and answer false rather than throw. The way of
/// splitting a path into the part inside the last common subtree and the border above it follows
/// transparency-dev/merkle.
/// </summary>
public static class MerkleProof
{
    /// <summary>Whether the leaf stands at <paramref name="index"/> in the tree of that size and root.</summary>
    public static bool VerifyInclusion(
        long index,
        long size,
        ReadOnlySpan<byte> leafHash,
        IReadOnlyList<byte[]> proof,
        ReadOnlySpan<byte> root
    )
    {
        if (index < 0 || index >= size || leafHash.Length != MerkleHash.Size || !HaveHashSize(proof))
        {
            return false;
        }

        var (inner, border) = PathLengths(index, size);
        if (proof.Count != inner + border)
        {
            return false;
        }

        var hash = leafHash.ToArray();
        for (var level = 0; level < proof.Count; level++)
        {
            var isLeftChild = level < inner && ((index >> level) & 1) == 0;
            hash = isLeftChild ? MerkleHash.Node(hash, proof[level]) : MerkleHash.Node(proof[level], hash);
        }

        return Same(hash, root);
    }

    /// <summary>
    /// Whether the tree of the new size and root begins with the tree of the old size and root. Between equal sizes the
    /// proof is empty and the roots are equal; from an empty tree nothing can be proved.
    /// </summary>
    public static bool VerifyConsistency(
        long oldSize,
        long newSize,
        ReadOnlySpan<byte> oldRoot,
        ReadOnlySpan<byte> newRoot,
        IReadOnlyList<byte[]> proof
    )
    {
        if (
            oldSize < 1
            || newSize < oldSize
            || oldRoot.Length != MerkleHash.Size
            || newRoot.Length != MerkleHash.Size
            || !HaveHashSize(proof)
        )
        {
            return false;
        }

        if (oldSize == newSize)
        {
            return proof.Count == 0 && Same(oldRoot, newRoot);
        }

        // The proof is the upper part of the inclusion path of the old tree's last leaf, from the level of its
        // right-most perfect subtree on.
        var (inner, border) = PathLengths(oldSize - 1, newSize);
        var shift = BitOperations.TrailingZeroCount(oldSize);
        inner -= shift;
        var isOldTreePerfect = BitOperations.IsPow2(oldSize);
        var seedCount = isOldTreePerfect ? 0 : 1;
        if (proof.Count != seedCount + inner + border)
        {
            return false;
        }

        var seed = isOldTreePerfect ? oldRoot.ToArray() : proof[0];
        var (oldHash, newHash) = (seed, seed);
        var position = (oldSize - 1) >> shift;
        for (var level = 0; level < inner + border; level++)
        {
            var sibling = proof[seedCount + level];
            var isLeftChild = level < inner && ((position >> level) & 1) == 0;
            if (isLeftChild)
            {
                // What stands to the right of the path came after the old tree.
                newHash = MerkleHash.Node(newHash, sibling);
            }
            else
            {
                oldHash = MerkleHash.Node(sibling, oldHash);
                newHash = MerkleHash.Node(sibling, newHash);
            }
        }

        return Same(oldHash, oldRoot) && Same(newHash, newRoot);
    }

    // Inner: levels below the point where the paths to the leaf and to the last leaf part; border: left siblings above
    // it.
    private static (int Inner, int Border) PathLengths(long index, long size)
    {
        var inner = 64 - BitOperations.LeadingZeroCount((ulong)(index ^ (size - 1)));
        return (inner, BitOperations.PopCount((ulong)index >> inner));
    }

    private static bool HaveHashSize(IReadOnlyList<byte[]> proof) => proof.All(hash => hash.Length == MerkleHash.Size);

    private static bool Same(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        CryptographicOperations.FixedTimeEquals(left, right);
}
