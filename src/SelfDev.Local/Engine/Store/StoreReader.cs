using Microsoft.Data.Sqlite;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine.Store;

/// <summary>Reads what is committed, beside the writer. Safe for several threads: one read at a time, each of one page
/// at most.</summary>
internal sealed class StoreReader : IDisposable
{
    public const int PageSize = 200;

    // How many of the newest are looked at for a prefix before the index of ids is asked.
    private const int Among = 5_000;

    private const string Columns =
        "i.seq, i.id, i.name, i.version, i.created, i.parent, i.parent_generation, i.parent_action, i.input, "
        + "i.checksum, "
        + "s.status, s.updated, s.generation, s.batches, s.tail, s.output, s.failure, s.checksum, s.custom, "
        + "s.custom_checksum";

    // Above every character that an id has, so that prefix <= id < prefix + this is "starts with" in SQLite's byte
    // order.
    private static readonly string AboveAll = char.ConvertFromUtf32(0x10FFFF);

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly Statement _get;
    private readonly Statement _history;

    public StoreReader(string path)
    {
        _connection = SqliteFile.OpenReader(path);
        _get = new Statement(
            _connection,
            $"SELECT {Columns} FROM instance i JOIN state s ON s.seq = i.seq WHERE i.id = ?"
        );
        _history = new Statement(
            _connection,
            "SELECT position, data, checksum FROM history WHERE seq = ? ORDER BY position"
        );
    }

    /// <returns>Null for an unknown id.</returns>
    /// <exception cref="CorruptStoreException">Its row is damaged.</exception>
    public WorkflowInstance? Get(string id)
    {
        lock (_gate)
        {
            try
            {
                return _get.Bind(id).Step() ? Read(_get).Instance : null;
            }
            finally
            {
                _get.Reset();
            }
        }
    }

    /// <returns>How many commits the file has seen, ever.</returns>
    public long Commits()
    {
        lock (_gate)
        {
            return SqliteFile.Scalar(_connection, "SELECT value FROM meta WHERE name = 'commits'");
        }
    }

    /// <summary>One page, in the query's order, of instances behind number <paramref name="behind"/>.</summary>
    public IReadOnlyList<(long Sequence, WorkflowInstance Instance)> Page(WorkflowQuery query, long behind, int size)
    {
        lock (_gate)
        {
            return query switch
            {
                { NewestFirst: false } => Read(Ordered("", "i.seq > ?", "i.seq", query), query, behind, size),
                { InstanceIdPrefix: not null } => NewestOfPrefix(query, behind, size),
                { Statuses.Count: > 0 } => NewestOfStatuses(query.Statuses, behind, size),
                _ => Read(Ordered("", "i.seq < ?", "i.seq DESC", query), query, behind, size),
            };
        }
    }

    /// <returns>The entries of the current generation; empty for an unknown id.</returns>
    /// <exception cref="CorruptStoreException">The history is damaged.</exception>
    public IReadOnlyList<HistoryEvent> History(string id)
    {
        lock (_gate)
        {
            var entries = new List<HistoryEvent>();
            SqliteFile.Execute(_connection, "BEGIN");
            try
            {
                StoredInstance? stored;
                try
                {
                    stored = _get.Bind(id).Step() ? EngineStore.ReadInstance(_get) : null;
                }
                finally
                {
                    _get.Reset();
                }

                if (stored is not null)
                {
                    HistoryReader.Read(
                        _history,
                        stored.Sequence,
                        stored.Generation,
                        stored.Batches,
                        stored.Tail,
                        entries
                    );
                }
            }
            finally
            {
                SqliteFile.Execute(_connection, "COMMIT");
            }

            return entries;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _get.Dispose();
            _history.Dispose();
            _connection.Dispose();
        }
    }

    // A prefix that many have is found among the newest; one that few have by the index of ids. Either way little is
    // read.
    private List<(long, WorkflowInstance)> NewestOfPrefix(WorkflowQuery query, long behind, int size)
    {
        var among = $"i.seq >= (SELECT coalesce(max(seq), 0) FROM state) - {Among} AND ";
        var found = Read(Ordered("", among + "i.seq < ?", "i.seq DESC", query), query, behind, size);
        return found.Count == size
            ? found
            : Read(
                Ordered("INDEXED BY sqlite_autoindex_instance_1", "i.seq < ?", "i.seq DESC", query),
                query,
                behind,
                size
            );
    }

    // One walk down the index for each status: for all of them together SQLite would sort every instance that matches.
    private List<(long, WorkflowInstance)> NewestOfStatuses(
        IReadOnlyList<WorkflowStatus> statuses,
        long behind,
        int size
    )
    {
        var wanted = statuses.Distinct().ToList();
        var each = string.Join(
            " UNION ALL ",
            wanted.Select(status =>
                $"SELECT * FROM (SELECT seq FROM state WHERE status = {(int)status} AND seq < ? ORDER BY seq DESC "
                + $"LIMIT ?)"
            )
        );
        using var select = new Statement(
            _connection,
            $"SELECT {Columns} FROM ({each}) f JOIN instance i ON i.seq = f.seq JOIN state s ON s.seq = f.seq ORDER BY "
                + $"f.seq DESC LIMIT ?"
        );
        wanted.ForEach(_ => select.Bind(behind).Bind(size));
        return select.Bind(size).All(Read);
    }

    private static string Ordered(string index, string place, string order, WorkflowQuery query)
    {
        var statuses = query.Statuses is { Count: > 0 } wanted
            ? $" AND s.status IN ({string.Join(',', wanted.Select(status => (int)status))})"
            : "";
        var prefix = query.InstanceIdPrefix is null ? "" : " AND i.id >= ? AND i.id < ?";
        return $"SELECT {Columns} FROM instance i {index} JOIN state s ON s.seq = i.seq WHERE "
            + $"{place}{prefix}{statuses} ORDER BY {order} LIMIT ?";
    }

    private List<(long, WorkflowInstance)> Read(string sql, WorkflowQuery query, long behind, int size)
    {
        using var select = new Statement(_connection, sql);
        select.Bind(behind);
        if (query.InstanceIdPrefix is { } start)
        {
            select.Bind(start).Bind(start + AboveAll);
        }

        return select.Bind(size).All(Read);
    }

    private static (long Sequence, WorkflowInstance Instance) Read(Statement row)
    {
        var stored = EngineStore.ReadInstance(row);
        var custom = row.TextOrNull(18);
        if (!stored.IsIntact || Checksums.Text(stored.Sequence, custom) != row.UInt64(19))
        {
            throw new CorruptStoreException(
                $"The row of instance number {stored.Sequence} is not what was written: its checksum does not match. "
                    + $"Restore the data folder from a copy."
            );
        }

        return (
            stored.Sequence,
            new WorkflowInstance(
                stored.Id,
                stored.Name,
                stored.Version,
                stored.Status,
                stored.CreatedAt,
                stored.UpdatedAt,
                row.TextOrNull(8),
                stored.Output,
                custom,
                stored.Failure
            )
        );
    }
}
