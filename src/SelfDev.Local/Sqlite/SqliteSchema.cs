using System.Globalization;
using Microsoft.Data.Sqlite;

namespace SelfDev.Local.Sqlite;

/// <summary>
/// What a database file holds, as the steps that lead to it: the first makes the tables of version 1, each later one
/// takes a file of the version before to its own. A new file goes through all of them, so that an old file that was
/// brought up to date and a new one are the same. Steps are only ever added.
/// </summary>
/// <param name="steps">SQL of version 1, 2 and so on. A step that was released never changes.</param>
internal sealed class SqliteSchema(params string[] steps)
{
    // One changed letter in a table's own definition (say, of INTEGER PRIMARY KEY) hides every row, and SQLite sees
    // nothing wrong in it.
    private readonly Lazy<string>[] _expected =
    [
        .. Enumerable
            .Range(0, steps.Length + 1)
            .Select(version => new Lazy<string>(() => Describe(steps.AsSpan(0, version)))),
    ];

    /// <value>Whether commits are counted: the first step makes the table for that.</value>
    public bool IsMarked { get; } = steps[0] == StoreMarks.Schema;

    /// <summary>The schema of a file that belongs to a host's data folder, and says so (<see
    /// cref="StoreMarks"/>).</summary>
    /// <param name="steps">What comes after the table of marks.</param>
    public static SqliteSchema Marked(params string[] steps) => new([StoreMarks.Schema, .. steps]);

    /// <value>Of a file that this program writes; 1 or more. A file of a later version is refused.</value>
    public int Version => steps.Length;

    /// <summary>Makes the tables of a new file, or brings those of an older version up to date: all of it in one
    /// transaction, or nothing.</summary>
    /// <exception cref="CorruptStoreException">The file is of a later version, or its tables are not those that were
    /// made.</exception>
    public void Prepare(SqliteConnection connection, string path)
    {
        var version = SqliteFile.Scalar(connection, "PRAGMA user_version");
        if (version > Version || version < 0)
        {
            throw new CorruptStoreException(
                $"'{path}' is of store version {version}; this program reads version {Version} and older. Use the "
                    + $"program that wrote it, or another data folder."
            );
        }

        CheckTables(connection, path, (int)version);
        if (version == Version)
        {
            return;
        }

        SqliteFile.Execute(connection, "BEGIN IMMEDIATE");
        foreach (var step in steps[(int)version..])
        {
            SqliteFile.Execute(connection, step);
        }

        SqliteFile.Execute(connection, "PRAGMA user_version = " + Version.ToString(CultureInfo.InvariantCulture));
        SqliteFile.Execute(connection, "COMMIT");
        CheckTables(connection, path, Version);
    }

    private void CheckTables(SqliteConnection connection, string path, int version)
    {
        if (Describe(connection) != _expected[version].Value)
        {
            throw new CorruptStoreException(
                $"'{path}' is damaged: its tables are not those that were made. Restore the data folder from a copy."
            );
        }
    }

    private static string Describe(ReadOnlySpan<string> steps)
    {
        using var pristine = SqliteFile.Open(":memory:", SqliteOpenMode.Memory);
        foreach (var step in steps)
        {
            SqliteFile.Execute(pristine, step);
        }

        return Describe(pristine);
    }

    private static string Describe(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT group_concat(type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, ''), char(10)) "
            + "FROM (SELECT * FROM sqlite_master ORDER BY name)";
        return command.ExecuteScalar() as string ?? "";
    }
}
