using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Trust;

/// <summary>
/// The ledger's log on one machine: a SQLite file. Entries and the head that covers them are one transaction, so no
/// acknowledged entry is ever without its head. Opening it costs the same however long it is; nothing of an entry stays
/// in memory.
/// </summary>
/// <remarks>
/// Of the tree, the root of every 256 leaves is kept, of every 256 of those, and so on. What lies between is hashed
/// from the entries themselves, at most 255 of them for a proof.
/// </remarks>
internal sealed class SqliteLedgerLog : ILedgerLog, IDisposable
{
    /// <summary>Heights of the tree of which a hash is kept are multiples of this.</summary>
    private const int KeptLevels = 8;
    private const int PageSize = 200;

    /// <summary>Entries of a block: those under one kept hash.</summary>
    public const int BlockEntries = 1 << KeptLevels;

    private static readonly SqliteSchema Schema = SqliteSchema.Marked(
        """
        CREATE TABLE entry (idx INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, line BLOB NOT NULL);
        CREATE TABLE subtree (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) WITHOUT ROWID;
        CREATE TABLE head (size INTEGER PRIMARY KEY, line BLOB NOT NULL);
        """
    );

    private readonly SqliteDatabase _database;
    private volatile SignedTreeHead? _head;

    private SqliteLedgerLog(SqliteDatabase database) => _database = database;

    /// <value>Transactions so far; for tests and benchmarks.</value>
    internal long Commits => _database.Commits;

    /// <summary>Opens the file, or makes it with its folder. Its pages are not checked here, which would read all of
    /// them: <see cref="LedgerCheck"/> does.</summary>
    /// <inheritdoc cref="SqliteDatabase.Open" path="/exception"/>
    public static SqliteLedgerLog Open(string path) =>
        new(SqliteDatabase.Open(path, Schema, new SqliteDatabaseOptions { ChecksIntegrity = false }));

    /// <value>The file is this process's alone.</value>
    public bool IsShared => false;

    public async Task<LedgerLogState> RefreshAsync(CancellationToken cancellation)
    {
        var (size, head) = await _database.ReadAsync(
            session => session.InSnapshot(() => (SizeOf(session), LastHead(session))),
            cancellation
        );
        _head = head;
        return new LedgerLogState(size, head, Damage: null);
    }

    public async Task<bool> TryAppendAsync(LedgerAppend append, CancellationToken cancellation)
    {
        var done = await _database.WriteAsync(session => Append(session, append), cancellation);
        if (done)
        {
            _head = append.Head;
        }

        return done;
    }

    public async ValueTask<long?> FindAsync(string key, CancellationToken cancellation) =>
        await _database.ReadAsync(
            session =>
                session.Prepare("SELECT idx FROM entry WHERE key = ?").Bind(key).First(row => (long?)row.Int64(0)),
            cancellation
        );

    public async Task<SignedTreeHead?> LatestHeadAsync(CancellationToken cancellation) =>
        _head ?? await _database.ReadAsync(LastHead, cancellation);

    /// <inheritdoc/>
    /// <exception cref="LedgerDamagedException">A kept hash or an entry is missing.</exception>
    public Task<T> ReadTreeAsync<T>(Func<MerkleNode, T> read, CancellationToken cancellation) =>
        _database.ReadAsync(
            session => session.InSnapshot(() => read((level, index) => Node(session, level, index))),
            cancellation
        );

    /// <inheritdoc/>
    /// <remarks>In pages; up to the last entry of the moment when the last page is read.</remarks>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        long fromIndex,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var next = fromIndex;
        while (true)
        {
            var page = await _database.ReadAsync(
                session =>
                    session
                        .Prepare($"SELECT line FROM entry WHERE idx >= ? ORDER BY idx LIMIT {PageSize}")
                        .Bind(next)
                        .All(row => row.Blob(0).ToArray()),
                cancellation
            );
            foreach (var line in page)
            {
                yield return line;
            }

            next += page.Count;
            if (page.Count < PageSize)
            {
                yield break;
            }
        }
    }

    public async IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync(
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var after = 0L;
        while (true)
        {
            var page = await _database.ReadAsync(
                session =>
                    session
                        .Prepare($"SELECT size, line FROM head WHERE size > ? ORDER BY size LIMIT {PageSize}")
                        .Bind(after)
                        .All(ReadHead),
                cancellation
            );
            foreach (var head in page)
            {
                yield return head;
            }

            if (page.Count < PageSize)
            {
                yield break;
            }

            after = page[^1].TreeSize;
        }
    }

    /// <summary>Makes SQLite answer as on a full disk once the file has so many pages; for tests.</summary>
    internal Task<long> LimitPagesAsync(int pages) =>
        _database.WriteAsync(
            session =>
                SqliteFile.Scalar(
                    session.Connection,
                    string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}")
                ),
            CancellationToken.None
        );

    /// <summary>Checks a block of entries: place, key and form of each, and the kept hashes that end with it.</summary>
    /// <returns>How many entries it has, <see cref="BlockEntries"/> but for the last one; and what is wrong, null where
    /// nothing is.</returns>
    public Task<(int Count, string? Damage)> CheckBlockAsync(long block, CancellationToken cancellation) =>
        _database.ReadAsync(session => session.InSnapshot(() => CheckBlock(session, block)), cancellation);

    /// <inheritdoc cref="SqliteDatabase.MarkAsync"/>
    public Task MarkAsync(long set, long start) => _database.MarkAsync(set, start);

    /// <inheritdoc cref="SqliteDatabase.ReadCommitsAsync"/>
    public Task<long> ReadCommitsAsync(CancellationToken cancellation) => _database.ReadCommitsAsync(cancellation);

    public void Dispose() => _database.Dispose();

    private static bool Append(SqliteSession session, LedgerAppend append)
    {
        if (SizeOf(session) != append.FromIndex || LastHead(session)?.TreeSize >= append.Head.TreeSize)
        {
            return false;
        }

        var insert = session.Prepare("INSERT INTO entry (idx, key, line) VALUES (?, ?, ?)");
        for (var number = 0; number < append.Lines.Count; number++)
        {
            insert
                .Bind(append.FromIndex + number)
                .Bind(append.Lines[number].Key)
                .Bind(append.Lines[number].Line)
                .Execute();
        }

        foreach (var subtree in append.Completed.Where(subtree => subtree.Level > 0 && subtree.Level % KeptLevels == 0))
        {
            session
                .Prepare("INSERT INTO subtree (level, idx, hash) VALUES (?, ?, ?)")
                .Bind(subtree.Level)
                .Bind(subtree.Index)
                .Bind(subtree.Hash)
                .Execute();
        }

        session
            .Prepare("INSERT INTO head (size, line) VALUES (?, ?)")
            .Bind(append.Head.TreeSize)
            .Bind(CanonicalJson.Serialize(append.Head, SelfDevJson.Signed))
            .Execute();
        return true;
    }

    private static long SizeOf(SqliteSession session) =>
        session.Prepare("SELECT coalesce(max(idx) + 1, 0) FROM entry").First(row => row.Int64(0));

    private static SignedTreeHead? LastHead(SqliteSession session) =>
        session.Prepare("SELECT size, line FROM head ORDER BY size DESC LIMIT 1").First(ReadHead);

    private static SignedTreeHead ReadHead(Statement row)
    {
        try
        {
            var head =
                JsonSerializer.Deserialize<SignedTreeHead>(row.Blob(1), SelfDevJson.Signed)
                ?? throw new JsonException("null");
            return head.TreeSize == row.Int64(0)
                ? head
                : throw new JsonException($"it stands at {row.Int64(0)} and says {head.TreeSize}");
        }
        catch (JsonException exception)
        {
            throw new LedgerDamagedException(
                $"A row of the ledger's heads is no signed tree head: {exception.Message}"
            );
        }
    }

    private static byte[] Node(SqliteSession session, int level, long index)
    {
        // Down to the next level that is kept; the leaves are the entries themselves.
        var kept = level - (level % KeptLevels);
        var count = 1L << (level - kept);
        var hashes = kept == 0 ? Leaves(session, index * count, count) : Kept(session, kept, index * count, count);
        if (hashes.Count != count)
        {
            throw new LedgerDamagedException(
                $"The ledger's tree has {hashes.Count} of the {count} hashes of level {kept} from {index * count} on: "
                    + $"entries, or what was kept of them, are gone."
            );
        }

        return Combine(hashes);
    }

    private static (int Count, string? Damage) CheckBlock(SqliteSession session, long block)
    {
        var from = block * BlockEntries;
        var lines = session
            .Prepare("SELECT idx, line FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx")
            .Bind(from)
            .Bind(from + BlockEntries)
            .All(row => (Index: row.Int64(0), Line: row.Blob(1).ToArray()));
        for (var number = 0; number < lines.Count; number++)
        {
            var (index, line) = lines[number];
            var reading = LedgerEntryFormat.Parse(line);
            if (reading.Error is not null || index != from + number || reading.Index != index)
            {
                return (lines.Count, $"Entry {from + number} of the ledger is damaged or out of place.");
            }

            if (
                session
                    .Prepare("SELECT idx FROM entry WHERE key = ?")
                    .Bind(reading.Entry!.Key)
                    .First(row => (long?)row.Int64(0)) != index
            )
            {
                return (lines.Count, $"Entry {index} of the ledger is not found under its key.");
            }
        }

        if (lines.Count < BlockEntries)
        {
            var after = session
                .Prepare("SELECT count(*) FROM entry WHERE idx >= ?")
                .Bind(from + BlockEntries)
                .First(row => row.Int64(0));
            return (
                lines.Count,
                after == 0 ? null : $"Entries {from + lines.Count} to {from + BlockEntries - 1} of the ledger are gone."
            );
        }

        var kept = Kept(session, KeptLevels, block, 1);
        return
            kept is [var hash]
            && hash.AsSpan().SequenceEqual(Combine([.. lines.Select(line => MerkleHash.Leaf(line.Line))]))
            && AreKeptAbove(session, block)
            ? (lines.Count, null)
            : (
                lines.Count,
                $"Entries {from} to {from + BlockEntries - 1} of the ledger do not have the hash that was kept of "
                    + $"them: they, or it, were changed."
            );
    }

    // What is kept of 256 blocks, of 256 of those and so on, where this block is the last of them.
    private static bool AreKeptAbove(SqliteSession session, long block)
    {
        var index = block + 1;
        for (var level = 2 * KeptLevels; index % BlockEntries == 0; level += KeptLevels)
        {
            index /= BlockEntries;
            var below = Kept(session, level - KeptLevels, (index - 1) * BlockEntries, BlockEntries);
            if (
                below.Count < BlockEntries
                || Kept(session, level, index - 1, 1) is not [var hash]
                || !hash.AsSpan().SequenceEqual(Combine(below))
            )
            {
                return false;
            }
        }

        return true;
    }

    private static byte[] Combine(List<byte[]> hashes)
    {
        while (hashes.Count > 1)
        {
            hashes =
            [
                .. Enumerable
                    .Range(0, hashes.Count / 2)
                    .Select(pair => MerkleHash.Node(hashes[2 * pair], hashes[(2 * pair) + 1])),
            ];
        }

        return hashes[0];
    }

    private static List<byte[]> Leaves(SqliteSession session, long from, long count) =>
        session
            .Prepare("SELECT line FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx")
            .Bind(from)
            .Bind(from + count)
            .All(row => MerkleHash.Leaf(row.Blob(0)));

    private static List<byte[]> Kept(SqliteSession session, int level, long from, long count) =>
        session
            .Prepare("SELECT hash FROM subtree WHERE level = ? AND idx >= ? AND idx < ? ORDER BY idx")
            .Bind(level)
            .Bind(from)
            .Bind(from + count)
            .All(row => row.Blob(0).ToArray());
}
