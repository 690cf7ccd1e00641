using SelfDev.Local.Sqlite;
using SelfDev.Local.Trust;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Trust;

public sealed class SqliteTrustStoreTests : TrustStoreConformance, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-trust-").FullName;
    private readonly List<SqliteTrustStore> _open = [];

    private string FilePath => Path.Combine(_folder, "trust.db");

    public void Dispose()
    {
        _open.ForEach(store => store.Dispose());
        Directory.Delete(_folder, recursive: true);
    }

    protected override Task<ITrustStore> CreateAsync() => Task.FromResult<ITrustStore>(Open());

    [Fact]
    public async Task Records_outlive_the_store_that_created_them()
    {
        var store = Open();
        await store.TryCreateAsync("a", "one"u8.ToArray(), Cancellation);
        store.Dispose();
        Assert.Equal("one"u8.ToArray(), await Open().ReadAsync("a", Cancellation));
    }

    [Fact]
    public async Task A_listing_of_several_pages_leaves_nothing_out()
    {
        var store = Open();
        await Task.WhenAll(
            Enumerable
                .Range(0, 1_234)
                .Select(number => store.TryCreateAsync($"d/{number:0000}", "x"u8.ToArray(), Cancellation))
        );
        Assert.Equal(
            Enumerable.Range(0, 1_234).Select(number => $"d/{number:0000}"),
            await store.ListAsync("d/", "", Cancellation).ToListAsync(Cancellation)
        );
        Assert.True(store.Commits < 400, $"{store.Commits} commits for 1,234 records that were created at once");
    }

    // A page has 500 names: one full page has no second one, and reading on begins behind the last name, not with it.
    [Theory]
    [InlineData(499)]
    [InlineData(500)]
    [InlineData(501)]
    [InlineData(1_000)]
    public async Task A_listing_around_the_size_of_a_page_has_every_name_once(int count)
    {
        var store = Open();
        await Task.WhenAll(
            Enumerable
                .Range(0, count)
                .Select(number => store.TryCreateAsync($"d/{number:0000}", "x"u8.ToArray(), Cancellation))
        );
        Assert.Equal(
            Enumerable.Range(7, count - 7).Select(number => $"d/{number:0000}"),
            await store.ListAsync("d/", "d/0007", Cancellation).ToListAsync(Cancellation)
        );
    }

    [Fact]
    public async Task A_record_that_was_changed_in_the_file_is_refused()
    {
        var store = Open();
        await store.TryCreateAsync("plan", "approve capacity 4"u8.ToArray(), Cancellation);
        store.Dispose();
        var file = await File.ReadAllBytesAsync(FilePath, Cancellation);
        file[file.AsSpan().IndexOf("capacity 4"u8) + 9] = (byte)'9';
        await File.WriteAllBytesAsync(FilePath, file, Cancellation);

        var damaged = await Assert.ThrowsAsync<CorruptStoreException>(() => Open().ReadAsync("plan", Cancellation));
        Assert.Contains("plan", damaged.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ä", "")]
    [InlineData("d/", "ä")]
    public async Task A_listing_of_what_no_name_begins_with_is_refused(string prefix, string from) =>
        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await Open().ListAsync(prefix, from, Cancellation).ToListAsync(Cancellation)
        );

    // What tells an older copy of the file that is put back.
    [Fact]
    public async Task The_file_carries_the_mark_of_its_folder_and_counts_its_commits()
    {
        var store = Open();
        var before = await store.ReadCommitsAsync(Cancellation);
        await store.MarkAsync(set: 77, start: 5);
        Assert.True(await store.ReadCommitsAsync(Cancellation) > before);
        using var connection = SqliteFile.OpenReader(FilePath);
        using var select = new Statement(
            connection,
            "SELECT name || '=' || value FROM mark WHERE name <> 'commits' ORDER BY name"
        );
        Assert.Equal(["set=77", "start=5"], select.All(row => row.Text(0)));
    }

    [Fact]
    public void Two_processes_cannot_have_it_open()
    {
        Open();
        var refused = Assert.Throws<DataFolderInUseException>(Open);
        Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
    }

    private SqliteTrustStore Open()
    {
        var store = SqliteTrustStore.Open(FilePath);
        _open.Add(store);
        return store;
    }
}
