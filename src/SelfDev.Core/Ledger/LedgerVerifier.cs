namespace SelfDev.Core.Ledger;

/// <summary>
/// Checks a whole ledger: every entry's form, index and key, the root of every signed head, and older heads that were
/// kept elsewhere. Anybody can run it; nobody has to be trusted but the holder of the signing key, and with an anchored
/// head not even that one.
/// </summary>
public static class LedgerVerifier
{
    /// <param name="entries">Stored lines in order, without line feeds.</param>
    /// <param name="heads">As stored, oldest first.</param>
    /// <param name="anchors">Heads noted earlier and kept where the ledger's writer cannot reach; they catch a rewrite
    /// that is signed anew.</param>
    public static async Task<LedgerVerification> VerifyAsync(
        IAsyncEnumerable<ReadOnlyMemory<byte>> entries,
        IAsyncEnumerable<SignedTreeHead> heads,
        LedgerKeys keys,
        IReadOnlyList<SignedTreeHead> anchors,
        string origin = TreeHeads.DefaultOrigin,
        CancellationToken cancellation = default
    )
    {
        var problems = new List<LedgerProblem>();
        var claims = new List<HeadClaim>();
        await foreach (var head in heads.WithCancellation(cancellation))
        {
            CheckHead(head, claims.Count, claims.LastOrDefault()?.Head, origin, keys, problems);
            claims.Add(new HeadClaim(claims.Count, head, IsAnchor: false));
        }

        var lastHead = claims.LastOrDefault()?.Head;
        var headCount = claims.Count;
        foreach (var anchor in anchors)
        {
            if (TreeHeads.Verify(anchor, origin, keys) is { } wrong)
            {
                problems.Add(
                    new LedgerProblem(
                        LedgerProblemKind.BadSignature,
                        null,
                        null,
                        $"The anchored head of size {anchor.TreeSize} is no proof: {wrong}."
                    )
                );
            }

            claims.Add(new HeadClaim(headCount, anchor, IsAnchor: true));
        }

        var bySize = claims.Where(claim => claim.Head.TreeSize >= 0).ToLookup(claim => claim.Head.TreeSize);
        var walk = new Walk(bySize, problems);
        await foreach (var line in entries.WithCancellation(cancellation))
        {
            walk.Next(line.Span);
        }

        walk.End(claims);
        var unsigned = Math.Max(0, walk.Size - Math.Max(0, lastHead?.TreeSize ?? 0));
        return new LedgerVerification(walk.Size, walk.RootHex(), headCount, unsigned, problems);
    }

    private static void CheckHead(
        SignedTreeHead head,
        int number,
        SignedTreeHead? previous,
        string origin,
        LedgerKeys keys,
        List<LedgerProblem> problems
    )
    {
        if (TreeHeads.Verify(head, origin, keys) is { } wrong)
        {
            problems.Add(
                new LedgerProblem(
                    LedgerProblemKind.BadSignature,
                    null,
                    number,
                    $"Head {number} (size {head.TreeSize}) is not to be trusted: {wrong}."
                )
            );
        }

        if (previous is not null && head.TreeSize <= previous.TreeSize)
        {
            problems.Add(
                new LedgerProblem(
                    LedgerProblemKind.HeadsOutOfOrder,
                    null,
                    number,
                    $"Head {number} has size {head.TreeSize}, the one before it {previous.TreeSize}: heads only grow."
                )
            );
        }
    }

    private sealed record HeadClaim(int Number, SignedTreeHead Head, bool IsAnchor)
    {
        public string Name =>
            IsAnchor ? $"the anchored head of size {Head.TreeSize}" : $"head {Number} (size {Head.TreeSize})";

        public int? HeadNumber => IsAnchor ? null : Number;
    }

    private sealed class Walk(ILookup<long, HeadClaim> claims, List<LedgerProblem> problems)
    {
        private readonly MerkleFrontier _tree = new();
        private readonly Dictionary<string, long> _keys = new(StringComparer.Ordinal);
        private long _provenSize;
        private bool _diverged;
        private bool _shifted;

        public long Size => _tree.Size;

        public string RootHex() => _tree.RootHex();

        public void Next(ReadOnlySpan<byte> line)
        {
            var position = _tree.Size;
            var reading = LedgerEntryFormat.Parse(line);
            if (reading.Error is not null)
            {
                problems.Add(
                    new LedgerProblem(
                        LedgerProblemKind.BadEntry,
                        position,
                        null,
                        $"Entry {position} is damaged: {reading.Error}"
                    )
                );
            }

            CheckIndex(position, reading.Index);
            if (reading.Entry is { } entry && !_keys.TryAdd(entry.Key, position))
            {
                problems.Add(
                    new LedgerProblem(
                        LedgerProblemKind.DuplicateKey,
                        position,
                        null,
                        $"Entry {position} has the key of entry {_keys[entry.Key]}: one step is recorded twice."
                    )
                );
            }

            _tree.Append(MerkleHash.Leaf(line));
            CheckClaims();
        }

        public void End(IReadOnlyList<HeadClaim> all)
        {
            var beyond = all.Where(claim => claim.Head.TreeSize > Size).MaxBy(claim => claim.Head.TreeSize);
            if (beyond is not null)
            {
                problems.Add(
                    new LedgerProblem(
                        beyond.IsAnchor ? LedgerProblemKind.Rewritten : LedgerProblemKind.Truncated,
                        Size,
                        beyond.HeadNumber,
                        $"{(beyond.IsAnchor ? "The ledger was rolled back: it" : "The ledger")} ends after {Size} "
                            + $"entries, yet {beyond.Name} covers {beyond.Head.TreeSize}: entries {Size} to "
                            + $"{beyond.Head.TreeSize - 1} are gone."
                    )
                );
            }
        }

        // After a gap every later index is off by the same; the first one says it all.
        private void CheckIndex(long position, long? index)
        {
            if (index is null || index == position || _shifted)
            {
                return;
            }

            _shifted = true;
            problems.Add(
                new LedgerProblem(
                    LedgerProblemKind.OutOfPlace,
                    position,
                    null,
                    $"Entry {position} says that it is entry {index}: "
                        + $"{(index > position ? "an entry before it was deleted or moved" : "an entry was inserted or moved")}."
                )
            );
        }

        // Once a root differs all later ones do; what lies between the last good head and the first bad one is where to
        // look.
        private void CheckClaims()
        {
            var size = _tree.Size;
            if (!claims.Contains(size))
            {
                return;
            }

            var root = _tree.RootHex();
            foreach (var claim in claims[size])
            {
                if (claim.Head.RootHash == root)
                {
                    continue;
                }

                if (!_diverged || claim.IsAnchor)
                {
                    var place =
                        size - _provenSize == 1
                            ? $"entry {size - 1}"
                            : $"one of the entries {_provenSize} to {size - 1}";
                    problems.Add(
                        new LedgerProblem(
                            claim.IsAnchor ? LedgerProblemKind.Rewritten : LedgerProblemKind.RootMismatch,
                            _diverged ? null : _provenSize,
                            claim.HeadNumber,
                            $"{(claim.IsAnchor ? "The ledger was forked: its" : "The")} first {size} entries have root "
                                + $"{root}, {claim.Name} says {claim.Head.RootHash}: {place} was changed after it was "
                                + $"signed."
                        )
                    );
                }

                _diverged |= !claim.IsAnchor;
            }

            if (claims[size].All(claim => claim.Head.RootHash == root))
            {
                _provenSize = size;
            }
        }
    }
}

/// <param name="RootHash">Lower-case hex, over all entries.</param>
/// <param name="UnsignedEntries">Entries at the end that no head covers yet; the next append covers them. Not a problem
/// by itself.</param>
public sealed record LedgerVerification(
    long Entries,
    string RootHash,
    int Heads,
    long UnsignedEntries,
    IReadOnlyList<LedgerProblem> Problems
)
{
    public bool IsIntact => Problems.Count == 0;
}

/// <param name="EntryIndex">First entry that is affected; null where it is about a head.</param>
/// <param name="Head">0-based number of the head; null where it is about an entry or an anchor.</param>
/// <param name="Message">What is wrong and where, in one sentence.</param>
public sealed record LedgerProblem(LedgerProblemKind Kind, long? EntryIndex, int? Head, string Message);

public enum LedgerProblemKind
{
    /// <summary>The line is not a canonical entry.</summary>
    BadEntry,

    /// <summary>Its index is not its position: something was deleted, inserted or moved.</summary>
    OutOfPlace,

    DuplicateKey,

    /// <summary>The entries do not hash to what a head says: one was edited.</summary>
    RootMismatch,

    /// <summary>A head covers entries that are not there.</summary>
    Truncated,

    /// <summary>The ledger does not begin with what an anchored head says, however well it is signed now.</summary>
    Rewritten,

    BadSignature,
    HeadsOutOfOrder,
}
