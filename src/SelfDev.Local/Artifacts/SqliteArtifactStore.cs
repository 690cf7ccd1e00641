using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Core.Text;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Artifacts;

/// <summary>
/// What SelfDev itself writes on one machine: blobs in a SQLite file, large ones in files beside it. A write is on the
/// disk (fsync) when it returns; small ones that meet share one. Every write gives a blob a new version; content
/// carries a checksum.
/// </summary>
/// <remarks>
/// A large blob is a file that is complete and synced before its row names it. Nobody else's folder: what no row names
/// is left by a crash, and deleted on opening.
/// </remarks>
internal sealed class SqliteArtifactStore : IArtifactStore, IDisposable
{
    /// <summary>Bytes of a blob that is kept in its row at most.</summary>
    public const int MaxRowBytes = 256 << 10;

    private const int PageSize = 200;

    // Above every character that a name has, so that prefix <= name < prefix + this is "begins with" in SQLite's byte
    // order.
    private static readonly string AboveAll = char.ConvertFromUtf32(0x10FFFF);

    private static readonly IReadOnlyDictionary<string, string> NoMetadata = new Dictionary<string, string>();

    private static readonly SqliteSchema Schema = SqliteSchema.Marked(
        """
        CREATE TABLE blob (
            seq INTEGER PRIMARY KEY, container TEXT NOT NULL, name TEXT NOT NULL, etag TEXT NOT NULL, length INTEGER NOT NULL,
            modified INTEGER NOT NULL, type TEXT NOT NULL, metadata TEXT NOT NULL, checksum INTEGER NOT NULL, file TEXT, content BLOB,
            UNIQUE (container, name));
        CREATE UNIQUE INDEX blob_of_file ON blob (file) WHERE file IS NOT NULL;
        """
    );

    private readonly IReadOnlyCollection<string> _containers;
    private readonly TimeProvider _clock;
    private readonly SqliteDatabase _database;
    private readonly LargeFiles _files;

    private SqliteArtifactStore(
        SqliteDatabase database,
        LargeFiles files,
        IReadOnlyCollection<string> containers,
        TimeProvider clock
    ) => (_database, _files, _containers, _clock) = (database, files, containers, clock);

    /// <value>Transactions so far; for tests and benchmarks.</value>
    internal long Commits => _database.Commits;

    /// <summary>Opens the file, or makes it with its folder. Pages are not checked here, which would read all of it:
    /// each blob is when it is read.</summary>
    /// <param name="path">Large blobs lie beside it, in the folder <c>large</c>.</param>
    /// <param name="containers">Those that it has; any other is refused.</param>
    /// <inheritdoc cref="SqliteDatabase.Open" path="/exception"/>
    public static SqliteArtifactStore Open(string path, IReadOnlyCollection<string> containers, TimeProvider clock)
    {
        var database = SqliteDatabase.Open(
            path,
            Schema,
            new SqliteDatabaseOptions { ChecksIntegrity = false, CheckpointPages = 4_000 }
        );
        try
        {
            var files = new LargeFiles(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "large"));
            var named = database.ReadAsync(
                session => session.Prepare("SELECT file FROM blob WHERE file IS NOT NULL").All(row => row.Text(0)),
                CancellationToken.None
            );
            files.DeleteAllBut(named.GetAwaiter().GetResult().ToHashSet(StringComparer.Ordinal));
            return new SqliteArtifactStore(database, files, containers, clock);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public async Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation)
    {
        Check(container, name);
        return await _database.ReadAsync(
            session =>
                session
                    .Prepare("SELECT name, etag, length, modified, metadata FROM blob WHERE container = ? AND name = ?")
                    .Bind(container)
                    .Bind(name)
                    .First(row => Info(container, row)),
            cancellation
        );
    }

    /// <inheritdoc/>
    /// <remarks>In pages: what is written meanwhile may or may not be among them.</remarks>
    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string container,
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        CheckContainer(container);
        var (start, isAfter) = (prefix, false);
        while (true)
        {
            var page = await _database.ReadAsync(
                session =>
                    session
                        .Prepare(
                            $"SELECT name, etag, length, modified, metadata FROM blob WHERE container = ? AND name "
                                + $"{(isAfter ? ">" : ">=")} ? AND name < ? ORDER BY name LIMIT {PageSize}"
                        )
                        .Bind(container)
                        .Bind(start)
                        .Bind(prefix + AboveAll)
                        .All(row => Info(container, row)),
                cancellation
            );
            foreach (var info in page)
            {
                yield return info;
            }

            if (page.Count < PageSize)
            {
                yield break;
            }

            (start, isAfter) = (page[^1].Blob.Name, true);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="CorruptStoreException">The content is not what was written, noticed here or while
    /// reading.</exception>
    public async Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation)
    {
        Check(blob.Container, blob.Name);
        while (true)
        {
            var found = await _database.ReadAsync(
                session =>
                    session
                        .Prepare(
                            "SELECT etag, length, checksum, file, content FROM blob WHERE container = ? AND name = ?"
                        )
                        .Bind(blob.Container)
                        .Bind(blob.Name)
                        .First(row => new Found(
                            row.Text(0),
                            row.Int64(1),
                            row.UInt64(2),
                            row.TextOrNull(3),
                            row.IsNull(4) ? null : row.Blob(4).ToArray()
                        )),
                cancellation
            );
            if (found is null || (blob.ETag is not null && blob.ETag != found.ETag))
            {
                throw Gone(blob);
            }

            if (found.File is null)
            {
                return OpenRow(blob, found);
            }

            if (_files.TryOpen(found.File) is { } file)
            {
                var pinned = blob with { ETag = found.ETag };
                return new PinnedFileStream(
                    file,
                    found.Length,
                    found.Checksum,
                    new BlobChecksum(blob.Container, blob.Name),
                    () => CheckVersion(pinned),
                    Damaged(blob)
                );
            }

            // Replaced since the row was read, file and all; if not, the file is lost.
            CheckVersion(blob with { ETag = found.ETag }, found.File);
        }
    }

    public Task<BlobRef> WriteAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    ) =>
        content.Length <= MaxRowBytes
            ? PutAsync(container, name, contentType, NoMetadata, content.ToArray(), cancellation)
            : WriteAsync(
                container,
                name,
                new MemoryStream(content.ToArray(), writable: false),
                contentType,
                NoMetadata,
                cancellation
            );

    public async Task<BlobRef> WriteAsync(
        string container,
        string name,
        Stream content,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellation
    )
    {
        Check(container, name);
        var start = ArrayPool<byte>.Shared.Rent(MaxRowBytes + 1);
        try
        {
            var length = await content.ReadAtLeastAsync(
                start.AsMemory(0, MaxRowBytes + 1),
                MaxRowBytes + 1,
                throwOnEndOfStream: false,
                cancellation
            );
            if (length <= MaxRowBytes)
            {
                return await PutAsync(
                    container,
                    name,
                    contentType,
                    metadata,
                    start.AsSpan(0, length).ToArray(),
                    cancellation
                );
            }

            var file = await _files.WriteAsync(
                start.AsMemory(0, length),
                content,
                new BlobChecksum(container, name),
                cancellation
            );
            var put = await WriteRowAsync(
                new Row(container, name, contentType, metadata, file.Length, file.Checksum, file.Name, null),
                isCreation: false,
                cancellation
            );
            return put!;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(start);
        }
    }

    public async Task<bool> TryCreateAsync(
        string container,
        string name,
        ReadOnlyMemory<byte> content,
        string contentType,
        CancellationToken cancellation
    )
    {
        Check(container, name);
        var checksum = new BlobChecksum(container, name);
        if (content.Length <= MaxRowBytes)
        {
            var bytes = content.ToArray();
            return await WriteRowAsync(
                new Row(container, name, contentType, NoMetadata, bytes.Length, checksum.Of(bytes), null, bytes),
                isCreation: true,
                cancellation
            )
                is not null;
        }

        var file = await _files.WriteAsync(content, Stream.Null, checksum, cancellation);
        var created =
            await WriteRowAsync(
                new Row(container, name, contentType, NoMetadata, file.Length, file.Checksum, file.Name, null),
                isCreation: true,
                cancellation
            )
            is not null;
        if (!created)
        {
            _files.Delete(file.Name);
        }

        return created;
    }

    /// <inheritdoc cref="SqliteDatabase.MarkAsync"/>
    public Task MarkAsync(long set, long start) => _database.MarkAsync(set, start);

    /// <inheritdoc cref="SqliteDatabase.ReadCommitsAsync"/>
    public Task<long> ReadCommitsAsync(CancellationToken cancellation) => _database.ReadCommitsAsync(cancellation);

    public void Dispose() => _database.Dispose();

    private Task<BlobRef> PutAsync(
        string container,
        string name,
        string contentType,
        IReadOnlyDictionary<string, string> metadata,
        byte[] content,
        CancellationToken cancellation
    )
    {
        Check(container, name);
        var checksum = new BlobChecksum(container, name).Of(content);
        return WriteRowAsync(
            new Row(container, name, contentType, metadata, content.Length, checksum, null, content),
            isCreation: false,
            cancellation
        )!;
    }

    /// <returns>Null when it was to be created and there is one.</returns>
    private async Task<BlobRef?> WriteRowAsync(Row row, bool isCreation, CancellationToken cancellation)
    {
        var etag = Guid.NewGuid().ToString("N");
        var modified = _clock.GetUtcNow().UtcTicks;
        var metadata = JsonSerializer.Serialize(
            row.Metadata.ToDictionary(pair => pair.Key.ToLowerInvariant(), pair => pair.Value),
            SelfDevJson.Stored
        );
        var (isDone, replaced) = await _database.WriteAsync(
            session =>
            {
                var before = session
                    .Prepare("SELECT seq, file FROM blob WHERE container = ? AND name = ?")
                    .Bind(row.Container)
                    .Bind(row.Name)
                    .First(found => new Replaced(found.Int64(0), found.TextOrNull(1)));
                if (before is not null && isCreation)
                {
                    return (false, null);
                }

                if (before is not null)
                {
                    session.Prepare("DELETE FROM blob WHERE seq = ?").Bind(before.Sequence).Execute();
                }

                var insert = session
                    .Prepare(
                        "INSERT INTO blob (container, name, etag, length, modified, type, metadata, checksum, file, "
                            + "content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    )
                    .Bind(row.Container)
                    .Bind(row.Name)
                    .Bind(etag)
                    .Bind(row.Length)
                    .Bind(modified)
                    .Bind(row.ContentType)
                    .Bind(metadata)
                    .Bind(row.Checksum)
                    .Bind(row.File);
                (row.Content is null ? insert.BindNull() : insert.Bind(row.Content)).Execute();
                return (true, before?.File);
            },
            cancellation
        );
        if (replaced is not null)
        {
            _files.Delete(replaced);
        }

        return isDone ? new BlobRef(row.Container, row.Name, etag) : null;
    }

    private static MemoryStream OpenRow(BlobRef blob, Found found)
    {
        var content = found.Content ?? [];
        return
            content.Length == found.Length && new BlobChecksum(blob.Container, blob.Name).Of(content) == found.Checksum
            ? new MemoryStream(content, writable: false)
            : throw new CorruptStoreException(Damaged(blob));
    }

    /// <param name="lostFile">Set: the version must not be there, since its file is not.</param>
    private void CheckVersion(BlobRef blob, string? lostFile = null)
    {
        // Short, and a reader that blocks on its stream has to be served too.
        var etag = _database
            .ReadAsync(
                session =>
                    session
                        .Prepare("SELECT etag FROM blob WHERE container = ? AND name = ?")
                        .Bind(blob.Container)
                        .Bind(blob.Name)
                        .First(row => row.Text(0)),
                CancellationToken.None
            )
            .GetAwaiter()
            .GetResult();
        if (lostFile is null && etag != blob.ETag)
        {
            throw Gone(blob);
        }

        if (lostFile is not null && etag == blob.ETag)
        {
            throw new CorruptStoreException($"{Damaged(blob)} Its file '{lostFile}' is gone.");
        }
    }

    private static BlobInfo Info(string container, Statement row) =>
        new(
            new BlobRef(container, row.Text(0), row.Text(1)),
            row.Int64(2),
            new DateTimeOffset(row.Int64(3), TimeSpan.Zero),
            JsonSerializer.Deserialize<Dictionary<string, string>>(row.Text(4), SelfDevJson.Stored)!
        );

    private void Check(string container, string name)
    {
        CheckContainer(container);
        BlobNames.Addressable(container, name);
    }

    private void CheckContainer(string container)
    {
        if (!_containers.Contains(container))
        {
            throw new NonRetryableException(
                $"There is no container '{container}' in '{_database.Path}': it has {string.Join(", ", _containers)}."
            );
        }
    }

    private static BlobGoneException Gone(BlobRef blob) =>
        new(
            $"'{blob.Container}/{SafeText.SingleLine(blob.Name)}' is not there any more in version "
                + $"{blob.ETag ?? "(any)"}: it was overwritten or deleted."
        );

    private static string Damaged(BlobRef blob) =>
        $"'{blob.Container}/{SafeText.SingleLine(blob.Name)}' is not what was written. Restore the data folder from a "
        + $"copy.";

    private sealed record Found(string ETag, long Length, ulong Checksum, string? File, byte[]? Content);

    private sealed record Replaced(long Sequence, string? File);

    private sealed record Row(
        string Container,
        string Name,
        string ContentType,
        IReadOnlyDictionary<string, string> Metadata,
        long Length,
        ulong Checksum,
        string? File,
        byte[]? Content
    );
}
