using System.Text.Json;

namespace SelfDev.Local.Storage;

/// <summary>
/// Azurite's saved state, read beside the running process: LokiJS databases of JSON, replaced whole by renaming. They
/// lag behind what it answers by up to five seconds, and are all that it knows after its end.
/// </summary>
internal static class AzuriteIndex
{
    private const string BlobsCollection = "$BLOBS_COLLECTION$";
    private const string ExtentsCollection = "$EXTENTS_COLLECTION$";

    public static string BlobsIn(string folder) => Path.Combine(folder, "__azurite_db_blob__.json");

    public static string ExtentsIn(string folder) => Path.Combine(folder, "__azurite_db_blob_extent__.json");

    public static string ExtentFilesIn(string folder) => Path.Combine(folder, "__blobstorage__");

    /// <summary>Blobs of one account, without snapshots and without those whose blocks are not committed yet.</summary>
    /// <exception cref="IOException">The file is not there, or is not such a database.</exception>
    public static async Task<IReadOnlyList<IndexedBlob>> ReadBlobsAsync(
        string path,
        string account,
        CancellationToken cancellation
    )
    {
        var database = await ReadAsync<IndexedBlob>(path, cancellation);
        return
        [
            .. database
                .Collections.Where(collection => collection.Name == BlobsCollection)
                .SelectMany(collection => collection.Data)
                .Where(blob => blob.AccountName == account && blob.Snapshot.Length == 0 && blob.IsCommitted),
        ];
    }

    /// <returns>Ids of the extents that are known: each is a file.</returns>
    /// <inheritdoc cref="ReadBlobsAsync"/>
    public static async Task<IReadOnlySet<string>> ReadExtentsAsync(string path, CancellationToken cancellation)
    {
        var database = await ReadAsync<IndexedExtent>(path, cancellation);
        return database
            .Collections.Where(collection => collection.Name == ExtentsCollection)
            .SelectMany(collection => collection.Data)
            .Select(extent => extent.Id)
            .ToHashSet(StringComparer.Ordinal);
    }

    private static async Task<Database<T>> ReadAsync<T>(string path, CancellationToken cancellation)
    {
        await using var file = new FileStream(
            path,
            FileMode.Open,
            FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete,
            64 * 1024
        );
        try
        {
            return await JsonSerializer.DeserializeAsync<Database<T>>(file, JsonSerializerOptions.Web, cancellation)
                ?? throw new JsonException("It is null.");
        }
        catch (JsonException damage)
        {
            throw new IOException($"Azurite's index '{path}' cannot be read: {damage.Message}", damage);
        }
    }

    private sealed record Database<T>
    {
        public IReadOnlyList<Collection<T>> Collections { get; init; } = [];
    }

    private sealed record Collection<T>
    {
        public string Name { get; init; } = "";

        public IReadOnlyList<T> Data { get; init; } = [];
    }

    private sealed record IndexedExtent
    {
        public string Id { get; init; } = "";
    }
}

/// <summary>One blob, as far as it matters whether it is there.</summary>
internal sealed record IndexedBlob
{
    public string AccountName { get; init; } = "";

    public string ContainerName { get; init; } = "";

    public string Name { get; init; } = "";

    public string Snapshot { get; init; } = "";

    public bool IsCommitted { get; init; }

    public Dictionary<string, string>? Metadata { get; init; }

    public IndexedProperties? Properties { get; init; }

    /// <value>Where the bytes of a blob are that came in one request.</value>
    public IndexedChunk? Persistency { get; init; }

    /// <value>Where those are that came in blocks.</value>
    public IReadOnlyList<IndexedBlock>? CommittedBlocksInOrder { get; init; }

    public IEnumerable<IndexedChunk> Chunks() =>
        CommittedBlocksInOrder is { Count: > 0 } blocks
            ? blocks.Select(block => block.Persistency ?? IndexedChunk.Unknown)
        : Persistency is { } chunk ? [chunk]
        : Properties?.ContentLength == 0 ? []
        : [IndexedChunk.Unknown];
}

internal sealed record IndexedProperties
{
    public long? ContentLength { get; init; }
}

internal sealed record IndexedBlock
{
    public IndexedChunk? Persistency { get; init; }
}

/// <summary>Bytes of an extent.</summary>
internal sealed record IndexedChunk
{
    /// <summary>No extent has this id.</summary>
    public static readonly IndexedChunk Unknown = new();

    public string Id { get; init; } = "";

    public long Offset { get; init; }

    public long Count { get; init; }
}
