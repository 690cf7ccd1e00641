using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Sqlite;
using SelfDev.Local.Trust;

namespace SelfDev.Local.Tests.Trust;

/// <summary>A ledger's file of its own, filled row by row, so that a test may have the end of a very long ledger
/// without what came before.</summary>
internal sealed class LedgerFile : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-ledger-file-").FullName;
    private SqliteLedgerLog? _log;

    public LedgerFile() => Open();

    private string FilePath => Path.Combine(_folder, "ledger.db");

    public static LedgerEntry Entry(long number) =>
        new(
            $"run:{number}",
            LedgerEntryTypes.Effect,
            DateTimeOffset.UnixEpoch.AddMinutes(number),
            "run",
            "selfdev",
            new JsonObject { ["capacity"] = number }
        );

    public static byte[] Line(long number) => LedgerEntryFormat.Serialize(number, Entry(number));

    public static SignedTreeHead Head(long size) =>
        new(size, new string('a', 64), DateTimeOffset.UnixEpoch.AddSeconds(size), "key", "signature");

    /// <summary>Opens it anew; what was open is closed.</summary>
    public SqliteLedgerLog Open()
    {
        _log?.Dispose();
        _log = null;
        return _log = SqliteLedgerLog.Open(FilePath);
    }

    /// <summary>Whole blocks and what is left, with the hash of each whole one.</summary>
    public void PutEntries(long from, long count) =>
        Change(connection =>
        {
            using var insert = new Statement(connection, "INSERT INTO entry (idx, key, line) VALUES (?, ?, ?)");
            for (var index = from; index < from + count; index++)
            {
                insert.Bind(index).Bind($"run:{index}").Bind(Line(index)).Execute();
            }

            for (
                var block = from / SqliteLedgerLog.BlockEntries;
                (block + 1) * SqliteLedgerLog.BlockEntries <= from + count;
                block++
            )
            {
                var first = block * SqliteLedgerLog.BlockEntries;
                Put(
                    connection,
                    8,
                    block,
                    Root([
                        .. Enumerable
                            .Range(0, SqliteLedgerLog.BlockEntries)
                            .Select(number => MerkleHash.Leaf(Line(first + number))),
                    ])
                );
            }
        });

    public void PutHash(int level, long index, byte[] hash) =>
        Change(connection => Put(connection, level, index, hash));

    public void PutHead(long row, SignedTreeHead head) =>
        Change(connection =>
        {
            using var insert = new Statement(connection, "INSERT INTO head (size, line) VALUES (?, ?)");
            insert.Bind(row).Bind(CanonicalJson.Serialize(head, ReportJson.Options)).Execute();
        });

    public byte[] Hash(int level, long index)
    {
        using var connection = SqliteFile.OpenReader(FilePath);
        using var select = new Statement(connection, "SELECT hash FROM subtree WHERE level = ? AND idx = ?");
        return select.Bind(level).Bind(index).First(row => row.Blob(0).ToArray())!;
    }

    public long Mark(string name)
    {
        using var connection = SqliteFile.OpenReader(FilePath);
        using var select = new Statement(connection, "SELECT value FROM mark WHERE name = ?");
        return select.Bind(name).First(row => row.Int64(0));
    }

    public void Execute(string sql) => Change(connection => SqliteFile.Execute(connection, sql));

    /// <summary>The root over hashes whose number is a power of two, as RFC 6962 has it.</summary>
    public static byte[] Root(ReadOnlySpan<byte[]> hashes) =>
        hashes.Length == 1
            ? hashes[0]
            : MerkleHash.Node(Root(hashes[..(hashes.Length / 2)]), Root(hashes[(hashes.Length / 2)..]));

    public void Dispose()
    {
        _log?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static void Put(SqliteConnection connection, int level, long index, byte[] hash)
    {
        using var insert = new Statement(connection, "INSERT INTO subtree (level, idx, hash) VALUES (?, ?, ?)");
        insert.Bind(level).Bind(index).Bind(hash).Execute();
    }

    private void Change(Action<SqliteConnection> change)
    {
        using var connection = SqliteFile.OpenReader(FilePath);
        SqliteFile.Execute(connection, "BEGIN");
        change(connection);
        SqliteFile.Execute(connection, "COMMIT");
    }
}
