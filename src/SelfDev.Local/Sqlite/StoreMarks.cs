namespace SelfDev.Local.Sqlite;

/// <summary>
/// What every database of the host says of itself, in rows of name and number: which data folder it belongs to, which
/// start of the host it has seen, and how often it was changed. An older copy that is put back is told by them.
/// </summary>
internal static class StoreMarks
{
    public const string Table = "mark";

    /// <summary>Name of the data folder's own random number.</summary>
    public const string Set = "set";

    /// <summary>Name of the number of the host's newest start.</summary>
    public const string Start = "start";

    /// <summary>Name of the count of commits.</summary>
    public const string Commits = "commits";

    /// <summary>Makes the table; the first step of a schema that is marked.</summary>
    public const string Schema = """
        CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
        INSERT INTO mark VALUES ('commits', 0);
        """;

    /// <summary>Part of every commit.</summary>
    public const string CountCommit = "UPDATE mark SET value = value + 1 WHERE name = 'commits'";

    public static void Write(SqliteSession session, long set, long start)
    {
        foreach (var (name, value) in new[] { (Set, set), (Start, start) })
        {
            session
                .Prepare("INSERT INTO mark VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
                .Bind(name)
                .Bind(value)
                .Execute();
        }
    }

    public static long ReadCommits(SqliteSession session) =>
        session.Prepare("SELECT value FROM mark WHERE name = 'commits'").First(row => row.Int64(0));
}
