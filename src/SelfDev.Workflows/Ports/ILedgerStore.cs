using SelfDev.Core.Ledger;

namespace SelfDev.Workflows.Ports;

/// <summary>The append-only ledger. Several processes may append at once.</summary>
public interface ILedgerStore
{
    /// <summary>
    /// Appends an entry, or finds it: two appends with one <see cref="LedgerEntry.Key"/> make one entry. Durable when it returns.
    /// </summary>
    Task<LedgerReceipt> AppendAsync(LedgerEntry entry, CancellationToken cancellation);

    /// <returns>Index of the entry with that idempotency key; null where there is none.</returns>
    Task<long?> FindAsync(string key, CancellationToken cancellation);

    /// <summary>All entries' stored bytes in order, from <paramref name="fromIndex"/>: what was hashed, byte for byte.</summary>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, CancellationToken cancellation);

    /// <summary>Signed tree heads, oldest first.</summary>
    IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync(CancellationToken cancellation);
}

/// <param name="Index">0-based position of the entry.</param>
/// <param name="TreeSize">Entries in the tree that <paramref name="RootHash"/> covers, this one included.</param>
/// <param name="RootHash">Lower-case hex, RFC 6962.</param>
public sealed record LedgerReceipt(long Index, long TreeSize, string RootHash);
