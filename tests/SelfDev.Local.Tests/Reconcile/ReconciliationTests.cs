using System.Text.Json.Nodes;
using Microsoft.Data.Sqlite;
using SelfDev.Core.Ledger;
using SelfDev.CrashTarget;
using SelfDev.Local.Hosting;
using SelfDev.Workflows.Ledger;

namespace SelfDev.Local.Tests.Reconcile;

/// <summary>
/// Genuine files, deleted, emptied, exchanged and put back: the host does not start on them, and says which and what to
/// do.
/// </summary>
public sealed class ReconciliationTests : IDisposable
{
    private readonly DataDirectory _data = new(Directory.CreateTempSubdirectory("selfdev-reconcile-").FullName);
    private readonly string _copies = Directory.CreateTempSubdirectory("selfdev-copies-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> EveryDatabase =>
        ["engine/engine.db", "trust/trust.db", "trust/ledger.db", "artifacts/artifacts.db"];

    public void Dispose()
    {
        Directory.Delete(_data.Root, recursive: true);
        Directory.Delete(_copies, recursive: true);
    }

    [Fact]
    public async Task A_folder_that_was_left_in_order_starts_again_and_again()
    {
        for (var start = 0; start < 3; start++)
        {
            await using var host = await FolderHost.StartAsync(_data);
            await host.WorkAsync($"run{start}");
        }
    }

    [Theory]
    [MemberData(nameof(EveryDatabase))]
    public async Task A_deleted_database_is_missed_and_nothing_is_made_in_its_place(string file)
    {
        await StartAndWorkAsync("run1");
        Remove(file);

        await AssertRefusedAsync(file, "missing or was emptied");

        Assert.False(File.Exists(Path.Combine(_data.Root, file)));
    }

    [Theory]
    [MemberData(nameof(EveryDatabase))]
    public async Task An_emptied_database_is_missed(string file)
    {
        await StartAndWorkAsync("run1");
        Remove(file);
        await File.WriteAllBytesAsync(Path.Combine(_data.Root, file), [], Cancellation);

        await AssertRefusedAsync(file, "missing or was emptied");
    }

    [Theory]
    [MemberData(nameof(EveryDatabase))]
    public async Task A_database_of_another_folder_is_not_taken(string file)
    {
        await StartAndWorkAsync("run1");
        var other = new DataDirectory(Path.Combine(_copies, "other"));
        await using (var host = await FolderHost.StartAsync(other))
        {
            await host.WorkAsync("run1");
        }

        Remove(file);
        File.Copy(Path.Combine(other.Root, file), Path.Combine(_data.Root, file));

        await AssertRefusedAsync(file, "belongs to another data folder");
    }

    [Theory]
    [MemberData(nameof(EveryDatabase))]
    public async Task A_copy_from_before_the_last_start_is_not_taken(string file)
    {
        await StartAndWorkAsync("run1");
        File.Copy(Path.Combine(_data.Root, file), Path.Combine(_copies, "copy"));
        await StartAndWorkAsync("run2");
        Remove(file);
        File.Move(Path.Combine(_copies, "copy"), Path.Combine(_data.Root, file));

        await AssertRefusedAsync(file, "older copy");
    }

    [Theory]
    [MemberData(nameof(EveryDatabase))]
    public async Task A_copy_from_earlier_in_the_same_start_is_not_taken(string file)
    {
        await using (var host = await FolderHost.StartAsync(_data))
        {
            await host.WorkAsync("run1");
            Backup(file);
            await host.WorkAsync("run2");
            await host.NoteAsync();
        }

        Remove(file);
        File.Move(Path.Combine(_copies, "copy"), Path.Combine(_data.Root, file));

        await AssertRefusedAsync(file, "older copy");
    }

    [Fact]
    public async Task A_ledger_behind_the_engines_receipts_is_noticed_without_anything_that_was_noted()
    {
        await using (var host = await FolderHost.StartAsync(_data))
        {
            await host.WorkAsync("run1");
            Backup("trust/ledger.db");
            await host.WorkAsync("run2");
        }

        Remove("trust/ledger.db");
        File.Move(Path.Combine(_copies, "copy"), _data.LedgerDatabase);
        File.Delete(_data.LastSeen);
        File.Delete(_data.LastHead);

        await AssertRefusedAsync("trust/ledger.db", "the engine's newest receipt covers 4");
    }

    [Fact]
    public async Task Everything_gone_but_the_keys_is_missed()
    {
        await StartAndWorkAsync("run1");
        Directory.Delete(_data.Engine, recursive: true);
        Directory.Delete(Path.GetDirectoryName(_data.TrustDatabase)!, recursive: true);

        await AssertRefusedAsync("engine/engine.db", "missing or was emptied");
    }

    [Theory]
    [MemberData(nameof(EveryDatabase))]
    public async Task Who_accepts_the_loss_goes_on_and_the_ledger_says_so_before_anything_else(string file)
    {
        await StartAndWorkAsync("run1");
        var lastHead = await LastHeadAsync();
        Remove(file);
        await AssertRefusedAsync(file, "missing");

        JsonNode entry;
        long entries;
        await using (var host = await FolderHost.StartAsync(_data, acceptLoss: "the disk died, and nobody had a copy"))
        {
            (entry, entries) = await LossAsync(host.Ledger);
            await host.WorkAsync("run2");
        }

        Assert.Equal("the disk died, and nobody had a copy", (string?)entry["body"]!["why"]);
        Assert.Equal(Environment.UserName, (string?)entry["body"]!["by"]);
        Assert.Contains(file, (string?)entry["body"]!["lost"]![0], StringComparison.Ordinal);
        Assert.Equal(lastHead.RootHash, (string?)entry["body"]!["lastHead"]!["rootHash"]);
        Assert.Equal(file == "trust/ledger.db", (bool)entry["body"]!["isNewLedger"]!);
        Assert.Equal(file == "trust/ledger.db" ? 1 : 3, entries);

        // From here on it is a folder like any other.
        await StartAndWorkAsync("run3");
        Remove(file);
        await AssertRefusedAsync(file, "missing");
    }

    [Fact]
    public async Task A_ledger_that_lost_entries_is_set_aside_and_never_appended_to()
    {
        await StartAndWorkAsync("run1");
        File.Copy(_data.LedgerDatabase, Path.Combine(_copies, "copy"));
        await StartAndWorkAsync("run2");
        Remove("trust/ledger.db");
        File.Move(Path.Combine(_copies, "copy"), _data.LedgerDatabase);

        await using var host = await FolderHost.StartAsync(_data, acceptLoss: "restored from last night");

        var (entry, entries) = await LossAsync(host.Ledger);
        Assert.Equal(1, entries);
        var setAside = Path.Combine(Path.GetDirectoryName(_data.LedgerDatabase)!, (string)entry["body"]!["setAside"]!);
        Assert.True(File.Exists(setAside));
    }

    [Fact]
    public async Task A_reason_that_was_not_needed_changes_nothing()
    {
        await StartAndWorkAsync("run1");

        await using var host = await FolderHost.StartAsync(_data, acceptLoss: "just in case");

        Assert.Null((await host.Ledger.LatestHeadAsync(Cancellation))!.TreeSize == 2 ? null : "an entry more");
    }

    private async Task StartAndWorkAsync(string id)
    {
        await using var host = await FolderHost.StartAsync(_data);
        await host.WorkAsync(id);
        await host.NoteAsync();
    }

    private async Task AssertRefusedAsync(string file, string words)
    {
        var before = Snapshot();

        var refused = await Assert.ThrowsAsync<LocalHostException>(async () => await FolderHost.StartAsync(_data));

        Assert.Contains(file, refused.Message, StringComparison.Ordinal);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        Assert.Contains("--accept-loss", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.Equal(before, Snapshot());
    }

    // Names and lengths of what is worth anything; the shared memory of SQLite's readers comes and goes.
    private List<string> Snapshot() =>
        [
            .. Directory
                .EnumerateFiles(_data.Root, "*", SearchOption.AllDirectories)
                .Where(path =>
                    !path.EndsWith("-shm", StringComparison.Ordinal)
                    && !path.EndsWith("-wal", StringComparison.Ordinal)
                    && !path.EndsWith(".pid", StringComparison.Ordinal)
                    && !path.EndsWith(".lock", StringComparison.Ordinal)
                )
                .Select(path => $"{path} {new FileInfo(path).Length}")
                .Order(StringComparer.Ordinal),
        ];

    private void Remove(string file)
    {
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(Path.Combine(_data.Root, file) + suffix);
        }
    }

    // As a person's backup tool does it beside the running host.
    private void Backup(string file)
    {
        using var source = new SqliteConnection($"Data Source={Path.Combine(_data.Root, file)};Pooling=False");
        using var target = new SqliteConnection($"Data Source={Path.Combine(_copies, "copy")};Pooling=False");
        source.Open();
        target.Open();
        source.BackupDatabase(target);
    }

    private async Task<SignedTreeHead> LastHeadAsync()
    {
        await using var host = await FolderHost.StartAsync(_data);
        return (await host.Ledger.LatestHeadAsync(Cancellation))!;
    }

    private static async Task<(JsonNode Entry, long Entries)> LossAsync(LedgerStore ledger)
    {
        var entries = new List<JsonNode>();
        await foreach (var line in ledger.ReadAsync(0, Cancellation))
        {
            entries.Add(JsonNode.Parse(line.Span)!);
        }

        return (Assert.Single(entries, entry => (string?)entry["type"] == LedgerEntryTypes.Loss), entries.Count);
    }
}
