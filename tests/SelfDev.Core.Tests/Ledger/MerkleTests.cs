using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Ledger;

namespace SelfDev.Core.Tests.Ledger;

public class MerkleTests
{
    // The reference tree of Certificate Transparency (certificate-transparency/test/testdata, used by
    // transparency-dev/merkle too).
    private static readonly byte[][] Leaves =
    [
        .. new[]
        {
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        }.Select(Convert.FromHexString),
    ];

    private static readonly string[] Roots =
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    private static readonly byte[] SomeHash = Convert.FromHexString(
        "abacaba000000000000000000000000000000000000000000060061e00123456"
    );

    [Fact]
    public void Roots_are_those_of_the_reference_tree()
    {
        var frontier = new MerkleFrontier();
        var tree = new MerkleTree();
        Assert.Equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", frontier.RootHex());
        for (var size = 1; size <= Leaves.Length; size++)
        {
            frontier.Append(MerkleHash.Leaf(Leaves[size - 1]));
            tree.Append(MerkleHash.Leaf(Leaves[size - 1]));
            Assert.Equal(Roots[size - 1], frontier.RootHex());
            Assert.Equal(Roots[size - 1], MerkleHash.ToHex(tree.RootAt(size)));
        }
    }

    // Published inclusion paths: 0-based leaf, size, path.
    [Theory]
    [InlineData(0, 1, "")]
    [InlineData(
        0,
        8,
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7 "
            + "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e "
            + "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
    )]
    [InlineData(
        5,
        8,
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b "
            + "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0 "
            + "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    )]
    [InlineData(2, 3, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")]
    [InlineData(
        1,
        5,
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d "
            + "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e "
            + "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
    )]
    public void Inclusion_proofs_are_the_published_ones(int index, int size, string path) =>
        Assert.Equal(Hashes(path), ReferenceTree().InclusionProof(index, size));

    [Theory]
    [InlineData(1, 1, "")]
    [InlineData(
        1,
        8,
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7 "
            + "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e "
            + "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
    )]
    [InlineData(
        6,
        8,
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a "
            + "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0 "
            + "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    )]
    [InlineData(
        2,
        5,
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e "
            + "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
    )]
    [InlineData(
        6,
        7,
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a "
            + "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f "
            + "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
    )]
    public void Consistency_proofs_are_the_published_ones(int oldSize, int newSize, string path) =>
        Assert.Equal(Hashes(path), ReferenceTree().ConsistencyProof(oldSize, newSize));

    [Fact]
    public void Every_proof_of_every_small_tree_verifies_and_no_corrupted_one_does()
    {
        var tree = new MerkleTree();
        for (var leaf = 0; leaf < 33; leaf++)
        {
            tree.Append(MerkleHash.Leaf([(byte)leaf]));
        }

        for (var size = 1; size <= 33; size++)
        {
            var root = tree.RootAt(size);
            for (var index = 0; index < size; index++)
            {
                var leaf = MerkleHash.Leaf([(byte)index]);
                var path = tree.InclusionProof(index, size);
                Assert.True(path.Count <= Math.Ceiling(Math.Log2(size)));
                Assert.True(MerkleProof.VerifyInclusion(index, size, leaf, path, root), $"leaf {index} of {size}");
                foreach (var (what, probe) in CorruptInclusion(index, size, leaf, path, root))
                {
                    Assert.False(probe, $"leaf {index} of {size}: {what}");
                }
            }

            for (var oldSize = 1; oldSize <= size; oldSize++)
            {
                var oldRoot = tree.RootAt(oldSize);
                var proof = tree.ConsistencyProof(oldSize, size);
                Assert.True(MerkleProof.VerifyConsistency(oldSize, size, oldRoot, root, proof), $"{oldSize} to {size}");
                foreach (var (what, probe) in CorruptConsistency(oldSize, size, oldRoot, root, proof))
                {
                    Assert.False(probe, $"{oldSize} to {size}: {what}");
                }
            }
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(-1, 1)]
    [InlineData(long.MaxValue - 1, long.MaxValue)]
    public void Senseless_inclusion_claims_are_false(long index, long size)
    {
        Assert.False(MerkleProof.VerifyInclusion(index, size, SomeHash, [], MerkleHash.Empty));
        Assert.False(MerkleProof.VerifyInclusion(index, size, [], [], SomeHash));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    [InlineData(-1, 5)]
    public void Senseless_consistency_claims_are_false(long oldSize, long newSize) =>
        Assert.False(MerkleProof.VerifyConsistency(oldSize, newSize, SomeHash, SomeHash, []));

    // Neither root nor leaf is taken for a hash because it equals itself: a hash has 32 bytes.
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(31)]
    [InlineData(33)]
    [InlineData(100)]
    public void What_is_no_hash_proves_nothing(int length)
    {
        var other = new byte[length];
        Assert.False(MerkleProof.VerifyInclusion(0, 1, other, [], other));
        Assert.False(MerkleProof.VerifyInclusion(0, 2, other, [SomeHash], SomeHash));
        Assert.False(MerkleProof.VerifyConsistency(1, 1, other, other, []));
        Assert.False(
            MerkleProof.VerifyConsistency(
                1,
                2,
                other,
                length <= 32 ? MerkleHash.Node(other, SomeHash) : SomeHash,
                [SomeHash]
            )
        );
        Assert.False(MerkleProof.VerifyConsistency(1, 2, SomeHash, other, [SomeHash]));
    }

    // Around the length from which on a buffer is lent, which still holds what somebody else wrote into it.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_022)]
    [InlineData(1_023)]
    [InlineData(1_024)]
    [InlineData(1_025)]
    [InlineData(2_047)]
    [InlineData(2_048)]
    [InlineData(60_000)]
    public void The_hash_of_a_leaf_is_that_of_the_RFC_at_any_length(int length)
    {
        var data = Enumerable.Range(0, length).Select(at => (byte)(at * 7)).ToArray();
        var lent = System.Buffers.ArrayPool<byte>.Shared.Rent(length + 1);
        Array.Fill(lent, (byte)0xee);
        System.Buffers.ArrayPool<byte>.Shared.Return(lent);
        Assert.Equal(System.Security.Cryptography.SHA256.HashData([0, .. data]), MerkleHash.Leaf(data));
    }

    [Fact]
    public void The_hash_of_a_long_entry_takes_no_memory_of_its_length()
    {
        var data = new byte[60_000];
        MerkleHash.Leaf(data);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var time = 0; time < 10; time++)
        {
            MerkleHash.Leaf(data);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10 * 1_000);
    }

    [Fact]
    public void A_proof_of_what_the_tree_does_not_hold_is_refused_by_the_name_of_what_is_wrong()
    {
        var tree = ReferenceTree();
        Assert.Throws<ArgumentOutOfRangeException>("size", () => tree.RootAt(9));
        Assert.Throws<ArgumentOutOfRangeException>("size", () => tree.RootAt(-1));
        Assert.Throws<ArgumentOutOfRangeException>("size", () => tree.InclusionProof(8, 9));
        Assert.Throws<ArgumentOutOfRangeException>("index", () => tree.InclusionProof(8, 8));
        Assert.Throws<ArgumentOutOfRangeException>("index", () => tree.InclusionProof(-1, 8));
        Assert.Throws<ArgumentOutOfRangeException>("index", () => tree.InclusionProof(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>("newSize", () => tree.ConsistencyProof(3, 9));
        Assert.Throws<ArgumentOutOfRangeException>("oldSize", () => tree.ConsistencyProof(0, 8));
        Assert.Throws<ArgumentOutOfRangeException>("oldSize", () => tree.ConsistencyProof(5, 4));
        Assert.Throws<ArgumentOutOfRangeException>("index", () => tree.Node(0, 8));
        Assert.Throws<ArgumentOutOfRangeException>("index", () => tree.Node(0, -1));
        Assert.Equal(MerkleHash.Empty, tree.RootAt(0));
    }

    [Fact]
    public void A_node_cannot_pass_as_a_leaf()
    {
        var (left, right) = (MerkleHash.Leaf([1]), MerkleHash.Leaf([2]));
        Assert.NotEqual(MerkleHash.Node(left, right), MerkleHash.Leaf([.. left, .. right]));
    }

    [Fact]
    public void A_frontier_taken_up_from_kept_hashes_goes_on_as_the_one_that_made_them()
    {
        var tree = new MerkleTree();
        var frontier = new MerkleFrontier();
        var kept = new Dictionary<(int, long), byte[]>();
        for (var size = 1; size <= 2_500; size++)
        {
            var completed = new List<MerkleSubtree>();
            tree.Append(MerkleHash.Leaf(BitConverter.GetBytes(size)));
            frontier.Append(MerkleHash.Leaf(BitConverter.GetBytes(size)), completed);
            completed.ForEach(subtree => kept.Add((subtree.Level, subtree.Index), subtree.Hash));

            Assert.Equal(frontier.RootHex(), MerkleHash.ToHex(tree.RootAt(size)));
            var again = MerkleFrontier.At(size, (level, index) => kept[(level, index)]);
            Assert.Equal((frontier.Size, frontier.RootHex()), (again.Size, again.RootHex()));
            var copy = again.Copy();
            copy.Append(MerkleHash.Leaf([]));
            Assert.NotEqual(copy.RootHex(), again.RootHex());
            Assert.Equal(size, again.Size);
        }

        Assert.All(kept, subtree => Assert.Equal(subtree.Value, tree.Node(subtree.Key.Item1, subtree.Key.Item2)));
        Assert.Equal(4_995, kept.Count); // 2 * 2,500 less the digits of 2,500 that are one
    }

    [Fact]
    public void The_frontier_agrees_with_the_definition_of_the_RFC() =>
        Prop.ForAll(
                Gen.Choose(0, 200).ToArbitrary(),
                count =>
                {
                    var leaves = Enumerable.Range(0, count).Select(number => BitConverter.GetBytes(number)).ToArray();
                    var frontier = new MerkleFrontier();
                    foreach (var leaf in leaves)
                    {
                        frontier.Append(MerkleHash.Leaf(leaf));
                    }

                    return frontier.Root().SequenceEqual(DefinitionOfRoot(leaves));
                }
            )
            .QuickCheckThrowOnFailure();

    // RFC 6962 section 2.1, word for word.
    private static byte[] DefinitionOfRoot(ReadOnlySpan<byte[]> leaves)
    {
        if (leaves.Length == 0)
        {
            return System.Security.Cryptography.SHA256.HashData([]);
        }

        if (leaves.Length == 1)
        {
            return System.Security.Cryptography.SHA256.HashData([0, .. leaves[0]]);
        }

        var split = 1;
        while (split * 2 < leaves.Length)
        {
            split *= 2;
        }

        return System.Security.Cryptography.SHA256.HashData([
            1,
            .. DefinitionOfRoot(leaves[..split]),
            .. DefinitionOfRoot(leaves[split..]),
        ]);
    }

    // The kinds of negatives that transparency-dev/merkle keeps in its testdata.
    private static IEnumerable<(string What, bool Verified)> CorruptInclusion(
        long index,
        long size,
        byte[] leaf,
        IReadOnlyList<byte[]> path,
        byte[] root
    )
    {
        yield return ("leaf index - 1", MerkleProof.VerifyInclusion(index - 1, size, leaf, path, root));
        yield return ("leaf index + 1", MerkleProof.VerifyInclusion(index + 1, size, leaf, path, root));
        yield return ("leaf index ^ 2", MerkleProof.VerifyInclusion(index ^ 2, size, leaf, path, root));
        yield return ("size * 2", MerkleProof.VerifyInclusion(index, size * 2, leaf, path, root));
        yield return ("size / 2", MerkleProof.VerifyInclusion(index, size / 2, leaf, path, root));
        yield return ("wrong leaf", MerkleProof.VerifyInclusion(index, size, SomeHash, path, root));
        yield return ("short leaf", MerkleProof.VerifyInclusion(index, size, leaf.AsSpan(1), path, root));
        yield return ("empty root", MerkleProof.VerifyInclusion(index, size, leaf, path, MerkleHash.Empty));
        yield return ("no root", MerkleProof.VerifyInclusion(index, size, leaf, path, []));
        yield return ("trailing garbage", MerkleProof.VerifyInclusion(index, size, leaf, [.. path, []], root));
        yield return ("trailing root", MerkleProof.VerifyInclusion(index, size, leaf, [.. path, root], root));
        yield return (
            "preceding garbage",
            MerkleProof.VerifyInclusion(
                index,
                size,
                leaf,
                [
                    [],
                    .. path,
                ],
                root
            )
        );
        yield return ("preceding root", MerkleProof.VerifyInclusion(index, size, leaf, [root, .. path], root));
        for (var element = 0; element < path.Count; element++)
        {
            yield return (
                $"bit of element {element}",
                MerkleProof.VerifyInclusion(index, size, leaf, WithFlippedBit(path, element), root)
            );
        }

        if (path.Count > 0)
        {
            yield return (
                "removed element",
                MerkleProof.VerifyInclusion(index, size, leaf, [.. path.Take(path.Count - 1)], root)
            );
            yield return (
                "inserted element",
                MerkleProof.VerifyInclusion(index, size, leaf, [path[0], SomeHash, .. path.Skip(1)], root)
            );
        }
    }

    private static IEnumerable<(string What, bool Verified)> CorruptConsistency(
        long oldSize,
        long newSize,
        byte[] oldRoot,
        byte[] newRoot,
        IReadOnlyList<byte[]> proof
    )
    {
        yield return ("wrong old root", MerkleProof.VerifyConsistency(oldSize, newSize, SomeHash, newRoot, proof));
        yield return ("wrong new root", MerkleProof.VerifyConsistency(oldSize, newSize, oldRoot, SomeHash, proof));
        yield return ("no roots", MerkleProof.VerifyConsistency(oldSize, newSize, [], [], proof));
        yield return (
            "trailing garbage",
            MerkleProof.VerifyConsistency(oldSize, newSize, oldRoot, newRoot, [.. proof, []])
        );
        yield return (
            "trailing root",
            MerkleProof.VerifyConsistency(oldSize, newSize, oldRoot, newRoot, [.. proof, newRoot])
        );
        yield return (
            "preceding garbage",
            MerkleProof.VerifyConsistency(
                oldSize,
                newSize,
                oldRoot,
                newRoot,
                [
                    [],
                    .. proof,
                ]
            )
        );
        yield return (
            "preceding old root",
            MerkleProof.VerifyConsistency(oldSize, newSize, oldRoot, newRoot, [oldRoot, .. proof])
        );
        if (proof.Count == 0)
        {
            yield break;
        }

        yield return ("old size - 1", MerkleProof.VerifyConsistency(oldSize - 1, newSize, oldRoot, newRoot, proof));
        yield return ("old size + 1", MerkleProof.VerifyConsistency(oldSize + 1, newSize, oldRoot, newRoot, proof));
        yield return ("new size * 2", MerkleProof.VerifyConsistency(oldSize, newSize * 2, oldRoot, newRoot, proof));
        yield return ("new size / 2", MerkleProof.VerifyConsistency(oldSize, newSize / 2, oldRoot, newRoot, proof));
        yield return ("swapped roots", MerkleProof.VerifyConsistency(oldSize, newSize, newRoot, oldRoot, proof));
        yield return ("empty proof", MerkleProof.VerifyConsistency(oldSize, newSize, oldRoot, newRoot, []));
        yield return (
            "first element twice",
            MerkleProof.VerifyConsistency(oldSize, newSize, oldRoot, newRoot, [proof[0], .. proof])
        );
        yield return (
            "truncated",
            MerkleProof.VerifyConsistency(oldSize, newSize, oldRoot, newRoot, [.. proof.Take(proof.Count - 1)])
        );
        for (var element = 0; element < proof.Count; element++)
        {
            yield return (
                $"bit of element {element}",
                MerkleProof.VerifyConsistency(oldSize, newSize, oldRoot, newRoot, WithFlippedBit(proof, element))
            );
        }
    }

    private static List<byte[]> WithFlippedBit(IReadOnlyList<byte[]> proof, int element)
    {
        var copy = proof.ToList();
        copy[element] = [.. copy[element]];
        copy[element][0] ^= 16;
        return copy;
    }

    private static MerkleTree ReferenceTree()
    {
        var tree = new MerkleTree();
        foreach (var leaf in Leaves)
        {
            tree.Append(MerkleHash.Leaf(leaf));
        }

        return tree;
    }

    private static IEnumerable<byte[]> Hashes(string path) =>
        path.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Convert.FromHexString);
}
