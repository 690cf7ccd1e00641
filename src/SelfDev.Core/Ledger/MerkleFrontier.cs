using System.Numerics;

namespace SelfDev.Core.Ledger;

/// <summary>
/// All that is needed of an RFC 6962 tree to append and to know the root: the roots of the perfect subtrees along its
/// right edge, at most 64 hashes ("compact range", transparency-dev/merkle docs/compact_ranges.md). Append costs amortised
/// one hash, the root at most log2(n).
/// </summary>
public sealed class MerkleFrontier
{
    // Largest subtree first; their sizes are the powers of two that make up the size.
    private readonly List<byte[]> _subtrees = [];

    /// <value>Leaves so far.</value>
    public long Size { get; private set; }

    /// <param name="leafHash">Of <see cref="MerkleHash.Leaf"/>.</param>
    public void Append(byte[] leafHash)
    {
        var hash = leafHash;
        for (var merges = BitOperations.TrailingZeroCount(~Size); merges > 0; merges--)
        {
            hash = MerkleHash.Node(_subtrees[^1], hash);
            _subtrees.RemoveAt(_subtrees.Count - 1);
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
