using System.Numerics;

namespace SelfDev.Core.Ledger;

/// <summary>
/// A whole RFC 6962 tree in memory, for making proofs: every perfect subtree's hash is kept (about two hashes a leaf), so
/// that a proof of any earlier size costs no hashing of leaves.
/// </summary>
public sealed class MerkleTree
{
    // Level 0 holds the leaves; level h at i the root of leaves [i * 2^h, (i + 1) * 2^h).
    private readonly List<List<byte[]>> _levels = [[]];

    /// <value>Leaves so far.</value>
    public long Size => _levels[0].Count;

    public void Append(byte[] leafHash)
    {
        var hash = leafHash;
        for (var level = 0; ; level++)
        {
            if (level == _levels.Count)
            {
                _levels.Add([]);
            }

            var nodes = _levels[level];
            nodes.Add(hash);
            if (nodes.Count % 2 != 0)
            {
                return;
            }

            hash = MerkleHash.Node(nodes[^2], nodes[^1]);
        }
    }

    /// <summary>Root when the tree had <paramref name="size"/> leaves.</summary>
    public byte[] RootAt(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Size);
        return size == 0 ? MerkleHash.Empty : RootOf(0, size);
    }

    /// <summary>Audit path of a leaf (RFC 6962 section 2.1.1), from the leaf's sibling up; at most ceil(log2(size)) hashes.</summary>
    public IReadOnlyList<byte[]> InclusionProof(long index, long size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Size);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var path = new List<byte[]>();
        var (from, to) = (0L, size);
        while (to - from > 1)
        {
            var middle = from + Split(to - from);
            if (index < middle)
            {
                path.Add(RootOf(middle, to));
                to = middle;
            }
            else
            {
                path.Add(RootOf(from, middle));
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
    public IReadOnlyList<byte[]> ConsistencyProof(long oldSize, long newSize)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newSize, Size);
        ArgumentOutOfRangeException.ThrowIfLessThan(oldSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        var proof = new List<byte[]>();
        var (from, to) = (0L, newSize);
        while (oldSize < to)
        {
            var middle = from + Split(to - from);
            if (oldSize <= middle)
            {
                proof.Add(RootOf(middle, to));
                to = middle;
            }
            else
            {
                proof.Add(RootOf(from, middle));
                from = middle;
            }
        }

        // The old tree's own right-most perfect subtree starts the path, unless it is the whole old tree, which the verifier knows.
        if (from > 0)
        {
            proof.Add(RootOf(from, to));
        }

        proof.Reverse();
        return proof;
    }

    // The largest power of two below size; size is 2 or more.
    private static long Split(long size) => 1L << BitOperations.Log2((ulong)(size - 1));

    private byte[] RootOf(long from, long to)
    {
        var size = to - from;
        if (BitOperations.IsPow2(size))
        {
            var level = BitOperations.Log2((ulong)size);
            return _levels[level][checked((int)(from >> level))];
        }

        var middle = from + Split(size);
        return MerkleHash.Node(RootOf(from, middle), RootOf(middle, to));
    }
}
