namespace SelfDev.Workflows.Ports;

/// <summary>Containers of DESIGN: who may write what stands in docs/roles.md.</summary>
public static class Containers
{
    public const string Intake = "intake";
    public const string Evidence = "evidence";
    public const string Reports = "reports";
    public const string Rejected = "rejected";
    public const string Commands = "commands";
    public const string Ledger = "ledger";

    /// <summary>Records that decide something, where storage is an account's; a local host keeps them in a file of its
    /// own.</summary>
    public const string Trust = "trust";

    public static IReadOnlyList<string> All { get; } = [Intake, Evidence, Reports, Rejected, Commands, Ledger, Trust];
}

/// <summary>One version of one blob.</summary>
/// <param name="ETag">Without quotes; null where any version will do.</param>
public sealed record BlobRef(string Container, string Name, string? ETag);

/// <param name="Metadata">Names in lower case.</param>
public sealed record BlobInfo(
    BlobRef Blob,
    long Length,
    DateTimeOffset LastModified,
    IReadOnlyDictionary<string, string> Metadata
);

/// <summary>Blob storage. Transient failures are retried inside; what is thrown is final for this attempt.</summary>
public interface IArtifactStore
{
    /// <returns>Null where there is no such blob.</returns>
    Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation);

    /// <summary>In order of name.</summary>
    IAsyncEnumerable<BlobInfo> ListAsync(string container, string prefix, CancellationToken cancellation);

    /// <summary>A forward-only stream of exactly that version, read in ranges; synchronous reads are allowed.</summary>
    /// <exception cref="BlobGoneException">There is no such blob or it has another version by now, noticed here or
    /// while reading.</exception>
    Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation);

    /// <summary>Creates or replaces.</summary>
    Task<BlobRef> WriteAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    );

    /// <summary>Streams in blocks; nothing is visible until the stream has ended.</summary>
    Task<BlobRef> WriteAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    );

    /// <summary>Creates only if there is none (If-None-Match: *): of any number of callers exactly one gets
    /// true.</summary>
    Task<bool> TryCreateAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    );
}

/// <summary>The pinned version of a blob is not there any more.</summary>
public sealed class BlobGoneException(string message) : Exception(message);
