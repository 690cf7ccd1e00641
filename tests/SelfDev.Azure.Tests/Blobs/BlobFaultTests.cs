using Microsoft.AspNetCore.Http;
using SelfDev.Azure.Blobs;
using SelfDev.Testing;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Tests.Blobs;

/// <summary>The store against an account whose answers get lost.</summary>
public sealed class BlobFaultTests(AzuriteFixture azurite) : IAsyncDisposable
{
    private FaultyProxy? _proxy;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _proxy?.DisposeAsync() ?? ValueTask.CompletedTask;

    [Fact]
    public async Task A_creation_whose_answer_is_lost_still_counts_as_ours_and_never_as_anybody_elses()
    {
        var (store, account) = await BehindAsync(
            Once(request => request.Method == "PUT" ? Fault.LoseAnswer : Fault.None)
        );

        Assert.True(
            await store.TryCreateAsync(Containers.Ledger, "segment", "ours"u8.ToArray(), "text/plain", Cancellation)
        );
        Assert.False(
            await store.TryCreateAsync(Containers.Ledger, "segment", "ours"u8.ToArray(), "text/plain", Cancellation)
        );
        Assert.False(
            await Direct(account)
                .TryCreateAsync(Containers.Ledger, "segment", "ours"u8.ToArray(), "text/plain", Cancellation)
        );
    }

    [Fact]
    public async Task A_busy_account_is_asked_again()
    {
        var refusals = 0;
        var (store, _) = await BehindAsync(_ => Interlocked.Increment(ref refusals) <= 2 ? Fault.Busy : Fault.None);

        var blob = await store.WriteAsync(Containers.Intake, "log", "x"u8.ToArray(), "text/plain", Cancellation);

        Assert.NotNull(blob.ETag);
        Assert.Equal(3, refusals);
    }

    [Fact]
    public async Task An_account_that_stays_busy_is_an_IOException_with_the_code()
    {
        var (store, _) = await BehindAsync(_ => Fault.Busy);

        var failure = await Assert.ThrowsAsync<IOException>(() =>
            store.GetInfoAsync(Containers.Intake, "log", Cancellation)
        );

        Assert.Contains("503 (ServerBusy) for 'intake/log'", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_breaks_in_the_middle_of_a_range_is_resumed_at_the_same_byte()
    {
        var cut = 0;
        var (store, account) = await BehindAsync(request =>
            request.Method == "GET" && Interlocked.Increment(ref cut) % 2 == 1 ? Fault.CutBody : Fault.None
        );
        var content = new byte[700_000];
        new Random(1).NextBytes(content);
        var blob = await Direct(account).WriteAsync(Containers.Intake, "log", content, "text/plain", Cancellation);

        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        var read = new MemoryStream();
        await stream.CopyToAsync(read, Cancellation);

        Assert.Equal(content, read.ToArray());
        Assert.True(cut > 10);
    }

    [Fact]
    public async Task An_empty_blob_replaced_by_another_empty_one_while_it_is_opened_is_gone()
    {
        BlobArtifactStore? direct = null;
        var (store, account) = await BehindAsync(request =>
        {
            if (request.Method == "HEAD")
            {
                direct!
                    .WriteAsync(Containers.Intake, "log", ReadOnlyMemory<byte>.Empty, "text/plain", Cancellation)
                    .GetAwaiter()
                    .GetResult();
            }

            return Fault.None;
        });
        direct = Direct(account);
        var blob = await direct.WriteAsync(
            Containers.Intake,
            "log",
            ReadOnlyMemory<byte>.Empty,
            "text/plain",
            Cancellation
        );

        await Assert.ThrowsAsync<BlobGoneException>(() => store.OpenReadAsync(blob, Cancellation));
    }

    private static BlobArtifactStore Direct(string account) => new(new BlobStoreOptions { ConnectionString = account });

    private static Func<HttpRequest, Fault> Once(Func<HttpRequest, Fault> fault)
    {
        var done = 0;
        return request =>
            fault(request) is var wanted and not Fault.None && Interlocked.Exchange(ref done, 1) == 0
                ? wanted
                : Fault.None;
    }

    private async Task<(BlobArtifactStore Store, string Account)> BehindAsync(Func<HttpRequest, Fault> fault)
    {
        var account = await azurite.NewAccountAsync();
        await Direct(account).EnsureContainersAsync(Cancellation);
        _proxy = await FaultyProxy.StartAsync(account, fault);
        var store = new BlobArtifactStore(
            new BlobStoreOptions
            {
                ConnectionString = _proxy.ConnectionString,
                MaxRetries = 3,
                Delay = TimeSpan.FromMilliseconds(1),
                ReadRangeBytes = 64 << 10,
            }
        );
        return (store, account);
    }
}
