using System.Text;
using SelfDev.Local.Artifacts;
using SelfDev.Local.Sqlite;
using SelfDev.Testing;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Artifacts;

public sealed class SqliteArtifactStoreTests : ArtifactStoreConformance, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-artifacts-").FullName;
    private readonly FakeClock _clock = new();
    private SqliteArtifactStore? _store;

    private string Large => Path.Combine(_folder, "large");

    public void Dispose()
    {
        _store?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    protected override Task<IArtifactStore> CreateAsync() => Task.FromResult<IArtifactStore>(Open());

    [Fact]
    public async Task Blobs_outlive_the_store_that_wrote_them()
    {
        var store = Open();
        var small = await store.WriteAsync(Containers.Evidence, "small", "x"u8.ToArray(), Text, Cancellation);
        var large = await store.WriteAsync(Containers.Reports, "large", Noise(400_000), Text, Cancellation);

        var reopened = Open();
        Assert.Equal("x"u8.ToArray(), await ReadAllAsync(reopened, small));
        Assert.Equal(Noise(400_000), await ReadAllAsync(reopened, large));
        Assert.Equal(
            _clock.GetUtcNow(),
            (await reopened.GetInfoAsync(Containers.Evidence, "small", Cancellation))!.LastModified
        );
    }

    [Fact]
    public async Task Small_ones_that_meet_share_a_commit()
    {
        var store = Open();
        await Task.WhenAll(
            Enumerable
                .Range(0, 500)
                .Select(number =>
                    store.WriteAsync(Containers.Evidence, $"{number:000}", Noise(5_000), Text, Cancellation)
                )
        );
        Assert.InRange(store.Commits, 1, 250);
        var listed = await store.ListAsync(Containers.Evidence, "", Cancellation).ToListAsync(Cancellation);
        Assert.Equal(Enumerable.Range(0, 500).Select(number => $"{number:000}"), listed.Select(info => info.Blob.Name));
    }

    [Fact]
    public async Task Only_what_a_row_names_stays_on_the_disk()
    {
        var store = Open();
        await store.WriteAsync(Containers.Evidence, "log", Noise(300_000), Text, Cancellation);
        await store.WriteAsync(Containers.Evidence, "log", Noise(300_001), Text, Cancellation);
        Assert.Single(Directory.GetFiles(Large));
        Assert.False(await store.TryCreateAsync(Containers.Evidence, "log", Noise(300_002), Text, Cancellation));
        Assert.Single(Directory.GetFiles(Large));
        await store.WriteAsync(Containers.Evidence, "log", "small now"u8.ToArray(), Text, Cancellation);
        Assert.Empty(Directory.GetFiles(Large));

        var kept = await store.WriteAsync(Containers.Evidence, "kept", Noise(300_000), Text, Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(Large, "0123456789abcdef0123456789abcdef"), Noise(10), Cancellation);
        var reopened = Open();
        Assert.Single(Directory.GetFiles(Large));
        Assert.Equal(Noise(300_000), await ReadAllAsync(reopened, kept));
    }

    [Fact]
    public async Task Content_that_was_changed_in_the_file_is_refused()
    {
        var store = Open();
        var blob = await store.WriteAsync(
            Containers.Evidence,
            "log",
            "loss 1.25 at step 9"u8.ToArray(),
            Text,
            Cancellation
        );
        store.Dispose();
        var path = Path.Combine(_folder, "artifacts.db");
        var file = await File.ReadAllBytesAsync(path, Cancellation);
        file[file.AsSpan().IndexOf("loss 1.25"u8) + 5] = (byte)'9';
        await File.WriteAllBytesAsync(path, file, Cancellation);

        var damaged = await Assert.ThrowsAsync<CorruptStoreException>(() => ReadAllAsync(Open(), blob));
        Assert.Contains("evidence/log", damaged.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("change")]
    [InlineData("cut")]
    [InlineData("delete")]
    [InlineData("exchange")]
    public async Task A_large_file_that_was_changed_is_refused_every_time(string how)
    {
        var store = Open();
        var blob = await store.WriteAsync(Containers.Evidence, "log", Noise(500_000), Text, Cancellation);
        var path = Directory.GetFiles(Large).Single();
        await store.WriteAsync(Containers.Evidence, "other", Filled(500_000, 1), Text, Cancellation);
        switch (how)
        {
            case "change":
                var content = await File.ReadAllBytesAsync(path, Cancellation);
                content[450_000] ^= 1;
                await File.WriteAllBytesAsync(path, content, Cancellation);
                break;
            case "cut":
                await File.WriteAllBytesAsync(path, Noise(500_000)[..400_000], Cancellation);
                break;
            case "delete":
                File.Delete(path);
                break;
            default:
                File.Copy(Directory.GetFiles(Large).Single(other => other != path), path, overwrite: true);
                break;
        }

        await Assert.ThrowsAsync<CorruptStoreException>(() => ReadAllAsync(store, blob));
        if (how != "delete")
        {
            await using var stream = await store.OpenReadAsync(blob, Cancellation);
            await Assert.ThrowsAsync<CorruptStoreException>(() => stream.CopyToAsync(Stream.Null, Cancellation));
            await Assert.ThrowsAsync<CorruptStoreException>(() => stream.CopyToAsync(Stream.Null, Cancellation));
        }
    }

    [Fact]
    public async Task A_container_that_it_does_not_have_is_refused()
    {
        var refused = await Assert.ThrowsAsync<NonRetryableException>(() =>
            Open().WriteAsync(Containers.Intake, "x", "x"u8.ToArray(), Text, Cancellation)
        );
        Assert.Contains("no container 'intake'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_others_share_goes_to_storage_and_what_is_ours_does_not()
    {
        var shared = new InMemoryArtifactStore();
        var routed = new RoutedArtifactStore(Open(), [Containers.Evidence, Containers.Reports], shared);
        foreach (
            var container in new[] { Containers.Intake, Containers.Commands, Containers.Evidence, Containers.Reports }
        )
        {
            await routed.WriteAsync(container, "a", Encoding.UTF8.GetBytes(container), Text, Cancellation);
            await routed.WriteAsync(
                container,
                "b",
                new MemoryStream([1]),
                Text,
                new Dictionary<string, string>(),
                Cancellation
            );
            Assert.True(await routed.TryCreateAsync(container, "c", "x"u8.ToArray(), Text, Cancellation));
            Assert.Equal(
                container,
                Encoding.UTF8.GetString(await ReadAllAsync(routed, new BlobRef(container, "a", null)))
            );
            Assert.NotNull(await routed.GetInfoAsync(container, "b", Cancellation));
            Assert.Equal(
                ["a", "b", "c"],
                await routed
                    .ListAsync(container, "", Cancellation)
                    .Select(info => info.Blob.Name)
                    .ToListAsync(Cancellation)
            );
        }

        Assert.Equal(
            ["commands/a", "commands/b", "commands/c", "intake/a", "intake/b", "intake/c"],
            shared.Snapshot().Select(line => line.Split(' ')[0])
        );
    }

    private SqliteArtifactStore Open()
    {
        _store?.Dispose();
        return _store = SqliteArtifactStore.Open(
            Path.Combine(_folder, "artifacts.db"),
            [Containers.Evidence, Containers.Reports, Containers.Rejected],
            _clock
        );
    }
}
