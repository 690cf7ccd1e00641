using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SelfDev.Local.Sqlite;

/// <summary>One connection with the statements that were prepared on it. Used by one thread at a time.</summary>
internal sealed class SqliteSession(SqliteConnection connection) : IDisposable
{
    private readonly Dictionary<string, Statement> _statements = new(StringComparer.Ordinal);

    public SqliteConnection Connection { get; } = connection;

    /// <value>Whether a transaction is open: a failure such as a full disk may have ended it.</value>
    public bool InTransaction => raw.sqlite3_get_autocommit(Connection.Handle) == 0;

    /// <summary>A statement, ready to be bound; prepared once. Read it to its end or reset it: an open one holds a read
    /// transaction.</summary>
    public Statement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            _statements.Add(sql, statement = new Statement(Connection, sql));
        }

        statement.Reset();
        return statement;
    }

    public void Execute(string sql) => Prepare(sql).Execute();

    /// <summary>Several reads of one and the same state.</summary>
    public T InSnapshot<T>(Func<T> read)
    {
        Execute("BEGIN");
        try
        {
            return read();
        }
        finally
        {
            Execute("COMMIT");
        }
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        Connection.Dispose();
    }
}
