using System.Runtime.CompilerServices;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Local.Trust;

/// <summary>
/// The trust store of one machine: a SQLite file beside the engine's histories. A creation is on the disk (fsync) when
/// it returns; those that meet share one. Rows carry a checksum.
/// </summary>
internal sealed class SqliteTrustStore : ITrustStore, IDisposable
{
    private const int PageSize = 500;

    // Above every character that a name has, so that prefix <= name < prefix + this is "begins with".
    private const string AboveAll = "\u007f";

    private static readonly SqliteSchema Schema = SqliteSchema.Marked(
        "CREATE TABLE record (seq INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, content BLOB NOT NULL, checksum "
            + "INTEGER NOT NULL)"
    );

    private readonly SqliteDatabase _database;

    private SqliteTrustStore(SqliteDatabase database) => _database = database;

    /// <value>Transactions so far; for tests and benchmarks.</value>
    internal long Commits => _database.Commits;

    /// <summary>Opens the file, or makes it with its folder.</summary>
    /// <inheritdoc cref="SqliteDatabase.Open" path="/exception"/>
    public static SqliteTrustStore Open(string path) => new(SqliteDatabase.Open(path, Schema));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">Name or content is outside the limits.</exception>
    /// <exception cref="IOException">The disk failed or is full. The record may be there all the same: the same call
    /// then returns false.</exception>
    public Task<bool> TryCreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        TrustRecords.CheckName(name);
        TrustRecords.CheckContent(name, content);
        // A copy: a caller who is cancelled may use its buffer for something else while the writer still has this one.
        var bytes = content.ToArray();
        return _database.WriteAsync(
            session =>
                session
                    .Prepare(
                        "INSERT INTO record (name, content, checksum) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING"
                    )
                    .Bind(name)
                    .Bind(bytes)
                    .Bind(RowChecksum.Of(name, bytes))
                    .Change() == 1,
            cancellation
        );
    }

    /// <inheritdoc/>
    /// <exception cref="CorruptStoreException">The row, or the file, is not what was written.</exception>
    public Task<byte[]?> ReadAsync(string name, CancellationToken cancellation)
    {
        TrustRecords.CheckName(name);
        return _database.ReadAsync(
            session =>
                session
                    .Prepare("SELECT content, checksum FROM record WHERE name = ?")
                    .Bind(name)
                    .First(row => Checked(name, row)),
            cancellation
        );
    }

    /// <inheritdoc/>
    /// <remarks>In pages: what is created meanwhile may or may not be among them.</remarks>
    public async IAsyncEnumerable<string> ListAsync(
        string prefix,
        string from,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        TrustRecords.CheckPrefix(prefix);
        TrustRecords.CheckPrefix(from);
        var start = string.CompareOrdinal(from, prefix) > 0 ? from : prefix;
        var isAfter = false;
        while (true)
        {
            var page = await _database.ReadAsync(
                session =>
                    session
                        .Prepare(
                            $"SELECT name FROM record WHERE name {(isAfter ? ">" : ">=")} ? AND name < ? ORDER BY name "
                                + $"LIMIT {PageSize}"
                        )
                        .Bind(start)
                        .Bind(prefix + AboveAll)
                        .All(row => row.Text(0)),
                cancellation
            );
            foreach (var name in page)
            {
                yield return name;
            }

            if (page.Count < PageSize)
            {
                yield break;
            }

            (start, isAfter) = (page[^1], true);
        }
    }

    /// <inheritdoc cref="SqliteDatabase.MarkAsync"/>
    public Task MarkAsync(long set, long start) => _database.MarkAsync(set, start);

    /// <inheritdoc cref="SqliteDatabase.ReadCommitsAsync"/>
    public Task<long> ReadCommitsAsync(CancellationToken cancellation) => _database.ReadCommitsAsync(cancellation);

    public void Dispose() => _database.Dispose();

    private byte[] Checked(string name, Statement row)
    {
        var content = row.Blob(0).ToArray();
        return RowChecksum.Of(name, content) == row.UInt64(1)
            ? content
            : throw new CorruptStoreException(
                $"The record '{name}' in '{_database.Path}' is not what was written: its checksum does not match. "
                    + $"Restore the data folder from a copy."
            );
    }
}
