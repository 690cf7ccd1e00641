namespace SelfDev.Workflows.Ports;

/// <summary>
/// Small records that decide something: requests, decisions, intents, the kill switch. Records are created once and
/// never changed or deleted. Whoever may write to the store may still lie: what it holds counts only where its seal is
/// genuine (<c>SealedRecords</c>), so an adapter need not check anything.
/// </summary>
public interface ITrustStore
{
    /// <summary>
    /// Creates a record if there is none of that name: of any number of callers exactly one gets true. Durable when it
    /// returns: neither a power cut nor a killed process takes it back.
    /// </summary>
    /// <param name="name">Parts of ASCII letters, digits, <c>-</c>, <c>_</c> and <c>.</c>, joined by <c>/</c>; at most
    /// 512 characters.</param>
    /// <param name="content">At most <see cref="TrustStoreLimits.MaxBytes"/>.</param>
    Task<bool> TryCreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    /// <returns>Null where there is no such record.</returns>
    Task<byte[]?> ReadAsync(string name, CancellationToken cancellation);

    /// <summary>Names that begin with <paramref name="prefix"/>, in ordinal order.</summary>
    /// <param name="from">The first name that is wanted, itself included; empty for all.</param>
    IAsyncEnumerable<string> ListAsync(string prefix, string from, CancellationToken cancellation);
}

/// <summary>What holds for every trust store.</summary>
public static class TrustStoreLimits
{
    /// <summary>Bytes of one record at most: a request with its findings is a few dozen KiB.</summary>
    public const int MaxBytes = 4 << 20;
}
