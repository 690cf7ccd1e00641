namespace SelfDev.Local.Sqlite;

/// <summary>A database file that this process alone has open: one writer with group commit, several readers beside
/// it.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    private const int Readers = 4;

    private readonly DataFolderLock _lock;
    private readonly SqliteWriter _writer;
    private readonly SqliteReaders _readers;

    private SqliteDatabase(string path, DataFolderLock folder, SqliteSession writer, bool isMarked)
    {
        Path = path;
        _lock = folder;
        _writer = new SqliteWriter(path, writer, isMarked);
        _readers = new SqliteReaders(path, Readers);
    }

    public string Path { get; }

    /// <value>Transactions committed so far; for tests and benchmarks.</value>
    public long Commits => _writer.Commits;

    /// <summary>Opens the file, or makes it with its folder.</summary>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="CorruptStoreException">The file, its log or its tables are damaged, or it is of a later
    /// version; the message says which file and what to do.</exception>
    /// <exception cref="DataFolderInUseException">Another process has it open.</exception>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public static SqliteDatabase Open(string path, SqliteSchema schema, SqliteDatabaseOptions? options = null)
    {
        options ??= new SqliteDatabaseOptions();
        var folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        var held = new DataFolderLock(folder, System.IO.Path.GetFileNameWithoutExtension(path));
        SqliteSession? session = null;
        try
        {
            session = new SqliteSession(SqliteFile.OpenWriter(path, schema, options.CheckpointPages));
            if (options.ChecksIntegrity)
            {
                CheckIntegrity(session, path);
            }

            return new SqliteDatabase(path, held, session, schema.IsMarked);
        }
        catch (Exception failure)
        {
            session?.Dispose();
            held.Dispose();
            throw SqliteFailures.Translate(failure, path, opened: false);
        }
    }

    /// <inheritdoc cref="SqliteWriter.RunAsync"/>
    public Task<T> WriteAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellation) =>
        _writer.RunAsync(work, cancellation);

    /// <inheritdoc cref="SqliteReaders.ReadAsync"/>
    public Task<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellation) =>
        _readers.ReadAsync(read, cancellation);

    /// <summary>Marks a file whose schema is marked. Durable when it returns.</summary>
    public Task MarkAsync(long set, long start) =>
        WriteAsync(
            session =>
            {
                StoreMarks.Write(session, set, start);
                return true;
            },
            CancellationToken.None
        );

    /// <returns>How often a file whose schema is marked was changed, ever.</returns>
    public Task<long> ReadCommitsAsync(CancellationToken cancellation) =>
        ReadAsync(StoreMarks.ReadCommits, cancellation);

    public void Dispose()
    {
        _readers.Dispose();
        _writer.Dispose();
        _lock.Dispose();
    }

    private static void CheckIntegrity(SqliteSession session, string path)
    {
        var verdict = session.Prepare("PRAGMA integrity_check(1)").First(row => row.Text(0));
        if (verdict != "ok")
        {
            throw new CorruptStoreException($"'{path}' is damaged: {verdict} Restore the data folder from a copy.");
        }
    }
}

internal sealed record SqliteDatabaseOptions
{
    /// <value>Write-ahead log pages (4 KB each) after which they are moved into the main file. Default 1,000, i.e. 4
    /// MB.</value>
    public int CheckpointPages { get; init; } = 1_000;

    /// <value>Whether all pages and indexes are checked on opening: reads the whole file. Default: yes.</value>
    public bool ChecksIntegrity { get; init; } = true;
}
