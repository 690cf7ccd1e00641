using System.Collections.Concurrent;
using SelfDev.Local.Storage;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Spool;

/// <summary>What was acknowledged is there after storage forgot it, whatever else came in between.</summary>
public sealed class SpoolTests : IDisposable
{
    private const string Name = "training/run7/train.log";

    private readonly SpoolUnderTest _spool = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private ForgetfulStore Storage => _spool.Storage;

    public void Dispose() => _spool.Dispose();

    [Fact]
    public async Task What_storage_lost_is_put_again_at_the_start_with_its_name_and_metadata()
    {
        var first = await _spool.DropAsync(Name, "one");
        Storage.Crash();
        Assert.Null(Storage.Text(Containers.Intake, Name));

        Assert.Equal(1, await _spool.StartAsync());

        Assert.Equal("one", Storage.Text(Containers.Intake, Name));
        var info = await Storage.GetInfoAsync(Containers.Intake, Name, Cancellation);
        Assert.Equal("ana", info!.Metadata["selfdevdroppedby"]);
        Assert.NotEqual(first.ETag, info.Blob.ETag);
    }

    [Fact]
    public async Task The_file_is_whole_before_storage_hears_of_it()
    {
        var seen = 0;
        Storage.BeforeWrite = _ => seen = _spool.Files.Count(file => file.EndsWith(".drop", StringComparison.Ordinal));

        await _spool.DropAsync(Name, "one");

        Assert.Equal(1, seen);
    }

    [Fact]
    public async Task Content_and_name_are_on_the_disk_before_storage_hears_of_it()
    {
        var synced = new ConcurrentQueue<string>();
        void Note(string path) => synced.Enqueue(path);
        DurableFiles.Synced += Note;
        try
        {
            var before = new List<string>();
            Storage.BeforeWrite = _ =>
                before.AddRange(synced.Where(path => path.StartsWith(_spool.Folder, StringComparison.Ordinal)));

            await _spool.DropAsync(Name, "one");

            // The content, then content and entry, then the folder that names the file.
            Assert.EndsWith(".part", before[0], StringComparison.Ordinal);
            Assert.EndsWith(".part", before[1], StringComparison.Ordinal);
            Assert.Equal(_spool.Folder, before[2]);
        }
        finally
        {
            DurableFiles.Synced -= Note;
        }
    }

    [Fact]
    public async Task A_large_drop_is_acknowledged_as_soon_as_it_is_kept_and_put_right_after()
    {
        _spool.PutLaterBytes = 5;
        await _spool.StartAsync();

        Assert.Null((await _spool.DropAsync(Name, "large")).ETag);
        Assert.Null(Storage.Text(Containers.Intake, Name));
        await _spool.TendAsync();

        Assert.Equal("large", Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task What_storage_still_has_is_left_as_it_is()
    {
        var blob = await _spool.DropAsync(Name, "one");
        Storage.Save();
        Storage.Crash();

        Assert.Equal(0, await _spool.StartAsync());

        Assert.Equal(blob.ETag, (await Storage.GetInfoAsync(Containers.Intake, Name, Cancellation))!.Blob.ETag);
    }

    [Fact]
    public async Task Bytes_that_the_disk_lost_under_an_index_that_it_kept_are_put_again()
    {
        await _spool.DropAsync(Name, "one");
        Storage.Save();
        Storage.Damage(Containers.Intake, Name);

        Assert.Equal(1, await _spool.StartAsync());

        Assert.Equal("one", Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task Of_two_drops_of_one_name_the_newer_one_stands_whichever_storage_kept()
    {
        await _spool.DropAsync(Name, "older");
        Storage.Save();
        await _spool.DropAsync(Name, "newer");
        Storage.Crash();
        Assert.Equal("older", Storage.Text(Containers.Intake, Name));

        Assert.Equal(1, await _spool.StartAsync());
        Assert.Equal("newer", Storage.Text(Containers.Intake, Name));

        Storage.Crash();
        Assert.Equal(1, await _spool.StartAsync());
        Assert.Equal("newer", Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task A_newer_version_that_somebody_put_there_straight_is_never_overwritten()
    {
        await _spool.DropAsync(Name, "ours");
        _spool.Clock.Advance(TimeSpan.FromSeconds(2));
        Storage.PutStraight(Containers.Intake, Name, "theirs");
        Storage.Save();
        Storage.Crash();

        Assert.Equal(0, await _spool.StartAsync());

        Assert.Equal("theirs", Storage.Text(Containers.Intake, Name));
        Assert.Empty(_spool.Files);
    }

    [Fact]
    public async Task An_older_version_that_somebody_put_there_straight_gives_way()
    {
        Storage.PutStraight(Containers.Intake, Name, "theirs");
        Storage.Save();
        _spool.Clock.Advance(TimeSpan.FromSeconds(2));
        await _spool.DropAsync(Name, "ours");
        Storage.Crash();

        Assert.Equal(1, await _spool.StartAsync());

        Assert.Equal("ours", Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task An_entry_is_let_go_only_when_storage_has_it_on_its_disk()
    {
        await _spool.DropAsync(Name, "one");
        await _spool.TendAsync();
        await _spool.TendAsync();
        Assert.Single(_spool.Files);

        Storage.Save();
        await _spool.TendAsync();

        Assert.Empty(_spool.Files);
        Storage.Crash();
        Assert.Equal(0, await _spool.StartAsync());
        Assert.Equal("one", Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task A_drop_that_storage_does_not_take_now_is_acknowledged_and_put_later()
    {
        Storage.BeforeWrite = _ => throw new IOException("storage is away");
        Assert.Null((await _spool.DropAsync(Name, "one")).ETag);
        await Assert.ThrowsAsync<IOException>(_spool.TendAsync);

        Storage.BeforeWrite = null;
        await _spool.TendAsync();

        Assert.Equal("one", Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task A_drop_that_waits_is_not_put_over_a_newer_one()
    {
        Storage.BeforeWrite = _ => throw new IOException("storage is away");
        await _spool.DropAsync(Name, "older");
        Storage.BeforeWrite = null;
        await _spool.DropAsync(Name, "newer");

        await _spool.TendAsync();
        Storage.Crash();
        await _spool.StartAsync();

        Assert.Equal("newer", Storage.Text(Containers.Intake, Name));
        Assert.Single(_spool.Files);
    }

    [Fact]
    public async Task A_drop_that_storage_refuses_is_not_acknowledged_and_leaves_nothing()
    {
        Storage.BeforeWrite = _ => throw new NonRetryableException("no such container");

        await Assert.ThrowsAsync<NonRetryableException>(() => _spool.DropAsync(Name, "one"));

        Assert.Empty(_spool.Files);
    }

    [Fact]
    public async Task Drops_at_once_are_all_kept_in_one_order_for_each_name()
    {
        await Task.WhenAll(
            Enumerable
                .Range(0, 60)
                .Select(number => Task.Run(() => _spool.DropAsync($"training/run{number % 3}/log", $"{number}")))
        );
        var last = Enumerable
            .Range(0, 3)
            .Select(run => Storage.Text(Containers.Intake, $"training/run{run}/log"))
            .ToList();
        Storage.Crash();

        Assert.Equal(3, await _spool.StartAsync());

        Assert.Equal(
            last,
            Enumerable.Range(0, 3).Select(run => Storage.Text(Containers.Intake, $"training/run{run}/log"))
        );
    }

    [Fact]
    public async Task A_blob_that_somebody_deleted_does_not_come_back()
    {
        await _spool.DropAsync(Name, "one");
        Storage.Delete(Containers.Intake, Name);
        for (var look = 0; look < 3; look++)
        {
            Storage.Save();
            await _spool.TendAsync();
        }

        Assert.Empty(_spool.Files);
        Assert.Equal(0, await _spool.StartAsync());
    }

    [Fact]
    public async Task What_an_emulator_of_somebody_else_lost_is_put_again_while_the_host_runs()
    {
        _spool.MayForget = true;
        await _spool.DropAsync(Name, "one");
        Storage.Crash();
        for (var look = 0; look < 3; look++)
        {
            Storage.Save();
            await _spool.TendAsync();
        }

        Assert.Equal("one", Storage.Text(Containers.Intake, Name));
    }

    [Fact]
    public async Task A_command_outlives_the_loss_of_the_index_and_is_written_once()
    {
        Assert.True(await _spool.CommandAsync("training/run7/ab.json", "{}"));
        Assert.False(await _spool.CommandAsync("training/run7/ab.json", "{}"));
        Storage.Crash();

        Assert.Equal(1, await _spool.StartAsync());
        Assert.Equal("{}", Storage.Text(Containers.Commands, "training/run7/ab.json"));
        var writes = Storage.Writes;
        Assert.Equal(0, await _spool.StartAsync());
        Assert.Equal(writes, Storage.Writes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_command_that_was_taken_up_is_not_given_out_again(bool mayForget)
    {
        _spool.MayForget = mayForget;
        await _spool.CommandAsync("training/run7/ab.json", "{}");
        Storage.Delete(Containers.Commands, "training/run7/ab.json");
        for (var look = 0; look < 3; look++)
        {
            Storage.Save();
            await _spool.TendAsync();
        }

        Assert.Equal(0, await _spool.StartAsync());
        Assert.Null(Storage.Text(Containers.Commands, "training/run7/ab.json"));
    }

    [Fact]
    public async Task What_is_not_shared_with_others_goes_straight_through()
    {
        await _spool.Store.WriteAsync(
            Containers.Reports,
            "r/report.json",
            "{}"u8.ToArray(),
            "application/json",
            Cancellation
        );

        Assert.Empty(_spool.Files);
    }
}
