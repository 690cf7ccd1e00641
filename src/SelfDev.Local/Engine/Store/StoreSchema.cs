using SelfDev.Local.Sqlite;

namespace SelfDev.Local.Engine.Store;

/// <summary>The engine's tables.</summary>
internal static class StoreSchema
{
    // instance: what never changes (but the input, with a new generation). state: what every commit may change.
    // history: one row for what one commit added to one instance, appended in order of commit, so that the pages that a
    // commit touches are few.
    private const string Version1 = """
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

    // The newest instances of a status, whatever else there is.
    private const string Version2 = "CREATE INDEX state_of_status ON state (status)";

    /// <value>Of <c>engine.db</c>.</value>
    public static SqliteSchema Schema { get; } = new(Version1, Version2);
}
