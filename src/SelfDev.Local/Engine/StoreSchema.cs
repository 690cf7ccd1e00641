using System.Globalization;
using Microsoft.Data.Sqlite;

namespace SelfDev.Local.Engine;

/// <summary>The tables, and how a connection to them is opened.</summary>
internal static class StoreSchema
{
    /// <value>Raised when the tables or the codec change; a store of another version is refused.</value>
    public const int Version = 1;

    // instance: what never changes (but the input, with a new generation). state: what every commit may change. history: one row
    // for what one commit added to one instance, appended in order of commit, so that the pages that a commit touches are few.
    private const string Tables = """
        CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS instance (
            seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, version TEXT NOT NULL, created INTEGER NOT NULL,
            parent TEXT, parent_generation INTEGER NOT NULL, parent_action INTEGER NOT NULL, input TEXT, checksum INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS state (
            seq INTEGER PRIMARY KEY, status INTEGER NOT NULL, updated INTEGER NOT NULL, generation INTEGER NOT NULL,
            batches INTEGER NOT NULL, tail INTEGER NOT NULL, output TEXT, failure TEXT, checksum INTEGER NOT NULL,
            custom TEXT, custom_checksum INTEGER NOT NULL DEFAULT 0);
        CREATE TABLE IF NOT EXISTS history (
            row INTEGER PRIMARY KEY, seq INTEGER NOT NULL, position INTEGER NOT NULL, data BLOB NOT NULL, checksum INTEGER NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS history_of_instance ON history (seq, position);
        """;

    // One changed letter in a table's own definition (say, of INTEGER PRIMARY KEY) hides every row, and SQLite sees nothing wrong in it.
    private static readonly Lazy<string> Expected = new(() =>
    {
        using var pristine = Open(":memory:", SqliteOpenMode.Memory);
        Execute(pristine, Tables);
        return Describe(pristine);
    });

    static StoreSchema() => SQLitePCL.Batteries_V2.Init();

    public static SqliteConnection OpenWriter(string path, int checkpointPages)
    {
        var connection = Open(path, SqliteOpenMode.ReadWriteCreate);
        try
        {
            Execute(connection, "PRAGMA journal_mode = WAL");
            Execute(connection, "PRAGMA synchronous = FULL");
            Execute(connection, "PRAGMA wal_autocheckpoint = " + checkpointPages.ToString(CultureInfo.InvariantCulture));
            var version = Scalar(connection, "PRAGMA user_version");
            if (version == 0)
            {
                Execute(connection, "BEGIN IMMEDIATE");
                Execute(connection, Tables);
                Execute(connection, "PRAGMA user_version = " + Version.ToString(CultureInfo.InvariantCulture));
                Execute(connection, "COMMIT");
            }
            else if (version != Version)
            {
                throw new CorruptStoreException(
                    $"'{path}' is of store version {version}; this program reads version {Version}. Use the program that wrote it, or another data folder.");
            }

            if (Describe(connection) != Expected.Value)
            {
                throw new CorruptStoreException($"'{path}' is damaged: its tables are not those that were made. Restore the data folder from a copy.");
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static SqliteConnection OpenReader(string path) => Open(path, SqliteOpenMode.ReadWrite);

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static long Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    private static string Describe(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT group_concat(type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, ''), char(10)) "
            + "FROM (SELECT * FROM sqlite_master ORDER BY name)";
        return command.ExecuteScalar() as string ?? "";
    }

    private static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        // Not pooled: a pooled connection would hold the files after the engine has stopped.
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
