using System.Numerics;

namespace SelfDev.Core.Ledger;

/// <summary>
/// All that is needed of an RFC 6962 tree to append and to know the root: the roots of the perfect subtrees along its
/// right edge, at most 64 hashes ("compact range", transparency-dev/merkle docs/compact_ranges.md). Append costs
/// amortised one hash, the root at most log2(n).
/// </summary>
public sealed class MerkleFrontier
{
    // Largest subtree first; their sizes are the powers of two that make up the size.
    private readonly List<byte[]> _subtrees = [];

    /// <value>Leaves so far.</value>
    public long Size { get; private set; }

    /// <summary>The right edge of a tree whose hashes are kept elsewhere.</summary>
    /// <param name="node">Holds at least <paramref name="size"/> leaves.</param>
    public static MerkleFrontier At(long size, MerkleNode node)
    {
        var frontier = new MerkleFrontier { Size = size };
        frontier._subtrees.AddRange(MerklePaths.Peaks(size).Select(peak => node(peak.Level, peak.Index)));
        return frontier;
    }

    /// <summary>The same tree, to be appended to apart from this one.</summary>
    public MerkleFrontier Copy()
    {
        var copy = new MerkleFrontier { Size = Size };
        copy._subtrees.AddRange(_subtrees);
        return copy;
    }

    /// <param name="leafHash">Of <see cref="MerkleHash.Leaf"/>.</param>
    /// <param name="completed">Takes the perfect subtrees that end with this leaf, smallest first, the leaf itself
    /// included; null: nobody wants them.</param>
    public void Append(byte[] leafHash, ICollection<MerkleSubtree>? completed = null)
    {
        var hash = leafHash;
        completed?.Add(new MerkleSubtree(0, Size, hash));
        for (int level = 1, merges = BitOperations.TrailingZeroCount(~Size); level <= merges; level++)
        {
            hash = MerkleHash.Node(_subtrees[^1], hash);
            _subtrees.RemoveAt(_subtrees.Count - 1);
            completed?.Add(new MerkleSubtree(level, Size >> level, hash));
        }

        _subtrees.Add(hash);
        Size++;
    }

    public byte[] Root()
    {
        if (_subtrees.Count == 0)
        {
            return MerkleHash.Empty;
        }

        var root = _subtrees[^1];
        for (var index = _subtrees.Count - 2; index >= 0; index--)
        {
            root = MerkleHash.Node(_subtrees[index], root);
        }

        return root;
    }

    public string RootHex() => MerkleHash.ToHex(Root());
}
