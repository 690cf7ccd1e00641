namespace SelfDev.Core.Ledger;

/// <summary>Everything a third party needs to check that one entry is in the ledger: the entry, its path, and a signed
/// head.</summary>
/// <param name="Entry">The stored line, the leaf's data.</param>
/// <param name="Path">Inclusion proof, lower-case hex, from the leaf up.</param>
public sealed record LedgerProof(long Index, string Entry, IReadOnlyList<string> Path, SignedTreeHead Head)
{
    /// <summary>Checks path and signature; no access to the ledger is needed.</summary>
    /// <returns>Null when the proof holds, else what is wrong.</returns>
    public string? Verify(LedgerKeys keys, string origin = TreeHeads.DefaultOrigin)
    {
        if (TreeHeads.Verify(Head, origin, keys) is { } wrong)
        {
            return $"The head proves nothing: {wrong}.";
        }

        var path = new List<byte[]>();
        foreach (var hash in Path)
        {
            if (hash.Length != 2 * MerkleHash.Size || !hash.All(char.IsAsciiHexDigit))
            {
                return "The path holds something that is not a hash.";
            }

            path.Add(Convert.FromHexString(hash));
        }

        var leaf = MerkleHash.Leaf(System.Text.Encoding.UTF8.GetBytes(Entry));
        return MerkleProof.VerifyInclusion(Index, Head.TreeSize, leaf, path, Convert.FromHexString(Head.RootHash))
            ? null
            : $"The path does not lead from the entry to the root: it is not entry {Index} of a ledger of "
                + $"{Head.TreeSize}.";
    }

    /// <param name="node">Holds at least the leaves that <paramref name="head"/> covers.</param>
    public static LedgerProof Make(MerkleNode node, long index, string entry, SignedTreeHead head) =>
        new(
            index,
            entry,
            [.. MerklePaths.Inclusion(index, head.TreeSize, node).Select(hash => MerkleHash.ToHex(hash))],
            head
        );
}
