using System.Text.Json.Nodes;
using SelfDev.Local.Spool;
using SelfDev.Testing;

namespace SelfDev.Local.Tests.Spool;

/// <summary>
/// When a blob counts as being on Azurite's disk: its two indexes and its extents agree, each as a crash may have left
/// it.
/// </summary>
public sealed class AzuriteDiskTests : IDisposable
{
    private const string Mark = "00112233445566778899aabbccddeeff";

    private static readonly SpoolEntry Entry = new(
        1,
        Mark,
        "intake",
        "training/run7/train.log",
        "text/plain",
        new Dictionary<string, string>(),
        false,
        11,
        "",
        DateTimeOffset.UnixEpoch
    );

    private readonly string _folder = Directory.CreateTempSubdirectory("selfdev-disk-").FullName;
    private readonly FakeClock _clock = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("", true)]
    [InlineData("no blob", false)]
    [InlineData("another account", false)]
    [InlineData("another mark", false)]
    [InlineData("another length", false)]
    [InlineData("not committed", false)]
    [InlineData("a snapshot", false)]
    [InlineData("unknown extent", false)]
    [InlineData("no extent file", false)]
    [InlineData("extent cut off", false)]
    [InlineData("nowhere", false)]
    public async Task It_is_there_when_everything_is(string fault, bool isThere)
    {
        await WriteAsync(fault, blocks: false);
        Assert.Equal(isThere, (await LookAsync()).Kept.Contains(Mark));

        Directory.Delete(_folder, recursive: true);
        await WriteAsync(fault, blocks: true);
        Assert.Equal(isThere, (await LookAsync()).Kept.Contains(Mark));
    }

    [Fact]
    public async Task An_index_that_is_not_there_or_torn_lets_nothing_go()
    {
        await Assert.ThrowsAnyAsync<IOException>(LookAsync);

        await WriteAsync("", blocks: false);
        var index = Path.Combine(_folder, "__azurite_db_blob__.json");
        await File.WriteAllTextAsync(index, """{"collections":[{"name":"$BLOBS_COLL""", Cancellation);
        await Assert.ThrowsAnyAsync<IOException>(LookAsync);
    }

    [Fact]
    public async Task What_came_after_an_index_was_read_is_looked_for_in_it_a_little_later()
    {
        await WriteAsync("", blocks: false);
        var disk = new AzuriteDisk(_folder, "selfdev", _clock);
        var other = Entry with { Mark = "ff", Name = "training/run8/train.log" };

        Assert.Empty((await disk.LookAsync([(other, _clock.GetUtcNow())], Cancellation)).Kept);
        Assert.Empty(
            (await disk.LookAsync([(other, _clock.GetUtcNow()), (Entry, _clock.GetUtcNow())], Cancellation)).Kept
        );
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(
            [Mark],
            (await disk.LookAsync([(other, _clock.GetUtcNow()), (Entry, _clock.GetUtcNow())], Cancellation)).Kept
        );
    }

    private Task<DiskState> LookAsync() =>
        new AzuriteDisk(_folder, "selfdev", _clock).LookAsync([(Entry, _clock.GetUtcNow())], Cancellation);

    private async Task WriteAsync(string fault, bool blocks)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "__blobstorage__"));
        JsonObject Chunk(int offset, int count) =>
            new()
            {
                ["id"] = "e1",
                ["offset"] = offset,
                ["count"] = count,
            };
        var blob = new JsonObject
        {
            ["accountName"] = fault == "another account" ? "other" : "selfdev",
            ["containerName"] = "intake",
            ["name"] = Entry.Name,
            ["snapshot"] = fault == "a snapshot" ? "2026-01-01T00:00:00Z" : "",
            ["isCommitted"] = fault != "not committed",
            ["metadata"] = new JsonObject { ["selfdevdrop"] = fault == "another mark" ? "ff" : Mark },
            ["properties"] = new JsonObject
            {
                ["contentLength"] = fault == "another length" ? 12 : 11,
                ["contentMD5"] = new JsonObject { ["data"] = new JsonArray(1, 2) },
            },
        };
        if (fault != "nowhere" && blocks)
        {
            blob["committedBlocksInOrder"] = new JsonArray(
                new JsonObject { ["name"] = "MDAx", ["persistency"] = Chunk(5, 4) },
                new JsonObject { ["name"] = "MDAy", ["persistency"] = Chunk(9, 7) }
            );
        }
        else if (fault != "nowhere")
        {
            blob["persistency"] = Chunk(5, 11);
        }

        await SaveAsync("__azurite_db_blob__.json", "$BLOBS_COLLECTION$", fault == "no blob" ? [] : [blob]);
        await SaveAsync(
            "__azurite_db_blob_extent__.json",
            "$EXTENTS_COLLECTION$",
            fault == "unknown extent" ? [] : [new JsonObject { ["id"] = "e1", ["size"] = 16 }]
        );
        if (fault != "no extent file")
        {
            await File.WriteAllBytesAsync(
                Path.Combine(_folder, "__blobstorage__", "e1"),
                new byte[fault == "extent cut off" ? 15 : 16],
                Cancellation
            );
        }
    }

    private Task SaveAsync(string file, string collection, JsonArray data) =>
        File.WriteAllTextAsync(
            Path.Combine(_folder, file),
            new JsonObject
            {
                ["filename"] = file,
                ["collections"] = new JsonArray(
                    new JsonObject
                    {
                        ["name"] = collection,
                        ["data"] = data,
                        ["idIndex"] = null,
                    }
                ),
            }.ToJsonString(),
            Cancellation
        );
}
