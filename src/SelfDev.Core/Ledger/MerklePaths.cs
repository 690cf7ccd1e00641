using System.Numerics;

namespace SelfDev.Core.Ledger;

/// <summary>Hash of the perfect subtree over leaves <c>[index * 2^level, (index + 1) * 2^level)</c>; level 0 is the
/// leaf itself.</summary>
public delegate byte[] MerkleNode(int level, long index);

/// <summary>A perfect subtree that is complete, named as <see cref="MerkleNode"/> does.</summary>
public readonly record struct MerkleSubtree(int Level, long Index, byte[] Hash);

/// <summary>
/// Roots and proofs of RFC 6962, from the hashes of perfect subtrees, wherever those are kept. Each takes about as many
/// of them as the size has binary digits, so no proof reads a whole ledger.
/// </summary>
public static class MerklePaths
{
    /// <summary>Root when the tree had <paramref name="size"/> leaves.</summary>
    /// <param name="node">Holds at least those leaves.</param>
    public static byte[] RootAt(long size, MerkleNode node)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return size == 0 ? MerkleHash.Empty : RootOf(0, size, node);
    }

    /// <summary>Audit path of a leaf (RFC 6962 section 2.1.1), from the leaf's sibling up; at most ceil(log2(size))
    /// hashes.</summary>
    public static IReadOnlyList<byte[]> Inclusion(long index, long size, MerkleNode node)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var path = new List<byte[]>();
        var (from, to) = (0L, size);
        while (to - from > 1)
        {
            var middle = from + Split(to - from);
            if (index < middle)
            {
                path.Add(RootOf(middle, to, node));
                to = middle;
            }
            else
            {
                path.Add(RootOf(from, middle, node));
                from = middle;
            }
        }

        path.Reverse();
        return path;
    }

    /// <summary>
    /// Proof that the first <paramref name="oldSize"/> leaves of the tree at <paramref name="newSize"/> are the tree at
    /// the old size (RFC 6962 section 2.1.2); empty when the sizes are equal.
    /// </summary>
    /// <param name="oldSize">1 or more: from an empty tree there is nothing to prove.</param>
    public static IReadOnlyList<byte[]> Consistency(long oldSize, long newSize, MerkleNode node)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(oldSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        var proof = new List<byte[]>();
        var (from, to) = (0L, newSize);
        while (oldSize < to)
        {
            var middle = from + Split(to - from);
            if (oldSize <= middle)
            {
                proof.Add(RootOf(middle, to, node));
                to = middle;
            }
            else
            {
                proof.Add(RootOf(from, middle, node));
                from = middle;
            }
        }

        // The old tree's own right-most perfect subtree starts the path, unless it is the whole old tree, which the
        // verifier knows.
        if (from > 0)
        {
            proof.Add(RootOf(from, to, node));
        }

        proof.Reverse();
        return proof;
    }

    /// <summary>The perfect subtrees that the first <paramref name="size"/> leaves are made of, largest
    /// first.</summary>
    internal static IEnumerable<(int Level, long Index)> Peaks(long size)
    {
        var from = 0L;
        for (var level = 62; level >= 0; level--)
        {
            if (((size >> level) & 1) == 1)
            {
                yield return (level, from >> level);
                from += 1L << level;
            }
        }
    }

    // The largest power of two below size; size is 2 or more.
    private static long Split(long size) => 1L << BitOperations.Log2((ulong)(size - 1));

    private static byte[] RootOf(long from, long to, MerkleNode node)
    {
        var size = to - from;
        if (BitOperations.IsPow2(size))
        {
            var level = BitOperations.Log2((ulong)size);
            return node(level, from >> level);
        }

        var middle = from + Split(size);
        return MerkleHash.Node(RootOf(from, middle, node), RootOf(middle, to, node));
    }
}
