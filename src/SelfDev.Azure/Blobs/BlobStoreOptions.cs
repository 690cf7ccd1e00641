namespace SelfDev.Azure.Blobs;

/// <summary>Which storage account, and how long to try. Exactly one of <see cref="ConnectionString"/> and <see
/// cref="ServiceUri"/> is set.</summary>
public sealed record BlobStoreOptions
{
    /// <value>For Azurite, or an account by key or SAS.</value>
    public string? ConnectionString { get; init; }

    /// <value><c>https://{account}.blob.core.windows.net</c>, with a token credential.</value>
    public Uri? ServiceUri { get; init; }

    /// <value>Retries after the first attempt, 0 to 10. Default 5: with <see cref="Delay"/> doubling about 6 s in
    /// all.</value>
    public int MaxRetries { get; init; } = 5;

    /// <value>Before the first retry; doubles each time, with jitter. Default 200 ms.</value>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <value>Between retries at most. Default 5 s.</value>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <value>Without a byte from the service, after which an attempt counts as failed. Default 30 s.</value>
    public TimeSpan NetworkTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <value>Bytes of one ranged read, 64 KiB to 64 MiB. A read stream holds at most three such buffers. Default 4
    /// MiB.</value>
    public int ReadRangeBytes { get; init; } = 4 << 20;

    /// <summary>Reads the setting that names a storage: an <c>https://</c> service address, else a connection
    /// string.</summary>
    public static BlobStoreOptions Parse(string storage) =>
        Uri.TryCreate(storage, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps
            ? new BlobStoreOptions { ServiceUri = uri }
            : new BlobStoreOptions { ConnectionString = storage };
}
