using System.Text;
using Azure.Storage.Blobs;
using SelfDev.Azure.Blobs;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Tests.Blobs;

public sealed class BlobArtifactStoreTests(AzuriteFixture azurite)
{
    private const string Text = "text/plain";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((64 << 10) - 1)]
    [InlineData(64 << 10)]
    [InlineData((64 << 10) + 1)]
    [InlineData(1_000_003)]
    public async Task What_was_written_is_read_back_across_range_borders(int length)
    {
        var store = await SmallRangesAsync();
        var content = Noise(length);
        var blob = await store.WriteAsync(Containers.Intake, "training/run/log", content, Text, Cancellation);

        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        var read = new MemoryStream();
        await stream.CopyToAsync(read, Cancellation);

        Assert.Equal(length, stream.Length);
        Assert.True(content.AsSpan().SequenceEqual(read.ToArray()));
        Assert.Equal(length, stream.Position);
    }

    [Fact]
    public async Task Synchronous_reads_give_the_same_bytes()
    {
        var store = await SmallRangesAsync();
        var content = Noise(300_000);
        var blob = await store.WriteAsync(Containers.Intake, "log", content, Text, Cancellation);

        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        var read = new byte[content.Length];
#pragma warning disable CA1849 // The synchronous path is what is tested.
        stream.ReadExactly(read);
        Assert.Equal(0, stream.Read(new byte[10]));
#pragma warning restore CA1849

        Assert.True(content.AsSpan().SequenceEqual(read));
    }

    [Fact]
    public async Task A_stream_is_uploaded_in_blocks_with_its_metadata_and_is_invisible_until_it_ends()
    {
        var store = await azurite.NewStoreAsync();
        var content = Noise(9 << 20);
        BlobInfo? seenWhileWriting = null;
        using var source = new SignallingStream(content, onEnd: async () => seenWhileWriting = await store.GetInfoAsync(Containers.Evidence, "big", Cancellation));

        var blob = await store.WriteAsync(
            Containers.Evidence, "big", source, "application/octet-stream", new Dictionary<string, string> { ["run"] = "r1" }, Cancellation);

        Assert.True(source.Ended);
        Assert.Null(seenWhileWriting);
        var info = await store.GetInfoAsync(Containers.Evidence, "big", Cancellation);
        Assert.Equal(blob, info!.Blob);
        Assert.Equal(content.Length, info.Length);
        Assert.Equal("r1", info.Metadata["run"]);
        Assert.Equal(content, await ReadAllAsync(store, blob));
    }

    [Fact]
    public async Task An_overwrite_before_the_read_is_noticed_and_the_new_version_is_readable()
    {
        var store = await azurite.NewStoreAsync();
        var first = await store.WriteAsync(Containers.Intake, "log", "one"u8.ToArray(), Text, Cancellation);
        var second = await store.WriteAsync(Containers.Intake, "log", "two"u8.ToArray(), Text, Cancellation);

        var gone = await Assert.ThrowsAsync<BlobGoneException>(() => store.OpenReadAsync(first, Cancellation));

        Assert.NotEqual(first.ETag, second.ETag);
        Assert.Contains("intake/log", gone.Message, StringComparison.Ordinal);
        Assert.Equal("two", Encoding.UTF8.GetString(await ReadAllAsync(store, second)));
    }

    [Fact]
    public async Task An_overwrite_with_an_empty_blob_is_noticed_too()
    {
        var store = await azurite.NewStoreAsync();
        var first = await store.WriteAsync(Containers.Intake, "log", "one"u8.ToArray(), Text, Cancellation);
        await store.WriteAsync(Containers.Intake, "log", ReadOnlyMemory<byte>.Empty, Text, Cancellation);

        await Assert.ThrowsAsync<BlobGoneException>(() => store.OpenReadAsync(first, Cancellation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_while_reading_ends_the_reading_and_never_mixes_versions(bool overwrite)
    {
        var account = await azurite.NewAccountAsync();
        var store = await SmallRangesAsync(account);
        var blob = await store.WriteAsync(Containers.Intake, "log", Filled(2_000_000, 1), Text, Cancellation);
        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        var buffer = new byte[1000];
        await stream.ReadExactlyAsync(buffer, Cancellation);

        if (overwrite)
        {
            await store.WriteAsync(Containers.Intake, "log", Filled(2_000_000, 2), Text, Cancellation);
        }
        else
        {
            await new BlobClient(account, Containers.Intake, "log").DeleteAsync(cancellationToken: Cancellation);
        }

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
    public async Task A_missing_blob_is_gone_and_has_no_info()
    {
        var store = await azurite.NewStoreAsync();

        Assert.Null(await store.GetInfoAsync(Containers.Intake, "nothing", Cancellation));
        await Assert.ThrowsAsync<BlobGoneException>(() => store.OpenReadAsync(new BlobRef(Containers.Intake, "nothing", null), Cancellation));
    }

    [Fact]
    public async Task Of_many_creators_exactly_one_wins()
    {
        var store = await azurite.NewStoreAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(number =>
            store.TryCreateAsync(Containers.Ledger, "segment", Encoding.UTF8.GetBytes($"{number}"), Text, Cancellation)));

        Assert.Equal(1, outcomes.Count(won => won));
        var winner = Array.IndexOf(outcomes, true);
        Assert.Equal($"{winner}", Encoding.UTF8.GetString(await ReadAllAsync(store, new BlobRef(Containers.Ledger, "segment", null))));
    }

    [Fact]
    public async Task A_listing_is_in_order_of_name_below_the_prefix_with_metadata_and_plain_etags()
    {
        var store = await azurite.NewStoreAsync();
        foreach (var name in new[] { "training/b", "training/a/x", "evals/c", "training/a b" })
        {
            await store.WriteAsync(
                Containers.Intake, name, new MemoryStream("x"u8.ToArray()), Text, new Dictionary<string, string> { ["From"] = "test" }, Cancellation);
        }

        var listed = await store.ListAsync(Containers.Intake, "training/", Cancellation).ToListAsync(Cancellation);

        Assert.Equal(["training/a b", "training/a/x", "training/b"], listed.Select(info => info.Blob.Name));
        Assert.All(listed, info => Assert.Equal("test", info.Metadata["from"]));
        foreach (var info in listed)
        {
            Assert.Equal((await store.GetInfoAsync(Containers.Intake, info.Blob.Name, Cancellation))!.Blob.ETag, info.Blob.ETag);
            Assert.DoesNotContain('"', info.Blob.ETag!);
        }
    }

    [Theory]
    [InlineData("../ledger/segment")]
    [InlineData("a/../../ledger/segment")]
    [InlineData("./a")]
    [InlineData("")]
    public async Task A_name_that_would_reach_another_container_is_refused_before_any_request(string name)
    {
        var store = await azurite.NewStoreAsync();
        await store.WriteAsync(Containers.Ledger, "segment", "secret"u8.ToArray(), Text, Cancellation);

        await Assert.ThrowsAsync<NonRetryableException>(() => store.OpenReadAsync(new BlobRef(Containers.Intake, name, null), Cancellation));
        await Assert.ThrowsAsync<NonRetryableException>(() => store.WriteAsync(Containers.Intake, name, "x"u8.ToArray(), Text, Cancellation));
        Assert.Equal("secret", Encoding.UTF8.GetString(await ReadAllAsync(store, new BlobRef(Containers.Ledger, "segment", null))));
    }

    [Theory]
    [InlineData("a b/c%20d/ü/日本/100%.log")]
    [InlineData("a?b#c&d+e")]
    public async Task Odd_but_harmless_names_reach_their_own_blob(string name)
    {
        var store = await azurite.NewStoreAsync();
        var blob = await store.WriteAsync(Containers.Intake, name, "x"u8.ToArray(), Text, Cancellation);

        var listed = Assert.Single(await store.ListAsync(Containers.Intake, "", Cancellation).ToListAsync(Cancellation));

        Assert.Equal(blob, listed.Blob);
        Assert.Equal("x", Encoding.UTF8.GetString(await ReadAllAsync(store, listed.Blob)));
    }

    [Fact]
    public async Task A_wrong_key_is_final_and_says_so_without_the_key()
    {
        var key = Convert.ToBase64String(new byte[64]);
        var account = await azurite.NewAccountAsync();
        var parts = account.Split(';').Select(part => part.StartsWith("AccountKey=", StringComparison.Ordinal) ? "AccountKey=" + key : part);
        var store = new BlobArtifactStore(new BlobStoreOptions { ConnectionString = string.Join(';', parts) });

        var denied = await Assert.ThrowsAsync<NonRetryableException>(() => store.GetInfoAsync(Containers.Intake, "x", Cancellation));

        Assert.Contains("denies access", denied.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(key, denied.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_container_is_final_and_says_what_to_do()
    {
        var store = new BlobArtifactStore(new BlobStoreOptions { ConnectionString = await azurite.NewAccountAsync() });

        var missing = await Assert.ThrowsAsync<NonRetryableException>(
            () => store.WriteAsync(Containers.Intake, "x", "x"u8.ToArray(), Text, Cancellation));

        Assert.Contains("no container 'intake'", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_that_cannot_be_reached_is_an_IOException_after_the_retries()
    {
        var store = new BlobArtifactStore(new BlobStoreOptions
        {
            ConnectionString = $"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={Convert.ToBase64String(new byte[64])};BlobEndpoint=http://127.0.0.1:1/a;",
            MaxRetries = 1,
            Delay = TimeSpan.FromMilliseconds(1),
        });

        var failure = await Assert.ThrowsAsync<IOException>(() => store.GetInfoAsync(Containers.Intake, "x", Cancellation));

        Assert.Contains("cannot be reached", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("UseDevelopmentStorage=true", "https://a.blob.core.windows.net")]
    [InlineData(null, "http://a.blob.core.windows.net")]
    [InlineData("AccountName=only", null)]
    public void Options_that_name_no_single_safe_account_are_refused(string? connectionString, string? serviceUri)
    {
        var options = new BlobStoreOptions { ConnectionString = connectionString, ServiceUri = serviceUri is null ? null : new Uri(serviceUri) };

        Assert.Throws<ArgumentException>(() => new BlobArtifactStore(options));
    }

    private static byte[] Noise(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    private static byte[] Filled(int length, byte value)
    {
        var content = new byte[length];
        content.AsSpan().Fill(value);
        return content;
    }

    private static async Task<byte[]> ReadAllAsync(BlobArtifactStore store, BlobRef blob)
    {
        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        var read = new MemoryStream();
        await stream.CopyToAsync(read, Cancellation);
        return read.ToArray();
    }

    private async Task<BlobArtifactStore> SmallRangesAsync(string? account = null)
    {
        var store = new BlobArtifactStore(new BlobStoreOptions
        {
            ConnectionString = account ?? await azurite.NewAccountAsync(),
            ReadRangeBytes = 64 << 10,
        });
        await store.EnsureContainersAsync(Cancellation);
        return store;
    }

    /// <summary>Cannot seek, as a network stream cannot, and runs a check before it says that it is at its end.</summary>
    private sealed class SignallingStream(byte[] content, Func<Task> onEnd) : MemoryStream(content)
    {
        public bool Ended { get; private set; }

        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await base.ReadAsync(buffer, cancellationToken);
            if (count == 0 && !Ended)
            {
                Ended = true;
                await onEnd();
            }

            return count;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }
}
