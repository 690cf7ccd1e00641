using Microsoft.Data.Sqlite;

namespace SelfDev.Local.Sqlite;

/// <summary>Turns what SQLite throws into what a caller can act on.</summary>
internal static class SqliteFailures
{
    // https://www.sqlite.org/rescode.html
    private const int Busy = 5;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int Full = 13;
    private const int CannotOpen = 14;
    private const int NotADatabase = 26;

    public static bool IsDiskFull(Exception failure) => failure is SqliteException { SqliteErrorCode: Full };

    /// <summary>
    /// Whether the file is not what was written. Our statements and tables are right: while opening, an error that is
    /// not the disk's or a lock's means just that (a changed schema, or a header that says read-only).
    /// </summary>
    public static bool TellsDamage(SqliteException failure, bool opened) =>
        opened
            ? failure.SqliteErrorCode is Corrupt or NotADatabase
            : failure.SqliteErrorCode is not (Busy or IoError or Full or CannotOpen);

    /// <summary>What a store's caller gets: damage by its name, anything else of the disk as an <see
    /// cref="IOException"/>, which may be tried again.</summary>
    public static Exception Translate(Exception failure, string path, bool opened = true) =>
        failure switch
        {
            SqliteException damage when TellsDamage(damage, opened) => Damaged(path, damage),
            SqliteException { SqliteErrorCode: Full } full => new IOException(
                $"The disk is full: nothing was written to '{path}'. Make room and try again.",
                full
            ),
            SqliteException other => new IOException($"'{path}' could not be read or written: {other.Message}", other),
            _ => failure,
        };

    public static CorruptStoreException Damaged(string path, Exception failure) =>
        new(
            $"'{path}' cannot be used: {failure.Message}. Check that it may be written; if so it is damaged: restore "
                + $"the data folder from a copy.",
            failure
        );
}
