using System.Globalization;
using Microsoft.Data.Sqlite;

namespace SelfDev.Local.Sqlite;

/// <summary>How a connection to a database file of ours is opened.</summary>
internal static class SqliteFile
{
    static SqliteFile() => SQLitePCL.Batteries_V2.Init();

    /// <summary>
    /// Opens a file for its one writer: write-ahead log, and every commit on the disk when it returns. Makes the file
    /// if there is none.
    /// </summary>
    /// <param name="checkpointPages">Pages of the write-ahead log after which they are moved into the main
    /// file.</param>
    /// <exception cref="CorruptStoreException">The log or the tables are damaged, or the file is of a later
    /// version.</exception>
    public static SqliteConnection OpenWriter(string path, SqliteSchema schema, int checkpointPages)
    {
        WalInspector.Check(path + "-wal");
        var connection = Open(path, SqliteOpenMode.ReadWriteCreate);
        try
        {
            Execute(connection, "PRAGMA journal_mode = WAL");
            Execute(connection, "PRAGMA synchronous = FULL");
            Execute(
                connection,
                "PRAGMA wal_autocheckpoint = " + checkpointPages.ToString(CultureInfo.InvariantCulture)
            );
            schema.Prepare(connection, path);
            // A write that changes nothing: a file that may only be read, by its mode or by its header, is seen before
            // anybody relies on it.
            Execute(connection, "PRAGMA user_version = " + schema.Version.ToString(CultureInfo.InvariantCulture));
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

    public static SqliteConnection Open(string path, SqliteOpenMode mode)
    {
        // Not pooled: a pooled connection would hold the files after the store was closed.
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder
            {
                DataSource = path,
                Mode = mode,
                Pooling = false,
            }.ToString()
        );
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
