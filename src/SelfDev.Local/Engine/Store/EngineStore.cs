using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using SelfDev.Core.Json;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine.Store;

/// <summary>An instance's row, without its texts.</summary>
internal sealed record StoredInstance(
    long Sequence,
    string Id,
    string Name,
    string Version,
    DateTime CreatedAt,
    ParentCall? Parent,
    WorkflowStatus Status,
    DateTime UpdatedAt,
    int Generation,
    int Batches,
    ulong Tail,
    string? Output,
    FailureDetails? Failure,
    bool IsIntact
);

/// <summary>
/// The one writer of the store. A commit is one transaction, made durable by one fsync, whatever number of instances it
/// holds. Used by the engine's thread only.
/// </summary>
internal sealed class EngineStore : IDisposable
{
    private const int MaxRowEntries = 512;
    private const int MaxRowChars = 256 * 1024;

    private const string InstanceColumns =
        "i.seq, i.id, i.name, i.version, i.created, i.parent, i.parent_generation, i.parent_action, i.input, "
        + "i.checksum, "
        + "s.status, s.updated, s.generation, s.batches, s.tail, s.output, s.failure, s.checksum";

    private readonly SqliteConnection _connection;
    private readonly HistoryCodec _codec = new();
    private readonly long _epoch;
    private readonly Statement _begin;
    private readonly Statement _countCommit;
    private readonly Statement _commit;
    private readonly Statement _readEpoch;
    private readonly Statement _insertInstance;
    private readonly Statement _updateInput;
    private readonly Statement _upsertState;
    private readonly Statement _updateCustom;
    private readonly Statement _insertHistory;
    private readonly Statement _deleteHistory;
    private readonly Statement _deleteInstance;
    private readonly Statement _deleteState;
    private readonly Statement _find;
    private readonly Statement _readHistory;

    /// <summary>Opens the store and makes this the only epoch that may write.</summary>
    /// <exception cref="CorruptStoreException">The write-ahead log or the main file is damaged.</exception>
    public EngineStore(EmbeddedEngineOptions options)
    {
        _connection = SqliteFile.OpenWriter(options.DatabasePath, StoreSchema.Schema, options.CheckpointPages);
        try
        {
            SqliteFile.Execute(
                _connection,
                "INSERT INTO meta VALUES ('epoch', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
            );
            SqliteFile.Execute(_connection, "INSERT INTO meta VALUES ('commits', 0) ON CONFLICT (name) DO NOTHING");
            _epoch = SqliteFile.Scalar(_connection, "SELECT value FROM meta WHERE name = 'epoch'");
            NextSequence = SqliteFile.Scalar(_connection, "SELECT coalesce(max(seq), 0) + 1 FROM state");
            _begin = new Statement(_connection, "BEGIN IMMEDIATE");
            _countCommit = new Statement(_connection, "UPDATE meta SET value = value + 1 WHERE name = 'commits'");
            _commit = new Statement(_connection, "COMMIT");
            _readEpoch = new Statement(_connection, "SELECT value FROM meta WHERE name = 'epoch'");
            _insertInstance = new Statement(_connection, "INSERT INTO instance VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
            _updateInput = new Statement(_connection, "UPDATE instance SET input = ?, checksum = ? WHERE seq = ?");
            _upsertState = new Statement(
                _connection,
                """
                INSERT INTO state (seq, status, updated, generation, batches, tail, output, failure, checksum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (seq) DO UPDATE SET status = excluded.status, updated = excluded.updated, generation = excluded.generation,
                batches = excluded.batches, tail = excluded.tail, output = excluded.output, failure = excluded.failure, checksum = excluded.checksum
                """
            );
            _updateCustom = new Statement(
                _connection,
                "UPDATE state SET custom = ?, custom_checksum = ? WHERE seq = ?"
            );
            _insertHistory = new Statement(
                _connection,
                "INSERT INTO history (seq, position, data, checksum) VALUES (?, ?, ?, ?)"
            );
            _deleteHistory = new Statement(_connection, "DELETE FROM history WHERE seq = ?");
            _deleteInstance = new Statement(_connection, "DELETE FROM instance WHERE seq = ?");
            _deleteState = new Statement(_connection, "DELETE FROM state WHERE seq = ?");
            _find = new Statement(
                _connection,
                $"SELECT {InstanceColumns} FROM instance i JOIN state s ON s.seq = i.seq WHERE i.id = ?"
            );
            _readHistory = new Statement(
                _connection,
                "SELECT position, data, checksum FROM history WHERE seq = ? ORDER BY position"
            );
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <value>Number for the next new instance; rises with every creation.</value>
    public long NextSequence { get; private set; }

    public long TakeSequence() => NextSequence++;

    /// <exception cref="EngineStoppedException">A later epoch writes: this process must not any more.</exception>
    public void Begin()
    {
        _begin.Execute();
        _readEpoch.Step();
        var epoch = _readEpoch.Int64(0);
        _readEpoch.Reset();
        if (epoch != _epoch)
        {
            throw new EngineStoppedException(
                $"Another process has taken over the data folder (epoch {epoch}, this one has {_epoch}). This one "
                    + $"writes nothing more; stop it."
            );
        }
    }

    public void Commit()
    {
        // Part of it: an older copy of the file is told by its count.
        _countCommit.Execute();
        _commit.Execute();
    }

    /// <summary>Says which data folder the file belongs to and which start of the host it has seen; makes it if there
    /// is none. No engine may be running on it.</summary>
    /// <exception cref="CorruptStoreException">The write-ahead log or the main file is damaged.</exception>
    public static void Mark(string path, long set, long start)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var connection = SqliteFile.OpenWriter(path, StoreSchema.Schema, checkpointPages: 1_000);
        using var upsert = new Statement(
            connection,
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        );
        SqliteFile.Execute(connection, "BEGIN IMMEDIATE");
        foreach (var (name, value) in new[] { (StoreMarks.Set, set), (StoreMarks.Start, start) })
        {
            upsert.Bind(name).Bind(value).Execute();
        }

        SqliteFile.Execute(connection, "COMMIT");
    }

    /// <summary>Writes what the slot has gathered since the last commit, and clears it.</summary>
    public void Write(InstanceSlot slot)
    {
        var created = slot.CreatedAt.Ticks;
        if (slot.IsNew)
        {
            _insertInstance
                .Bind(slot.Sequence)
                .Bind(slot.Id)
                .Bind(slot.Name)
                .Bind(slot.Version)
                .Bind(created)
                .Bind(slot.Parent?.InstanceId)
                .Bind(slot.Parent?.Generation ?? 0)
                .Bind(slot.Parent?.Action ?? 0)
                .Bind(slot.Input)
                .Bind(
                    Checksums.Instance(
                        slot.Sequence,
                        slot.Id,
                        slot.Name,
                        slot.Version,
                        created,
                        slot.Parent,
                        slot.Input
                    )
                )
                .Execute();
        }
        else if (slot.RestartsHistory)
        {
            _deleteHistory.Bind(slot.Sequence).Execute();
            _updateInput
                .Bind(slot.Input)
                .Bind(
                    Checksums.Instance(
                        slot.Sequence,
                        slot.Id,
                        slot.Name,
                        slot.Version,
                        created,
                        slot.Parent,
                        slot.Input
                    )
                )
                .Bind(slot.Sequence)
                .Execute();
        }

        AppendHistory(slot);
        var failure = slot.Failure is null ? null : JsonSerializer.Serialize(slot.Failure, SelfDevJson.Payload);
        _upsertState
            .Bind(slot.Sequence)
            .Bind((long)slot.Status)
            .Bind(slot.UpdatedAt.Ticks)
            .Bind(slot.Generation)
            .Bind(slot.Batches)
            .Bind(slot.Tail)
            .Bind(slot.Output)
            .Bind(failure)
            .Bind(
                Checksums.State(
                    slot.Sequence,
                    slot.Status,
                    slot.UpdatedAt.Ticks,
                    slot.Generation,
                    slot.Batches,
                    slot.Tail,
                    slot.Output,
                    failure
                )
            )
            .Execute();
        if (slot.CustomStatusChanged)
        {
            _updateCustom
                .Bind(slot.CustomStatus)
                .Bind(Checksums.Text(slot.Sequence, slot.CustomStatus))
                .Bind(slot.Sequence)
                .Execute();
        }

        slot.IsNew = slot.RestartsHistory = slot.CustomStatusChanged = slot.IsDirty = false;
        slot.Input = slot.CustomStatus = null;
    }

    /// <returns>Null for an unknown id.</returns>
    public StoredInstance? Find(string id)
    {
        try
        {
            return _find.Bind(id).Step() ? ReadInstance(_find) : null;
        }
        finally
        {
            _find.Reset();
        }
    }

    /// <summary>All unfinished instances, oldest first.</summary>
    /// <exception cref="CorruptStoreException">A row that tells whether an instance is finished is damaged.</exception>
    public List<StoredInstance> ReadUnfinished()
    {
        var unfinished = new List<StoredInstance>();
        using var all = new Statement(
            _connection,
            $"SELECT {InstanceColumns} FROM instance i JOIN state s ON s.seq = i.seq ORDER BY i.seq"
        );
        while (all.Step())
        {
            var instance = ReadInstance(all);
            if (!instance.IsIntact || !InstanceLifecycle.IsFinished(instance.Status))
            {
                unfinished.Add(instance);
            }
        }

        return unfinished;
    }

    /// <summary>The entries of the current generation, verified against the checksums and the count that the state row
    /// holds.</summary>
    /// <returns>How many inbound events had been processed.</returns>
    /// <exception cref="CorruptStoreException">The history is not whole.</exception>
    public int ReadHistory(long sequence, int generation, int batches, ulong tail, List<HistoryEvent> into) =>
        HistoryReader.Read(_readHistory, sequence, generation, batches, tail, into);

    /// <summary>Deletes an instance with its history; inside a commit.</summary>
    public void Delete(long sequence)
    {
        _deleteHistory.Bind(sequence).Execute();
        _deleteState.Bind(sequence).Execute();
        _deleteInstance.Bind(sequence).Execute();
    }

    /// <returns>Numbers of finished instances that ended before, at most <paramref name="limit"/>.</returns>
    public List<long> FindFinishedBefore(DateTime completedBefore, int limit)
    {
        var found = new List<long>();
        using var select = new Statement(
            _connection,
            "SELECT seq FROM state WHERE status IN (3, 4, 5) AND updated < ? LIMIT ?"
        );
        select.Bind(completedBefore.Ticks).Bind(limit);
        while (select.Step())
        {
            found.Add(select.Int64(0));
        }

        return found;
    }

    /// <summary>SQLite's own check of pages and indexes.</summary>
    /// <exception cref="CorruptStoreException">Something is damaged.</exception>
    public void CheckIntegrity()
    {
        using var check = new Statement(_connection, "PRAGMA integrity_check(1)");
        check.Step();
        var verdict = check.Text(0);
        if (verdict != "ok")
        {
            throw new CorruptStoreException("The store is damaged: " + verdict);
        }

        using var counts = new Statement(
            _connection,
            """
            SELECT (SELECT count(*) FROM instance), (SELECT count(*) FROM state), (SELECT count(*) FROM instance i JOIN state s ON s.seq = i.seq)
            """
        );
        counts.Step();
        if (counts.Int64(0) != counts.Int64(2) || counts.Int64(1) != counts.Int64(2))
        {
            throw new CorruptStoreException(
                "The store is damaged: instances without state, or states without instance."
            );
        }
    }

    /// <summary>Moves the write-ahead log into the main file; at a clean stop.</summary>
    public void Checkpoint() => SqliteFile.Execute(_connection, "PRAGMA wal_checkpoint(TRUNCATE)");

    public void Dispose()
    {
        foreach (
            var statement in new[]
            {
                _begin,
                _countCommit,
                _commit,
                _readEpoch,
                _insertInstance,
                _updateInput,
                _upsertState,
                _updateCustom,
                _insertHistory,
                _deleteHistory,
                _deleteInstance,
                _deleteState,
                _find,
                _readHistory,
            }
        )
        {
            statement.Dispose();
        }

        _connection.Dispose();
    }

    private void AppendHistory(InstanceSlot slot)
    {
        var entries = CollectionsMarshal.AsSpan(slot.Unwritten);
        while (!entries.IsEmpty)
        {
            // A wide fan-out is spread over rows: no row is large, none is read whole for one entry.
            var count = 0;
            for (var chars = 0; count < entries.Length && count < MaxRowEntries && chars < MaxRowChars; count++)
            {
                chars += entries[count].Data?.Length ?? 0;
            }

            var data = _codec.Encode(slot.Processed, entries[..count]);
            var checksum = Checksums.History(slot.Sequence, slot.Generation, slot.Batches, slot.Tail, data);
            _insertHistory.Bind(slot.Sequence).Bind(slot.Batches).Bind(data).Bind(checksum).Execute();
            slot.Batches++;
            slot.Tail = checksum;
            entries = entries[count..];
        }

        slot.Unwritten.Clear();
        if (slot.Unwritten.Capacity > 64)
        {
            slot.Unwritten.TrimExcess();
        }
    }

    internal static StoredInstance ReadInstance(Statement row)
    {
        var sequence = row.Int64(0);
        var (id, name, version, created) = (row.Text(1), row.Text(2), row.Text(3), row.Int64(4));
        var parent = row.TextOrNull(5) is { } parentId
            ? new ParentCall(parentId, (int)row.Int64(6), (int)row.Int64(7))
            : (ParentCall?)null;
        var (status, updated, generation, batches, tail) = (
            (WorkflowStatus)row.Int64(10),
            row.Int64(11),
            (int)row.Int64(12),
            (int)row.Int64(13),
            row.UInt64(14)
        );
        var (output, failure) = (row.TextOrNull(15), row.TextOrNull(16));
        var intact =
            Checksums.Instance(sequence, id, name, version, created, parent, row.TextOrNull(8)) == row.UInt64(9)
            && Checksums.State(sequence, status, updated, generation, batches, tail, output, failure) == row.UInt64(17);
        return intact
            ? new StoredInstance(
                sequence,
                id,
                name,
                version,
                new DateTime(created, DateTimeKind.Utc),
                parent,
                status,
                new DateTime(updated, DateTimeKind.Utc),
                generation,
                batches,
                tail,
                output,
                failure is null ? null : JsonSerializer.Deserialize<FailureDetails>(failure, SelfDevJson.Payload),
                true
            )
            : new StoredInstance(
                sequence,
                id,
                name,
                version,
                default,
                null,
                status,
                default,
                0,
                0,
                0,
                null,
                null,
                false
            );
    }
}
