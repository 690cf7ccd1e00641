using Microsoft.Data.Sqlite;
using SelfDev.Local.Hosting;
using SelfDev.Local.Sqlite;

namespace SelfDev.Local.Reconcile;

/// <summary>Reads what the parts say of themselves, without making, mending or moving any file.</summary>
internal static class PartReader
{
    /// <param name="ownStorage">Whether the host runs an emulator of its own: only then is its folder a part.</param>
    /// <exception cref="CorruptStoreException">A file is damaged.</exception>
    public static IReadOnlyList<PartFacts> ReadAll(DataDirectory data, bool ownStorage)
    {
        List<PartFacts> parts =
        [
            ReadDatabase(data, Parts.Engine, data.EngineDatabase, "meta", "instance"),
            ReadDatabase(data, Parts.Trust, data.TrustDatabase, StoreMarks.Table, "record"),
            ReadDatabase(data, Parts.Ledger, data.LedgerDatabase, StoreMarks.Table, "entry"),
            ReadDatabase(data, Parts.Artifacts, data.ArtifactsDatabase, StoreMarks.Table, "blob"),
        ];
        if (ownStorage)
        {
            parts.Add(StorageMark.Read(data));
        }

        return parts;
    }

    /// <returns>The path as a person finds it from the data folder.</returns>
    public static string Shown(DataDirectory data, string path) =>
        Path.GetRelativePath(data.Root, path).Replace('\\', '/');

    private static PartFacts ReadDatabase(DataDirectory data, string part, string path, string marks, string content)
    {
        var shown = Shown(data, path);
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            return new PartFacts(part, shown, false, null, false);
        }

        WalInspector.Check(path + "-wal");
        try
        {
            using var connection = SqliteFile.OpenReader(path);
            var mark = HasTable(connection, marks) ? ReadMark(connection, marks) : null;
            var hasContent =
                HasTable(connection, content)
                && SqliteFile.Scalar(connection, $"SELECT EXISTS (SELECT 1 FROM {content})") == 1;
            return new PartFacts(part, shown, true, mark, hasContent);
        }
        catch (SqliteException failure)
        {
            throw SqliteFailures.Translate(failure, path, opened: false);
        }
    }

    private static PartMark? ReadMark(SqliteConnection connection, string table)
    {
        var values = new Dictionary<string, long>(StringComparer.Ordinal);
        using var select = new Statement(connection, $"SELECT name, value FROM {table}");
        while (select.Step())
        {
            values[select.Text(0)] = select.Int64(1);
        }

        return values.TryGetValue(StoreMarks.Set, out var set) && values.TryGetValue(StoreMarks.Start, out var start)
            ? new PartMark(set, start, values.GetValueOrDefault(StoreMarks.Commits))
            : null;
    }

    private static bool HasTable(SqliteConnection connection, string table) =>
        SqliteFile.Scalar(connection, $"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '{table}'")
        == 1;
}
