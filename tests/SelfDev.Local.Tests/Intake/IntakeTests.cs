using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using SelfDev.Azure.Blobs;
using SelfDev.Core.Artifacts;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Tests.Intake;

public sealed class IntakeTests(AzuriteFixture azurite)
{
    private string _account = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_version_starts_once_however_often_it_is_seen()
    {
        await using var intake = await StartAsync();
        var blob = await intake.DropAsync("training/run/log", "step 1");
        var id = ArtifactInstanceId.For(blob);

        var first = intake.NewSweep();
        var results = new List<SweepResult> { await first.RunAsync(Cancellation), await first.RunAsync(Cancellation) };
        results.Add(await intake.NewSweep().RunAsync(Cancellation));
        var events = await Task.WhenAll(
            Enumerable
                .Range(0, 3)
                .Select(_ => intake.Client.StartAsync(IntakeUnderTest.Reading, blob, id, Cancellation))
        );
        var inspection = await intake.ResultAsync(id);
        var afterwards = await intake.NewSweep().RunAsync(Cancellation);

        Assert.Equal([1, 0, 0], results.Select(result => result.Started));
        Assert.All(events, outcome => Assert.Equal(StartOutcome.AlreadyExists, outcome));
        Assert.Equal(0, afterwards.Started);
        Assert.Equal(1, intake.Inspections);
        Assert.IsType<AcceptedArtifact>(inspection);
        Assert.Single(await InstancesAsync(intake));
    }

    [Fact]
    public async Task An_overwrite_during_processing_ends_that_run_and_the_new_version_has_its_own()
    {
        await using var intake = await StartAsync();
        var old = await intake.DropAsync("training/run/log", "step 1");
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var overwritten = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        intake.BeforeReading = blob =>
        {
            reached.TrySetResult();
            return blob == old ? overwritten.Task : Task.CompletedTask;
        };
        var sweep = intake.NewSweep();
        await sweep.RunAsync(Cancellation);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancellation);

        var replaced = await intake.DropAsync("training/run/log", "step 1\nstep 2");
        overwritten.SetResult();
        var result = await sweep.RunAsync(Cancellation);

        Assert.Equal(1, result.Started);
        Assert.Equal(new GoneArtifact(old), await intake.ResultAsync(ArtifactInstanceId.For(old)));
        var accepted = Assert.IsType<AcceptedArtifact>(await intake.ResultAsync(ArtifactInstanceId.For(replaced)));
        Assert.Equal((replaced, 13L), (accepted.Blob, accepted.Bytes));
    }

    [Fact]
    public async Task A_blob_deleted_before_it_is_read_is_a_finished_run_that_says_so()
    {
        var account = await azurite.NewAccountAsync();
        await using var intake = await StartAsync(account);
        var blob = await intake.DropAsync("training/run/log", "step 1");
        intake.BeforeReading = gone =>
            new BlobClient(account, gone.Container, gone.Name).DeleteAsync(cancellationToken: Cancellation);

        await intake.NewSweep().RunAsync(Cancellation);

        Assert.Equal(new GoneArtifact(blob), await intake.ResultAsync(ArtifactInstanceId.For(blob)));
    }

    [Fact]
    public async Task Poison_is_filed_with_its_reason_and_everything_else_flows()
    {
        await using var intake = await StartAsync();
        var whole = Gzip(Encoding.UTF8.GetBytes("step 1\n"));
        var poison = new Dictionary<string, (byte[] Content, string Reason)>
        {
            ["training/run/empty"] = ([], "empty"),
            ["training/run/binary"] = ([1, 0, 2], "binary"),
            ["training/run/unknown"] = ("hello"u8.ToArray(), "Known formats: training (steps)."),
            ["training/run/utf16"] = ([0xFF, 0xFE, .. Encoding.Unicode.GetBytes("hello")], "UTF-16"),
            ["training/run/bomb.gz"] = (Gzip([.. "step"u8, .. new byte[32 << 20]]), "bomb"),
            ["training/run/cut.gz"] = (whole[..^5], "cut off"),
            ["training/run/nested.gz"] = (Gzip(whole), "Inside the gzip file"),
            ["training/run/a.zip"] = ([0x50, 0x4B, 3, 4, 0, 0, 0], "zip"),
        };
        foreach (var (name, (content, _)) in poison)
        {
            await intake.DropAsync(name, content);
        }

        var good = new[]
        {
            await intake.DropAsync("training/run/a", "step 1"),
            await intake.DropAsync("training/run/z.gz", whole),
            await intake.DropAsync("training/run/invalid-utf8", [.. "step "u8, 0xC3, 0x28, 10]),
            await intake.DropAsync("training/run/bom", [0xEF, 0xBB, 0xBF, .. "step 1"u8]),
        };

        var swept = await intake.NewSweep().RunAsync(Cancellation);

        Assert.Equal(new SweepResult(12, 12, 0, swept.Listing), swept);
        foreach (var blob in good)
        {
            Assert.IsType<AcceptedArtifact>(await intake.ResultAsync(ArtifactInstanceId.For(blob)));
        }

        foreach (var instance in await InstancesAsync(intake))
        {
            await intake.ResultAsync(instance.InstanceId);
        }

        var filed = await intake
            .Store.ListAsync(Containers.Rejected, "", Cancellation)
            .ToDictionaryAsync(info => info.Blob.Name, cancellationToken: Cancellation);
        Assert.Equal(poison.Count * 2, filed.Count);
        foreach (var (name, (content, reason)) in poison)
        {
            Assert.Equal(content.Length, filed[name].Length);
            var document = await ReasonAsync(intake, name + ".reason.json");
            Assert.Contains(reason, document.GetProperty("reason").GetString()!, StringComparison.Ordinal);
            Assert.Equal(name, document.GetProperty("name").GetString());
            Assert.True(document.GetProperty("copied").GetBoolean());
        }
    }

    [Fact]
    public async Task What_is_accepted_is_described_by_its_decompressed_content()
    {
        await using var intake = await StartAsync();
        var content = Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Range(0, 50_000).Select(step => $"step {step}\n"))
        );
        var stored = Gzip(content);
        var blob = await intake.DropAsync("training/run-7/log.gz", stored);

        var inspection = await intake.Inspect.InspectAsync(blob, Cancellation);

        Assert.Equal(
            new AcceptedArtifact(
                blob,
                "training",
                "steps",
                "run-7",
                stored.Length,
                content.Length,
                Convert.ToHexStringLower(SHA256.HashData(content))
            ),
            inspection
        );
        Assert.Equal(inspection, Payload.Deserialize<ArtifactInspection>(Payload.Serialize(inspection)));
    }

    [Theory]
    [InlineData("training/%2e%2e/%2e%2e/x")]
    [InlineData("training/run/log\u202Egpj.exe")]
    [InlineData("training/run/a\u200Bb")]
    [InlineData("training//x")]
    public async Task A_blob_with_a_hostile_name_is_filed_under_a_safe_one(string name)
    {
        await using var intake = await StartAsync();
        await new BlobClient(_account, Containers.Intake, name).UploadAsync(new BinaryData("step 1"), Cancellation);

        await AssertFiledUnderSafeNameAsync(intake);
    }

    [Fact]
    public async Task A_name_that_climbs_out_of_the_container_is_never_turned_into_a_request()
    {
        await using var intake = await StartAsync();
        var container = new BlobContainerClient(_account, Containers.Intake);
        var sas = container.GenerateSasUri(
            BlobContainerSasPermissions.Write | BlobContainerSasPermissions.Create,
            DateTimeOffset.UtcNow.AddHours(1)
        );
        using var client = new HttpClient();
        using var put = new HttpRequestMessage(
            HttpMethod.Put,
            new Uri($"{container.Uri}/..%2F..%2Fledger%2Fsegment{sas.Query}")
        )
        {
            Content = new StringContent("step 1"),
        };
        put.Headers.Add("x-ms-blob-type", "BlockBlob");
        using var created = await client.SendAsync(put, Cancellation);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);

        await AssertFiledUnderSafeNameAsync(intake);
        Assert.Empty(await intake.Store.ListAsync(Containers.Ledger, "", Cancellation).ToListAsync(Cancellation));
    }

    [Fact]
    public async Task What_is_called_like_a_reason_file_does_not_replace_one()
    {
        await using var intake = await StartAsync();
        await intake.DropAsync("x", "hello");
        await intake.DropAsync("x.reason.json", "hello");
        await intake.DropAsync(new string('n', 1020), "hello");

        await intake.NewSweep().RunAsync(Cancellation);
        foreach (var instance in await InstancesAsync(intake))
        {
            await intake.ResultAsync(instance.InstanceId);
        }

        Assert.Equal("x", (await ReasonAsync(intake, "x.reason.json")).GetProperty("name").GetString());
        var substitutes = await intake
            .Store.ListAsync(Containers.Rejected, "unsafe-name/", Cancellation)
            .ToListAsync(Cancellation);
        Assert.Equal(2, substitutes.Count);
    }

    [Fact]
    public async Task Folder_marks_of_hierarchical_accounts_are_no_artifacts()
    {
        await using var intake = await StartAsync();
        await intake.Store.WriteAsync(
            Containers.Intake,
            "training",
            new MemoryStream(),
            "application/octet-stream",
            new Dictionary<string, string> { ["hdi_isfolder"] = "true" },
            Cancellation
        );

        Assert.Equal(
            new SweepResult(0, 0, 0, TimeSpan.Zero),
            await intake.NewSweep().RunAsync(Cancellation) with
            {
                Listing = TimeSpan.Zero,
            }
        );
    }

    [Fact]
    public async Task A_start_that_fails_is_tried_again_and_holds_up_no_other()
    {
        await using var intake = await StartAsync();
        await intake.DropAsync("a", "step");
        await intake.DropAsync("b", "step");
        var broken = true;
        var sweep = new IntakeSweep(
            intake.Store,
            (blob, id, cancellation) =>
                broken && blob.Blob.Name == "a"
                    ? throw new IOException("engine busy")
                    : intake.Client.StartAsync(IntakeUnderTest.Reading, blob.Blob, id, cancellation),
            new FakeClock(),
            Microsoft.Extensions.Logging.Abstractions.NullLogger<IntakeSweep>.Instance
        );

        Assert.Equal(new SweepResult(2, 1, 1, TimeSpan.Zero), await sweep.RunAsync(Cancellation));
        broken = false;
        Assert.Equal(new SweepResult(2, 1, 0, TimeSpan.Zero), await sweep.RunAsync(Cancellation));
        Assert.Equal(new SweepResult(2, 0, 0, TimeSpan.Zero), await sweep.RunAsync(Cancellation));
    }

    [Fact]
    public void Instance_ids_differ_by_every_part_of_the_reference()
    {
        var ids = new[]
        {
            new BlobRef("intake", "a", "1"),
            new BlobRef("intake", "a", "2"),
            new BlobRef("intake", "b", "1"),
            new BlobRef("intak", "ea", "1"),
            new BlobRef("intake", "a1", ""),
            new BlobRef("intake", "", "a1"),
            new BlobRef("evidence", "a", "1"),
        }
            .Select(ArtifactInstanceId.For)
            .ToList();

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(ids, id => Assert.Matches("^intake-[0-9a-f]{32}$", id));
        Assert.Throws<ArgumentException>(() => ArtifactInstanceId.For(new BlobRef("intake", "a", null)));
    }

    private static async Task AssertFiledUnderSafeNameAsync(IntakeUnderTest intake)
    {
        var dropped = Assert
            .Single(await intake.Store.ListAsync(Containers.Intake, "", Cancellation).ToListAsync(Cancellation))
            .Blob;
        Assert.Equal(
            new SweepResult(1, 1, 0, TimeSpan.Zero),
            await intake.NewSweep().RunAsync(Cancellation) with
            {
                Listing = TimeSpan.Zero,
            }
        );

        Assert.IsType<RejectedArtifact>(await intake.ResultAsync(ArtifactInstanceId.For(dropped)));
        var filed = Assert.Single(
            await intake.Store.ListAsync(Containers.Rejected, "", Cancellation).ToListAsync(Cancellation)
        );
        Assert.Equal(ArtifactName.Substitute(dropped.Name) + ".reason.json", filed.Blob.Name);
        var document = await ReasonAsync(intake, filed.Blob.Name);
        Assert.Equal(dropped.Name, document.GetProperty("name").GetString());
        Assert.False(document.GetProperty("copied").GetBoolean());
    }

    private static async Task<JsonElement> ReasonAsync(IntakeUnderTest intake, string name)
    {
        await using var content = await intake.Store.OpenReadAsync(
            new BlobRef(Containers.Rejected, name, null),
            Cancellation
        );
        using var document = await JsonDocument.ParseAsync(content, cancellationToken: Cancellation);
        return document.RootElement.Clone();
    }

    private static async Task<List<WorkflowInstance>> InstancesAsync(IntakeUnderTest intake) =>
        await intake
            .Client.QueryAsync(new WorkflowQuery(ArtifactInstanceId.Prefix), Cancellation)
            .ToListAsync(Cancellation);

    private static byte[] Gzip(byte[] content)
    {
        var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.Optimal))
        {
            gzip.Write(content);
        }

        return stored.ToArray();
    }

    private async Task<IntakeUnderTest> StartAsync(string? account = null)
    {
        _account = account ?? await azurite.NewAccountAsync();
        var store = new BlobArtifactStore(new BlobStoreOptions { ConnectionString = _account });
        await store.EnsureContainersAsync(Cancellation);
        return await IntakeUnderTest.StartAsync(store);
    }
}
