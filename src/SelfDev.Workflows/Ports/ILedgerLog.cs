using SelfDev.Core.Ledger;

namespace SelfDev.Workflows.Ports;

/// <summary>
/// Where a ledger's entries, its tree's hashes and its signed heads are kept. <see cref="RefreshAsync"/> and
/// <see cref="TryAppendAsync"/> are called by one caller at a time; the rest by any number meanwhile.
/// </summary>
public interface ILedgerLog
{
    /// <value>Whether others than this process may append: what was not taken up yet may be there all the same.</value>
    bool IsShared { get; }

    /// <summary>Takes up what was appended since the last call, by whomever; the first call opens the log.</summary>
    Task<LedgerLogState> RefreshAsync(CancellationToken cancellation);

    /// <summary>
    /// Appends entries and the head that covers them, if nobody has appended anything since the last refresh or append.
    /// Durable when it returns.
    /// </summary>
    /// <param name="append">Its lines may be none, for a head that is missing.</param>
    /// <returns>False, with nothing appended, when somebody has: refresh and look.</returns>
    /// <exception cref="IOException">The entries, or all of it, may have been stored: refresh and look.</exception>
    Task<bool> TryAppendAsync(LedgerAppend append, CancellationToken cancellation);

    /// <summary>Index of the entry with that key, among those that were taken up.</summary>
    ValueTask<long?> FindAsync(string key, CancellationToken cancellation);

    /// <inheritdoc cref="ILedgerStore.LatestHeadAsync"/>
    Task<SignedTreeHead?> LatestHeadAsync(CancellationToken cancellation);

    /// <summary>Reads from the tree as far as it was taken up.</summary>
    Task<T> ReadTreeAsync<T>(Func<MerkleNode, T> read, CancellationToken cancellation);

    /// <inheritdoc cref="ILedgerStore.ReadAsync"/>
    IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, CancellationToken cancellation);

    /// <inheritdoc cref="ILedgerStore.ReadHeadsAsync"/>
    IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync(CancellationToken cancellation);
}

/// <param name="Size">Entries.</param>
/// <param name="Head">The newest one; null where there is none.</param>
/// <param name="Damage">What is wrong with what is stored, as far as the log itself can tell; null where nothing
/// is.</param>
public sealed record LedgerLogState(long Size, SignedTreeHead? Head, string? Damage)
{
    /// <value>
    /// Heads that were signed for entries about to be appended, where entries and head are not one transaction; at
    /// least those that may cover entries behind <see cref="Head"/>. As stored: not verified.
    /// </value>
    public IReadOnlyList<SignedTreeHead> Drafts { get; init; } = [];
}

/// <param name="FromIndex">Of the first line.</param>
/// <param name="Completed">The perfect subtrees that the lines complete, in order, leaves included.</param>
/// <param name="Head">Covers everything up to the last line.</param>
public sealed record LedgerAppend(
    long FromIndex,
    IReadOnlyList<LedgerLine> Lines,
    IReadOnlyList<MerkleSubtree> Completed,
    SignedTreeHead Head
);

/// <param name="Line">As <see cref="LedgerEntryFormat"/> writes it, without line feed.</param>
public sealed record LedgerLine(string Key, byte[] Line);
