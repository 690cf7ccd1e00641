using System.Text;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>What every artifact store must do, whatever it is built on. Blobs of some hundred KiB are read in several
/// parts.</summary>
public abstract class ArtifactStoreConformance
{
    protected const string Text = "text/plain";

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>An empty store with the containers <see cref="Containers.Evidence"/> and <see
    /// cref="Containers.Reports"/>.</summary>
    protected abstract Task<IArtifactStore> CreateAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData((64 << 10) - 1)]
    [InlineData(64 << 10)]
    [InlineData((64 << 10) + 1)]
    [InlineData(256 << 10)]
    [InlineData((256 << 10) + 1)]
    [InlineData(1_000_003)]
    public async Task What_was_written_is_read_back_across_all_borders(int length)
    {
        var store = await CreateAsync();
        var content = Noise(length);
        var whole = await store.WriteAsync(Containers.Evidence, "run/whole", content, Text, Cancellation);
        var streamed = await store.WriteAsync(
            Containers.Evidence,
            "run/streamed",
            Unseekable(content),
            Text,
            new Dictionary<string, string>(),
            Cancellation
        );
        Assert.True(await store.TryCreateAsync(Containers.Evidence, "run/created", content, Text, Cancellation));

        foreach (var blob in new[] { whole, streamed, new BlobRef(Containers.Evidence, "run/created", null) })
        {
            await using var stream = await store.OpenReadAsync(blob, Cancellation);
            var read = new MemoryStream();
            await stream.CopyToAsync(read, Cancellation);
            Assert.Equal((length, length), (stream.Length, stream.Position));
            Assert.True(content.AsSpan().SequenceEqual(read.ToArray()));
            Assert.Equal(length, (await store.GetInfoAsync(blob.Container, blob.Name, Cancellation))!.Length);
        }
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(300_000)]
    public async Task Synchronous_reads_give_the_same_bytes(int length)
    {
        var store = await CreateAsync();
        var content = Noise(length);
        var blob = await store.WriteAsync(Containers.Evidence, "log", content, Text, Cancellation);

        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        var read = new byte[content.Length];
#pragma warning disable CA1849 // The synchronous path is what is tested.
        stream.ReadExactly(read);
        Assert.Equal(0, stream.Read(new byte[10]));
#pragma warning restore CA1849

        Assert.True(content.AsSpan().SequenceEqual(read));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(9 << 20)]
    public async Task A_stream_is_invisible_until_it_ends_and_keeps_its_metadata(int length)
    {
        var store = await CreateAsync();
        var content = Noise(length);
        BlobInfo? seenWhileWriting = null;
        using var source = new SignallingStream(
            content,
            onEnd: async () => seenWhileWriting = await store.GetInfoAsync(Containers.Evidence, "big", Cancellation)
        );

        var blob = await store.WriteAsync(
            Containers.Evidence,
            "big",
            source,
            "application/octet-stream",
            new Dictionary<string, string> { ["Run"] = "r1" },
            Cancellation
        );

        Assert.True(source.Ended);
        Assert.Null(seenWhileWriting);
        var info = await store.GetInfoAsync(Containers.Evidence, "big", Cancellation);
        Assert.Equal(blob, info!.Blob);
        Assert.Equal(content.Length, info.Length);
        Assert.Equal("r1", info.Metadata["run"]);
        Assert.Equal(content, await ReadAllAsync(store, blob));
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(2_000_000)]
    public async Task A_stream_that_fails_leaves_what_was_there(int length)
    {
        var store = await CreateAsync();
        var before = await store.WriteAsync(Containers.Evidence, "log", "before"u8.ToArray(), Text, Cancellation);
        using var failing = new SignallingStream(
            Noise(length),
            onEnd: () => throw new InvalidDataException("The connection was reset.")
        );

        await Assert.ThrowsAnyAsync<Exception>(() =>
            store.WriteAsync(Containers.Evidence, "log", failing, Text, new Dictionary<string, string>(), Cancellation)
        );
        Assert.Equal("before", Encoding.UTF8.GetString(await ReadAllAsync(store, before)));
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(10, 500_000)]
    [InlineData(500_000, 10)]
    [InlineData(500_000, 500_000)]
    [InlineData(10, 0)]
    public async Task An_overwrite_before_the_read_is_noticed_and_the_new_version_is_readable(int before, int after)
    {
        var store = await CreateAsync();
        var first = await store.WriteAsync(Containers.Evidence, "log", Filled(before, 1), Text, Cancellation);
        var second = await store.WriteAsync(Containers.Evidence, "log", Filled(after, 2), Text, Cancellation);

        var gone = await Assert.ThrowsAsync<BlobGoneException>(() => store.OpenReadAsync(first, Cancellation));

        Assert.NotEqual(first.ETag, second.ETag);
        Assert.Contains("evidence/log", gone.Message, StringComparison.Ordinal);
        Assert.Equal(Filled(after, 2), await ReadAllAsync(store, second));
        Assert.Equal(Filled(after, 2), await ReadAllAsync(store, first with { ETag = null }));
        var info = Assert.Single(
            await store.ListAsync(Containers.Evidence, "", Cancellation).ToListAsync(Cancellation)
        );
        Assert.Equal((second, (long)after), (info.Blob, info.Length));
    }

    [Fact]
    public async Task The_same_content_again_is_another_version()
    {
        var store = await CreateAsync();
        var first = await store.WriteAsync(Containers.Evidence, "log", "x"u8.ToArray(), Text, Cancellation);
        var second = await store.WriteAsync(Containers.Evidence, "log", "x"u8.ToArray(), Text, Cancellation);
        Assert.NotEqual(first.ETag, second.ETag);
    }

    [Fact]
    public async Task A_change_while_reading_ends_the_reading_and_never_mixes_versions()
    {
        var store = await CreateAsync();
        var blob = await store.WriteAsync(Containers.Evidence, "log", Filled(2_000_000, 1), Text, Cancellation);
        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        var buffer = new byte[1000];
        await stream.ReadExactlyAsync(buffer, Cancellation);
        await store.WriteAsync(Containers.Evidence, "log", Filled(2_000_000, 2), Text, Cancellation);

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
    public async Task Readers_and_writers_of_one_blob_see_whole_versions_only()
    {
        var store = await CreateAsync();
        await store.WriteAsync(Containers.Evidence, "log", Filled(300_000, 0), Text, Cancellation);
        var writing = Task.Run(
            async () =>
            {
                for (byte version = 1; version <= 20; version++)
                {
                    await store.WriteAsync(
                        Containers.Evidence,
                        "log",
                        Filled(version % 2 == 0 ? 300_000 : 100, version),
                        Text,
                        Cancellation
                    );
                }
            },
            Cancellation
        );
        var read = 0;
        while (!writing.IsCompleted || read == 0)
        {
            try
            {
                var content = await ReadAllAsync(store, new BlobRef(Containers.Evidence, "log", null));
                Assert.Single(content.Distinct());
                read++;
            }
            catch (BlobGoneException) { }
        }

        await writing;
    }

    [Fact]
    public async Task A_missing_blob_is_gone_and_has_no_info()
    {
        var store = await CreateAsync();
        await store.WriteAsync(Containers.Reports, "nothing", "x"u8.ToArray(), Text, Cancellation);

        Assert.Null(await store.GetInfoAsync(Containers.Evidence, "nothing", Cancellation));
        await Assert.ThrowsAsync<BlobGoneException>(() =>
            store.OpenReadAsync(new BlobRef(Containers.Evidence, "nothing", null), Cancellation)
        );
    }

    [Theory]
    [InlineData(10)]
    [InlineData(300_000)]
    public async Task Of_many_creators_exactly_one_wins(int length)
    {
        var store = await CreateAsync();

        var outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(number =>
                    Task.Run(
                        () =>
                            store.TryCreateAsync(
                                Containers.Evidence,
                                "segment",
                                Filled(length, (byte)number),
                                Text,
                                Cancellation
                            ),
                        Cancellation
                    )
                )
        );

        Assert.Equal(1, outcomes.Count(won => won));
        var winner = Array.IndexOf(outcomes, true);
        Assert.Equal(
            Filled(length, (byte)winner),
            await ReadAllAsync(store, new BlobRef(Containers.Evidence, "segment", null))
        );
    }

    [Fact]
    public async Task A_listing_is_in_order_of_name_below_the_prefix_with_metadata_and_plain_etags()
    {
        var store = await CreateAsync();
        foreach (
            var name in new[] { "training/b", "training/a/x", "evals/c", "training/a b", "training", "training_/c" }
        )
        {
            await store.WriteAsync(
                Containers.Evidence,
                name,
                Unseekable("x"u8.ToArray()),
                Text,
                new Dictionary<string, string> { ["From"] = "test" },
                Cancellation
            );
        }

        await store.WriteAsync(Containers.Reports, "training/other", "x"u8.ToArray(), Text, Cancellation);
        var listed = await store.ListAsync(Containers.Evidence, "training/", Cancellation).ToListAsync(Cancellation);

        Assert.Equal(["training/a b", "training/a/x", "training/b"], listed.Select(info => info.Blob.Name));
        Assert.All(listed, info => Assert.Equal("test", info.Metadata["from"]));
        Assert.All(listed, info => Assert.Equal(1, info.Length));
        foreach (var info in listed)
        {
            Assert.Equal(
                (await store.GetInfoAsync(Containers.Evidence, info.Blob.Name, Cancellation))!.Blob.ETag,
                info.Blob.ETag
            );
            Assert.DoesNotContain('"', info.Blob.ETag!);
        }

        Assert.Equal(6, await store.ListAsync(Containers.Evidence, "", Cancellation).CountAsync(Cancellation));
        Assert.Empty(await store.ListAsync(Containers.Evidence, "none", Cancellation).ToListAsync(Cancellation));
    }

    [Theory]
    [InlineData("../reports/segment")]
    [InlineData("a/../../reports/segment")]
    [InlineData("./a")]
    [InlineData("")]
    public Task A_name_that_would_reach_another_blob_is_refused(string name) => AssertRefusedAsync(name);

    // Not as data of the test above: attributes are stored as UTF-8.
    [Fact]
    public Task A_name_that_is_no_text_is_refused() => AssertRefusedAsync("half a pair \ud800");

    private async Task AssertRefusedAsync(string name)
    {
        var store = await CreateAsync();
        await store.WriteAsync(Containers.Reports, "segment", "secret"u8.ToArray(), Text, Cancellation);

        await Assert.ThrowsAsync<NonRetryableException>(() =>
            store.OpenReadAsync(new BlobRef(Containers.Evidence, name, null), Cancellation)
        );
        await Assert.ThrowsAsync<NonRetryableException>(() =>
            store.GetInfoAsync(Containers.Evidence, name, Cancellation)
        );
        await Assert.ThrowsAsync<NonRetryableException>(() =>
            store.WriteAsync(Containers.Evidence, name, "x"u8.ToArray(), Text, Cancellation)
        );
        await Assert.ThrowsAsync<NonRetryableException>(() =>
            store.TryCreateAsync(Containers.Evidence, name, "x"u8.ToArray(), Text, Cancellation)
        );
        Assert.Equal(
            "secret",
            Encoding.UTF8.GetString(await ReadAllAsync(store, new BlobRef(Containers.Reports, "segment", null)))
        );
    }

    [Theory]
    [InlineData("a b/c%20d/ü/日本/100%.log")]
    [InlineData("a?b#c&d+e")]
    [InlineData("a_b/%/c")]
    public async Task Odd_but_harmless_names_reach_their_own_blob(string name)
    {
        var store = await CreateAsync();
        var blob = await store.WriteAsync(Containers.Evidence, name, "x"u8.ToArray(), Text, Cancellation);

        var listed = Assert.Single(
            await store.ListAsync(Containers.Evidence, "", Cancellation).ToListAsync(Cancellation)
        );

        Assert.Equal(blob, listed.Blob);
        Assert.Equal("x", Encoding.UTF8.GetString(await ReadAllAsync(store, listed.Blob)));
    }

    [Fact]
    public async Task A_writer_may_use_its_buffer_again()
    {
        var store = await CreateAsync();
        var buffer = "mine"u8.ToArray();
        await store.WriteAsync(Containers.Evidence, "a", buffer, Text, Cancellation);
        await store.TryCreateAsync(Containers.Evidence, "b", buffer, Text, Cancellation);
        buffer.AsSpan().Fill((byte)'?');
        Assert.Equal(
            "mine",
            Encoding.UTF8.GetString(await ReadAllAsync(store, new BlobRef(Containers.Evidence, "a", null)))
        );
        Assert.Equal(
            "mine",
            Encoding.UTF8.GetString(await ReadAllAsync(store, new BlobRef(Containers.Evidence, "b", null)))
        );
    }

    protected static byte[] Noise(int length)
    {
        var content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }

    protected static byte[] Filled(int length, byte value)
    {
        var content = new byte[length];
        content.AsSpan().Fill(value);
        return content;
    }

    protected static async Task<byte[]> ReadAllAsync(IArtifactStore store, BlobRef blob)
    {
        await using var stream = await store.OpenReadAsync(blob, Cancellation);
        var read = new MemoryStream();
        await stream.CopyToAsync(read, Cancellation);
        return read.ToArray();
    }

    private static SignallingStream Unseekable(byte[] content) => new(content, () => Task.CompletedTask);

    /// <summary>Cannot seek, as a network stream cannot, gives a little at a time, and runs a check before it says that
    /// it is at its end.</summary>
    private sealed class SignallingStream(byte[] content, Func<Task> onEnd) : MemoryStream(content)
    {
        private const int MostAtOnce = 50_000;

        public bool Ended { get; private set; }

        public override bool CanSeek => false;

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer,
            CancellationToken cancellationToken = default
        )
        {
            var count = await base.ReadAsync(buffer[..Math.Min(buffer.Length, MostAtOnce)], cancellationToken);
            if (count == 0 && !Ended)
            {
                Ended = true;
                await onEnd();
            }

            return count;
        }

        public override Task<int> ReadAsync(
            byte[] buffer,
            int offset,
            int count,
            CancellationToken cancellationToken
        ) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    }
}
