using Azure.Storage.Blobs;
using SelfDev.Azure.Blobs;
using SelfDev.Testing;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Tests.Blobs;

public sealed class BlobArtifactStoreTests(AzuriteFixture azurite) : ArtifactStoreConformance
{
    protected override async Task<IArtifactStore> CreateAsync() => await SmallRangesAsync();

    [Fact]
    public async Task A_blob_that_somebody_deletes_while_it_is_read_ends_the_reading()
    {
        var account = await azurite.NewAccountAsync();
        var store = await SmallRangesAsync(account);
        var blob = await store.WriteAsync(Containers.Intake, "log", Filled(2_000_000, 1), Text, Cancellation);
        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        var buffer = new byte[1000];
        await stream.ReadExactlyAsync(buffer, Cancellation);

        await new BlobClient(account, Containers.Intake, "log").DeleteAsync(cancellationToken: Cancellation);

        var seen = new List<byte>();
        async Task ReadOnAsync()
        {
            while (await stream.ReadAsync(buffer, Cancellation) is > 0 and var count)
            {
                seen.AddRange(buffer.AsSpan(0, count));
            }
        }

        await Assert.ThrowsAsync<BlobGoneException>(ReadOnAsync);
        await Assert.ThrowsAsync<BlobGoneException>(ReadOnAsync);
        Assert.All(seen, value => Assert.Equal(1, value));
    }

    [Fact]
    public async Task A_wrong_key_is_final_and_says_so_without_the_key()
    {
        var key = Convert.ToBase64String(new byte[64]);
        var account = await azurite.NewAccountAsync();
        var parts = account
            .Split(';')
            .Select(part => part.StartsWith("AccountKey=", StringComparison.Ordinal) ? "AccountKey=" + key : part);
        var store = new BlobArtifactStore(new BlobStoreOptions { ConnectionString = string.Join(';', parts) });

        var denied = await Assert.ThrowsAsync<NonRetryableException>(() =>
            store.GetInfoAsync(Containers.Intake, "x", Cancellation)
        );

        Assert.Contains("denies access", denied.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(key, denied.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_container_is_final_and_says_what_to_do()
    {
        var store = new BlobArtifactStore(new BlobStoreOptions { ConnectionString = await azurite.NewAccountAsync() });

        var missing = await Assert.ThrowsAsync<NonRetryableException>(() =>
            store.WriteAsync(Containers.Intake, "x", "x"u8.ToArray(), Text, Cancellation)
        );

        Assert.Contains("no container 'intake'", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_that_cannot_be_reached_is_an_IOException_after_the_retries()
    {
        var store = new BlobArtifactStore(
            new BlobStoreOptions
            {
                ConnectionString =
                    $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={Convert.ToBase64String(new byte[64])};BlobEndpoint=http://127.0.0.1:1/a;",
                MaxRetries = 1,
                Delay = TimeSpan.FromMilliseconds(1),
            }
        );

        var failure = await Assert.ThrowsAsync<IOException>(() =>
            store.GetInfoAsync(Containers.Intake, "x", Cancellation)
        );

        Assert.Contains("cannot be reached", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("UseDevelopmentStorage=true", "https://a.blob.core.windows.net")]
    [InlineData(null, "http://a.blob.core.windows.net")]
    [InlineData("AccountName=only", null)]
    public void Options_that_name_no_single_safe_account_are_refused(string? connectionString, string? serviceUri)
    {
        var options = new BlobStoreOptions
        {
            ConnectionString = connectionString,
            ServiceUri = serviceUri is null ? null : new Uri(serviceUri),
        };

        Assert.Throws<ArgumentException>(() => new BlobArtifactStore(options));
    }

    private async Task<BlobArtifactStore> SmallRangesAsync(string? account = null)
    {
        var store = new BlobArtifactStore(
            new BlobStoreOptions
            {
                ConnectionString = account ?? await azurite.NewAccountAsync(),
                ReadRangeBytes = 64 << 10,
            }
        );
        await store.EnsureContainersAsync(Cancellation);
        return store;
    }
}
