using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Local.Intake;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Intake;

public sealed class IntakeWatcherTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_finds_what_is_dropped_before_and_after_its_start_and_outlives_storage_that_fails()
    {
        var clock = new FakeClock();
        var store = new FailingStore(await azurite.NewStoreAsync(), failures: 3);
        var started = new Dictionary<string, TaskCompletionSource>
        {
            ["first"] = new(TaskCreationOptions.RunContinuationsAsynchronously),
            ["second"] = new(TaskCreationOptions.RunContinuationsAsynchronously),
        };
        var sweep = new IntakeSweep(
            store,
            (blob, _, _) =>
            {
                started[blob.Blob.Name].SetResult();
                return Task.FromResult(StartOutcome.Started);
            },
            clock,
            NullLogger<IntakeSweep>.Instance
        );
        using var watcher = new IntakeWatcher(
            sweep,
            new IntakeWatcherOptions(),
            clock,
            NullLogger<IntakeWatcher>.Instance
        );
        await store.WriteAsync(Containers.Intake, "first", "step"u8.ToArray(), "text/plain", Cancellation);

        await watcher.StartAsync(Cancellation);
        await PassTimeUntilAsync(clock, started["first"].Task);
        await store.WriteAsync(Containers.Intake, "second", "step"u8.ToArray(), "text/plain", Cancellation);
        await PassTimeUntilAsync(clock, started["second"].Task);
        await watcher.StopAsync(Cancellation);

        Assert.True(store.Lists > 3);
        Assert.True(watcher.ExecuteTask!.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_container_that_takes_long_to_list_is_left_alone_for_twenty_times_as_long()
    {
        var clock = new FakeClock();
        var waits = new WaitingClock(clock);
        var store = new SlowStore(clock, TimeSpan.FromSeconds(2));
        var sweep = new IntakeSweep(
            store,
            (_, _, _) =>
            {
                // Starting takes its time as well, and is not storage's.
                clock.Advance(TimeSpan.FromMinutes(5));
                return Task.FromResult(StartOutcome.Started);
            },
            clock,
            NullLogger<IntakeSweep>.Instance
        );
        using var watcher = new IntakeWatcher(
            sweep,
            new IntakeWatcherOptions(),
            waits,
            NullLogger<IntakeWatcher>.Instance
        );

        await watcher.StartAsync(Cancellation);
        await store.Third.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        await watcher.StopAsync(Cancellation);

        Assert.Equal([TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(40)], waits.Asked.Take(2));
    }

    // The watcher arms its timer at a moment of its own, so time passes in steps until it has seen enough of it.
    private static async Task PassTimeUntilAsync(FakeClock clock, Task signal)
    {
        while (!signal.IsCompleted)
        {
            Cancellation.ThrowIfCancellationRequested();
            clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await signal;
    }

    /// <summary>Notes how long it is asked to wait, and lets that time pass at once.</summary>
    private sealed class WaitingClock(FakeClock clock) : TimeProvider
    {
        public ConcurrentQueue<TimeSpan> Asked { get; } = new();

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Asked.Enqueue(dueTime);
            var timer = clock.CreateTimer(callback, state, dueTime, period);
            ThreadPool.QueueUserWorkItem(_ => clock.Advance(dueTime));
            return timer;
        }
    }

    /// <summary>One blob, in a listing that takes its time.</summary>
    private sealed class SlowStore(FakeClock clock, TimeSpan time) : ListingStore
    {
        private readonly TaskCompletionSource _third = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _lists;

        public Task Third => _third.Task;

        public override async IAsyncEnumerable<BlobInfo> ListAsync(
            string container,
            string prefix,
            [EnumeratorCancellation] CancellationToken cancellation
        )
        {
            if (++_lists == 3)
            {
                _third.TrySetResult();
            }

            await Task.Yield();
            clock.Advance(time);
            var blob = new BlobRef(container, "log", "1");
            yield return new BlobInfo(blob, 4, clock.GetUtcNow(), new Dictionary<string, string>());
        }
    }

    /// <summary>Fails the first listings, as an account does that is being restarted.</summary>
    private sealed class FailingStore(IArtifactStore inner, int failures) : IArtifactStore
    {
        private int _lists;

        public int Lists => _lists;

        public IAsyncEnumerable<BlobInfo> ListAsync(string container, string prefix, CancellationToken cancellation) =>
            Interlocked.Increment(ref _lists) <= failures
                ? throw new IOException("no answer")
                : inner.ListAsync(container, prefix, cancellation);

        public Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation) =>
            inner.GetInfoAsync(container, name, cancellation);

        public Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation) =>
            inner.OpenReadAsync(blob, cancellation);

        public Task<BlobRef> WriteAsync(
            string container,
            string name,
            ReadOnlyMemory<byte> content,
            string contentType,
            CancellationToken cancellation
        ) => inner.WriteAsync(container, name, content, contentType, cancellation);

        public Task<BlobRef> WriteAsync(
            string container,
            string name,
            Stream content,
            string contentType,
            IReadOnlyDictionary<string, string> metadata,
            CancellationToken cancellation
        ) => inner.WriteAsync(container, name, content, contentType, metadata, cancellation);

        public Task<bool> TryCreateAsync(
            string container,
            string name,
            ReadOnlyMemory<byte> content,
            string contentType,
            CancellationToken cancellation
        ) => inner.TryCreateAsync(container, name, content, contentType, cancellation);
    }

    /// <summary>Lists, and nothing else.</summary>
    private abstract class ListingStore : IArtifactStore
    {
        public abstract IAsyncEnumerable<BlobInfo> ListAsync(
            string container,
            string prefix,
            CancellationToken cancellation
        );

        public Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<BlobRef> WriteAsync(
            string container,
            string name,
            ReadOnlyMemory<byte> content,
            string contentType,
            CancellationToken cancellation
        ) => throw new NotSupportedException();

        public Task<BlobRef> WriteAsync(
            string container,
            string name,
            Stream content,
            string contentType,
            IReadOnlyDictionary<string, string> metadata,
            CancellationToken cancellation
        ) => throw new NotSupportedException();

        public Task<bool> TryCreateAsync(
            string container,
            string name,
            ReadOnlyMemory<byte> content,
            string contentType,
            CancellationToken cancellation
        ) => throw new NotSupportedException();
    }
}
