using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Core.Ledger;
using SelfDev.Local.Sqlite;
using SelfDev.Local.Trust;
using SelfDev.Testing;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Trust;

public sealed class SqliteLedgerTests : LedgerConformance
{
    private readonly FileUnderTest _file = new();

    protected override ILedgerUnderTest Create() => _file;

    [Fact]
    public async Task Entries_and_their_head_are_one_commit_and_those_who_meet_share_it()
    {
        var store = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 240).Select(number => store.AppendAsync(Entry(number), Cancellation)));
        Assert.Equal(_file.Log!.Commits, await store.ReadHeadsAsync(Cancellation).CountAsync(Cancellation));
        Assert.InRange(_file.Log.Commits, 4, 120);
    }

    [Fact]
    public async Task A_full_disk_leaves_the_ledger_whole_and_it_goes_on_when_there_is_room()
    {
        var store = await OpenAsync();
        await store.AppendAsync(Entry(0), Cancellation);
        await _file.Log!.LimitPagesAsync(12);
        var number = 0;
        while (true)
        {
            try
            {
                await store.AppendAsync(Entry(++number), Cancellation);
            }
            catch (IOException)
            {
                break;
            }
        }

        await _file.Log.LimitPagesAsync(100_000);
        Assert.Equal(number, (await store.AppendAsync(Entry(number), Cancellation)).Index);
        await AssertIntactAsync(store, number + 1);
    }

    // Of three levels of kept hashes, all that the newest head does not rest on is left to the check.
    [Theory]
    [InlineData("UPDATE subtree SET hash = zeroblob(32) WHERE level = 8 AND idx = 1")]
    [InlineData("DELETE FROM subtree WHERE level = 8 AND idx = 1")]
    [InlineData("UPDATE entry SET key = 'other' WHERE idx = 300")]
    [InlineData("UPDATE entry SET line = (SELECT line FROM entry WHERE idx = 301) WHERE idx = 300")]
    [InlineData("DELETE FROM entry WHERE idx = 3")]
    public async Task Damage_deep_inside_is_found_on_opening_or_by_the_check(string damage)
    {
        var store = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 700).Select(number => store.AppendAsync(Entry(number), Cancellation)));
        await _file.ExecuteAsync(damage);

        using var reopened = new LedgerStore(await _file.OpenAsync(), Signer, new FakeClock());
        await _file.LookAsync(reopened);
        await Assert.ThrowsAsync<LedgerDamagedException>(() => reopened.AppendAsync(Entry(900), Cancellation));
    }

    // Somebody who may write to the file puts an entry behind the last head, and hopes that the host signs over it.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_entry_that_somebody_else_put_at_the_end_is_never_signed(bool isRunning)
    {
        var store = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(number => store.AppendAsync(Entry(number), Cancellation)));
        var forged = LedgerEntryFormat.Serialize(3, Entry(900));
        await _file.PutAsync(3, Entry(900).Key, forged);

        if (!isRunning)
        {
            store = new LedgerStore(await _file.OpenAsync(), Signer, new FakeClock());
        }

        var refused = await Assert.ThrowsAsync<LedgerDamagedException>(() => store.AppendAsync(Entry(4), Cancellation));
        Assert.Contains("somebody else put entries 3 to 3 there", refused.Message, StringComparison.Ordinal);
        Assert.All(
            await store.ReadHeadsAsync(Cancellation).ToListAsync(Cancellation),
            head => Assert.True(head.TreeSize <= 3)
        );
    }

    [Fact]
    public async Task A_head_of_another_key_is_not_built_upon()
    {
        var store = await OpenAsync();
        await store.AppendAsync(Entry(0), Cancellation);
        using var thief = new TestSigner();
        using var theirs = new LedgerStore(await _file.OpenAsync(), thief, new FakeClock());

        var refused = await Assert.ThrowsAsync<LedgerDamagedException>(() =>
            theirs.AppendAsync(Entry(1), Cancellation)
        );
        Assert.Contains(
            "none of SelfDev's: it is signed by the unknown key",
            refused.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_store_that_is_damaged_as_a_file_is_refused()
    {
        await OpenAsync();
        await _file.ExecuteAsync("DROP TABLE subtree");
        await Assert.ThrowsAsync<CorruptStoreException>(_file.OpenAsync);
    }

    private sealed class FileUnderTest : ILedgerUnderTest
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-ledger-").FullName;

        public SqliteLedgerLog? Log { get; private set; }

        private string FilePath => Path.Combine(_folder, "ledger.db");

        public Task<ILedgerLog> OpenAsync()
        {
            Log?.Dispose();
            Log = null;
            Log = SqliteLedgerLog.Open(FilePath);
            return Task.FromResult<ILedgerLog>(Log);
        }

        public Task LookAsync(LedgerStore store) =>
            new LedgerCheck(Log!, store, TimeProvider.System, NullLogger<LedgerCheck>.Instance).RunAsync(
                rests: false,
                Cancellation
            );

        public Task RewriteAsync(Action<List<string>> change) =>
            ChangeAsync(connection =>
            {
                var lines = new List<string>();
                using (var select = new Statement(connection, "SELECT line FROM entry ORDER BY idx"))
                {
                    lines = select.All(row => Encoding.UTF8.GetString(row.Blob(0)));
                }

                change(lines);
                SqliteFile.Execute(connection, "DELETE FROM entry");
                using var insert = new Statement(connection, "INSERT INTO entry (idx, key, line) VALUES (?, ?, ?)");
                for (var index = 0; index < lines.Count; index++)
                {
                    var key = LedgerEntryFormat.Parse(Encoding.UTF8.GetBytes(lines[index])).Entry!.Key;
                    insert.Bind(index).Bind(key).Bind(Encoding.UTF8.GetBytes(lines[index])).Execute();
                }
            });

        public Task PutBackAsync(int entries) =>
            ChangeAsync(connection =>
            {
                SqliteFile.Execute(connection, $"DELETE FROM entry WHERE idx >= {entries}");
                SqliteFile.Execute(connection, $"DELETE FROM head WHERE size > {entries}");
            });

        // Beside a host that runs: nothing is closed.
        public Task PutAsync(int index, string key, byte[] line)
        {
            using var connection = SqliteFile.OpenReader(FilePath);
            using var insert = new Statement(connection, "INSERT INTO entry (idx, key, line) VALUES (?, ?, ?)");
            insert.Bind(index).Bind(key).Bind(line).Execute();
            return Task.CompletedTask;
        }

        public Task ExecuteAsync(string sql) => ChangeAsync(connection => SqliteFile.Execute(connection, sql));

        public ValueTask DisposeAsync()
        {
            Log?.Dispose();
            Directory.Delete(_folder, recursive: true);
            return ValueTask.CompletedTask;
        }

        private Task ChangeAsync(Action<SqliteConnection> change)
        {
            Log?.Dispose();
            Log = null;
            using var connection = SqliteFile.OpenReader(FilePath);
            SqliteFile.Execute(connection, "BEGIN");
            change(connection);
            SqliteFile.Execute(connection, "COMMIT");
            return Task.CompletedTask;
        }
    }
}
