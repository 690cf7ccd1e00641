using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SelfDev.Local.Sqlite;

/// <summary>One prepared statement, bound by position and run again and again: the hot path of a store is a dozen of
/// these.</summary>
internal sealed class Statement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    public Statement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        var code = raw.sqlite3_prepare_v2(_database, sql, out _statement);
        SqliteException.ThrowExceptionForRC(code, _database);
    }

    public Statement Bind(long value) => Checked(raw.sqlite3_bind_int64(_statement, ++_bound, value));

    public Statement Bind(ulong value) => Bind(unchecked((long)value));

    public Statement Bind(string? value) =>
        Checked(
            value is null
                ? raw.sqlite3_bind_null(_statement, ++_bound)
                : raw.sqlite3_bind_text(_statement, ++_bound, value)
        );

    public Statement Bind(ReadOnlySpan<byte> value) => Checked(raw.sqlite3_bind_blob(_statement, ++_bound, value));

    public Statement BindNull() => Checked(raw.sqlite3_bind_null(_statement, ++_bound));

    /// <summary>Runs a statement that returns no rows.</summary>
    public void Execute()
    {
        try
        {
            if (Step())
            {
                throw new InvalidOperationException("The statement returned a row.");
            }
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Runs a statement that changes rows.</summary>
    /// <returns>How many.</returns>
    public int Change()
    {
        Execute();
        return raw.sqlite3_changes(_database);
    }

    /// <returns>What the first row holds; the default value where there is none.</returns>
    public T? First<T>(Func<Statement, T> read)
    {
        try
        {
            return Step() ? read(this) : default;
        }
        finally
        {
            Reset();
        }
    }

    public List<T> All<T>(Func<Statement, T> read)
    {
        var rows = new List<T>();
        try
        {
            while (Step())
            {
                rows.Add(read(this));
            }

            return rows;
        }
        finally
        {
            Reset();
        }
    }

    /// <summary>Moves to the next row. Call <see cref="Reset"/> when done.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(_statement);
        if (code is not (raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            SqliteException.ThrowExceptionForRC(code, _database);
        }

        return code == raw.SQLITE_ROW;
    }

    public void Reset()
    {
        // The step before has reported its error already; reset would only repeat it.
        _ = raw.sqlite3_reset(_statement);
        _bound = 0;
    }

    public long Int64(int column) => raw.sqlite3_column_int64(_statement, column);

    public ulong UInt64(int column) => unchecked((ulong)Int64(column));

    public string Text(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string();

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    /// <summary>Valid until the next step.</summary>
    public ReadOnlySpan<byte> Blob(int column) => raw.sqlite3_column_blob(_statement, column);

    public void Dispose() => _statement.Dispose();

    private Statement Checked(int code)
    {
        SqliteException.ThrowExceptionForRC(code, _database);
        return this;
    }
}
