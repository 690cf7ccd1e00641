using SelfDev.Core.Ledger;

namespace SelfDev.Workflows.Ports;

/// <summary>The append-only ledger. Several processes may append at once.</summary>
public interface ILedgerStore
{
    /// <summary>
    /// Appends an entry, or finds it: two appends with one <see cref="LedgerEntry.Key"/> make one entry. Durable when
    /// it returns.
    /// </summary>
    Task<LedgerReceipt> AppendAsync(LedgerEntry entry, CancellationToken cancellation);

    /// <returns>0-based index of the entry with that <see cref="LedgerEntry.Key"/>; null where there is none
    /// yet.</returns>
    Task<long?> FindAsync(string key, CancellationToken cancellation);

    /// <summary>Entries' stored bytes in order, from <paramref name="fromIndex"/>: what was hashed, byte for byte. What
    /// lies before is not read.</summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, CancellationToken cancellation);

    /// <summary>Signed tree heads, oldest first.</summary>
    IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync(CancellationToken cancellation);

    /// <summary>The newest signed head; costs the same however long the ledger is, and waits for no append.</summary>
    /// <returns>Null while the ledger is empty.</returns>
    Task<SignedTreeHead?> LatestHeadAsync(CancellationToken cancellation);

    /// <summary>Looks at what is stored now: whether it is shorter, other, or longer than what was signed.</summary>
    /// <returns>What is wrong, in words; null where nothing is. Reading all of it finds more: <c>ledger verify</c>
    /// does.</returns>
    Task<string?> FindDamageAsync(CancellationToken cancellation);

    /// <summary>Reads from the tree's hashes, for roots and proofs, without reading the whole ledger.</summary>
    /// <param name="size">Of a signed head, or smaller: the tree has that many leaves at least.</param>
    /// <param name="read">Asks for subtrees below <paramref name="size"/>. Short, and without side effects.</param>
    Task<T> ReadTreeAsync<T>(long size, Func<MerkleNode, T> read, CancellationToken cancellation);
}

/// <param name="Index">0-based position of the entry.</param>
/// <param name="TreeSize">Entries in the tree that <paramref name="RootHash"/> covers, this one included.</param>
/// <param name="RootHash">Lower-case hex, RFC 6962.</param>
public sealed record LedgerReceipt(long Index, long TreeSize, string RootHash);

/// <summary>The stored ledger contradicts what was signed, or what was seen of it before.</summary>
public sealed class LedgerDamagedException(string message) : Exception(message);
