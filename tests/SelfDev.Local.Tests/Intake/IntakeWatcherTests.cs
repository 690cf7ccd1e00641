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
                started[blob.Name].SetResult();
                return Task.FromResult(StartOutcome.Started);
            },
            NullLogger<IntakeSweep>.Instance);
        using var watcher = new IntakeWatcher(sweep, new IntakeWatcherOptions(), clock, NullLogger<IntakeWatcher>.Instance);
        await store.WriteAsync(Containers.Intake, "first", "step"u8.ToArray(), "text/plain", Cancellation);

        await watcher.StartAsync(Cancellation);
        await PassTimeUntilAsync(clock, started["first"].Task);
        await store.WriteAsync(Containers.Intake, "second", "step"u8.ToArray(), "text/plain", Cancellation);
        await PassTimeUntilAsync(clock, started["second"].Task);
        await watcher.StopAsync(Cancellation);

        Assert.True(store.Lists > 3);
        Assert.True(watcher.ExecuteTask!.IsCompletedSuccessfully);
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

    /// <summary>Fails the first listings, as an account does that is being restarted.</summary>
    private sealed class FailingStore(IArtifactStore inner, int failures) : IArtifactStore
    {
        private int _lists;

        public int Lists => _lists;

        public IAsyncEnumerable<BlobInfo> ListAsync(string container, string prefix, CancellationToken cancellation) =>
            Interlocked.Increment(ref _lists) <= failures ? throw new IOException("no answer") : inner.ListAsync(container, prefix, cancellation);

        public Task<BlobInfo?> GetInfoAsync(string container, string name, CancellationToken cancellation) => inner.GetInfoAsync(container, name, cancellation);

        public Task<Stream> OpenReadAsync(BlobRef blob, CancellationToken cancellation) => inner.OpenReadAsync(blob, cancellation);

        public Task<BlobRef> WriteAsync(string container, string name, ReadOnlyMemory<byte> content, string contentType, CancellationToken cancellation) =>
            inner.WriteAsync(container, name, content, contentType, cancellation);

        public Task<BlobRef> WriteAsync(string container, string name, Stream content, string contentType, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellation) =>
            inner.WriteAsync(container, name, content, contentType, metadata, cancellation);

        public Task<bool> TryCreateAsync(string container, string name, ReadOnlyMemory<byte> content, string contentType, CancellationToken cancellation) =>
            inner.TryCreateAsync(container, name, content, contentType, cancellation);
    }
}
