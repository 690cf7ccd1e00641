using Microsoft.Data.Sqlite;
using SelfDev.Local.Engine;
using SelfDev.Local.Engine.Store;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Tests.Engine;

/// <summary>The disk fails, is full, or belongs to somebody else.</summary>
public sealed class StoreFailureTests
{
    private const int IoError = 10;
    private const int Full = 13;

    private static readonly Workflow<int, string> Waiter = new("Waiter");
    private static readonly WorkflowEvent<string> Go = new("go");

    private int _failWith;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static WorkflowCatalog Catalog() =>
        new WorkflowCatalog().Add(Waiter, (context, _) => context.WaitForExternalEvent(Go));

    [Fact]
    public async Task A_failing_disk_stops_the_engine_and_nothing_is_acknowledged()
    {
        await using var subject = new EmbeddedEngineUnderTest(FailingStore);
        await subject.StartAsync(Catalog());
        await subject.Client.StartAsync(Waiter, 0, "before", Cancellation);
        var waiting = subject.Client.WaitForCompletionAsync("before", Cancellation);

        _failWith = IoError;
        await Assert.ThrowsAsync<EngineStoppedException>(() =>
            subject.Client.StartAsync(Waiter, 0, "lost", Cancellation)
        );
        await Assert.ThrowsAsync<EngineStoppedException>(() => waiting);
        _failWith = 0;
        var refused = await Assert.ThrowsAsync<EngineStoppedException>(() =>
            subject.Client.StartAsync(Waiter, 0, "later", Cancellation)
        );
        Assert.Contains("cannot write", refused.Message, StringComparison.Ordinal);
        Assert.IsType<SqliteException>(subject.Engine.Fault);
        await subject.StopAsync();

        await subject.StartAsync(Catalog());
        Assert.NotNull(await subject.Client.GetAsync("before", Cancellation));
        Assert.Null(await subject.Client.GetAsync("lost", Cancellation));
    }

    [Fact]
    public async Task After_a_full_disk_the_engine_goes_on_by_itself()
    {
        await using var subject = new EmbeddedEngineUnderTest(options =>
            FailingStore(options) with
            {
                FullDiskRetry = TimeSpan.Zero,
            }
        );
        await subject.StartAsync(Catalog());
        await subject.Client.StartAsync(Waiter, 0, "run", Cancellation);
        var waiting = subject.Client.WaitForCompletionAsync("run", Cancellation);

        _failWith = Full;
        await Assert.ThrowsAsync<EngineStoppedException>(() =>
            subject.Client.RaiseEventAsync("run", Go, "lost", Cancellation)
        );
        _failWith = 0;

        while (true)
        {
            try
            {
                await subject.Client.RaiseEventAsync("run", Go, "kept", Cancellation);
                break;
            }
            catch (EngineStoppedException)
            {
                await Task.Yield();
            }
        }

        // The wait outlived the outage, and the event that was refused was not delivered.
        Assert.Equal("\"kept\"", (await waiting).Output);
        Assert.Null(subject.Engine.Fault);
    }

    [Fact]
    public async Task A_second_engine_on_the_folder_is_refused()
    {
        await using var first = new EmbeddedEngineUnderTest();
        await first.StartAsync(Catalog());
        await using var second = new EmbeddedEngineUnderTest(options => options with { DataFolder = first.Folder });

        var refused = await Assert.ThrowsAsync<DataFolderInUseException>(() => second.StartAsync(Catalog()));

        Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        Assert.Equal(StartOutcome.Started, await first.Client.StartAsync(Waiter, 0, "run", Cancellation));
    }

    [Fact]
    public async Task Where_the_lock_did_not_hold_the_older_engine_is_fenced_off()
    {
        await using var subject = new EmbeddedEngineUnderTest();
        await subject.StartAsync(Catalog());
        await subject.Client.StartAsync(Waiter, 0, "before", Cancellation);

        // Another machine on a network folder would get here without asking the lock.
        using (new EngineStore(new EmbeddedEngineOptions { DataFolder = subject.Folder }))
        {
            await Assert.ThrowsAsync<EngineStoppedException>(() =>
                subject.Client.StartAsync(Waiter, 0, "stale", Cancellation)
            );
            Assert.Contains("taken over", subject.Engine.Fault!.Message, StringComparison.Ordinal);
            Assert.Null(await subject.Client.GetAsync("stale", Cancellation));
        }
    }

    [Fact]
    public async Task Every_commit_waits_for_the_disk()
    {
        await using var subject = new EmbeddedEngineUnderTest();
        await subject.StartAsync(Catalog());
        using var connection = SqliteFile.OpenWriter(
            Path.Combine(subject.Folder, "engine.db"),
            StoreSchema.Schema,
            1000
        );

        Assert.Equal(2, SqliteFile.Scalar(connection, "PRAGMA synchronous")); // FULL
        using var mode = connection.CreateCommand();
        mode.CommandText = "PRAGMA journal_mode";
        Assert.Equal("wal", mode.ExecuteScalar());
    }

    private EmbeddedEngineOptions FailingStore(EmbeddedEngineOptions options) =>
        options with
        {
            Probe = point =>
            {
                if (point == CommitPoint.BeforeCommit && Volatile.Read(ref _failWith) is var code and not 0)
                {
                    throw new SqliteException("disk failure made by the test", code);
                }
            },
        };
}
