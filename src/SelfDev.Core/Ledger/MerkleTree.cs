namespace SelfDev.Core.Ledger;

/// <summary>
/// A whole RFC 6962 tree in memory, for making proofs: every perfect subtree's hash is kept (64 bytes a leaf), so that
/// a proof of any earlier size costs no hashing of leaves.
/// </summary>
public sealed class MerkleTree
{
    // Level 0 holds the leaves; level h at i the root of leaves [i * 2^h, (i + 1) * 2^h).
    private readonly List<Level> _levels = [new()];

    /// <value>Leaves so far.</value>
    public long Size => _levels[0].Count;

    public void Append(byte[] leafHash)
    {
        var hash = leafHash;
        for (var height = 0; ; height++)
        {
            if (height == _levels.Count)
            {
                _levels.Add(new Level());
            }

            var level = _levels[height];
            level.Add(hash);
            if (level.Count % 2 != 0)
            {
                return;
            }

            hash = MerkleHash.Node(level.Get(level.Count - 2), hash);
        }
    }

    /// <inheritdoc cref="MerkleNode"/>
    public byte[] Node(int level, long index) => _levels[level].Get(index);

    /// <inheritdoc cref="MerklePaths.RootAt"/>
    public byte[] RootAt(long size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Size);
        return MerklePaths.RootAt(size, Node);
    }

    /// <inheritdoc cref="MerklePaths.Inclusion"/>
    public IReadOnlyList<byte[]> InclusionProof(long index, long size)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Size);
        return MerklePaths.Inclusion(index, size, Node);
    }

    /// <inheritdoc cref="MerklePaths.Consistency"/>
    public IReadOnlyList<byte[]> ConsistencyProof(long oldSize, long newSize)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(newSize, Size);
        return MerklePaths.Consistency(oldSize, newSize, Node);
    }

    /// <summary>Hashes of one height, packed: an object for each would take twice the memory.</summary>
    private sealed class Level
    {
        private const int HashesPerBlock = 1024;

        private readonly List<byte[]> _blocks = [];

        public long Count { get; private set; }

        public void Add(ReadOnlySpan<byte> hash)
        {
            var (block, offset) = Math.DivRem(Count, HashesPerBlock);
            if (block == _blocks.Count)
            {
                // The first one grows: a small tree is small.
                _blocks.Add(new byte[(block == 0 ? 16 : HashesPerBlock) * MerkleHash.Size]);
            }

            var bytes = _blocks[(int)block];
            if (offset * MerkleHash.Size == bytes.Length)
            {
                Array.Resize(ref bytes, Math.Min(bytes.Length * 2, HashesPerBlock * MerkleHash.Size));
                _blocks[(int)block] = bytes;
            }

            hash.CopyTo(bytes.AsSpan((int)offset * MerkleHash.Size));
            Count++;
        }

        public byte[] Get(long index)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            var (block, offset) = Math.DivRem(index, HashesPerBlock);
            return _blocks[(int)block].AsSpan((int)offset * MerkleHash.Size, MerkleHash.Size).ToArray();
        }
    }
}
