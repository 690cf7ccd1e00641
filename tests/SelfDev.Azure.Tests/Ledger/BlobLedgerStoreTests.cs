using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using SelfDev.Azure.Ledger;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Tests.Ledger;

public sealed class BlobLedgerStoreTests(AzuriteFixture azurite) : IDisposable
{
    private readonly FakeClock _clock = new();
    private readonly PemTreeHeadSigner _signer = new(NewKey());

    public void Dispose() => _signer.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_is_appended_can_be_read_verified_and_proved()
    {
        var service = await NewServiceAsync();
        using var store = Store(service);
        for (var number = 0; number < 12; number++)
        {
            var receipt = await store.AppendAsync(Entry(number), Cancel);
            Assert.Equal((number, number + 1), (receipt.Index, receipt.TreeSize));
        }

        var audit = await AuditAsync(store);
        Assert.True(audit.IsIntact, string.Join("; ", audit.Problems));
        Assert.Equal((12, 12, 0), (audit.Entries, audit.Heads, audit.UnsignedEntries));
        var proof = await store.ProveAsync(7, Cancel);
        Assert.Null(proof!.Verify(LedgerKeys.FromPem(_signer.PublicKeyPem)));
        Assert.Contains("\"key\":\"run:7\"", proof.Entry, StringComparison.Ordinal);
        Assert.Null(await store.ProveAsync(12, Cancel));
    }

    [Fact]
    public async Task One_key_makes_one_entry_also_after_a_restart()
    {
        var service = await NewServiceAsync();
        using (var store = Store(service))
        {
            await store.AppendAsync(Entry(0), Cancel);
            await store.AppendAsync(Entry(1), Cancel);
            Assert.Equal(0, (await store.AppendAsync(Entry(0), Cancel)).Index);
        }

        using var restarted = Store(service);
        Assert.Equal(1, (await restarted.AppendAsync(Entry(1), Cancel)).Index);
        Assert.Equal(2, (await restarted.AppendAsync(Entry(2), Cancel)).Index);
        Assert.Equal(3, (await AuditAsync(restarted)).Entries);
    }

    [Fact]
    public async Task Several_processes_append_the_same_and_different_entries_into_one_sequence()
    {
        var service = await NewServiceAsync();
        var stores = Enumerable.Range(0, 4).Select(_ => Store(service, linesPerSegment: 16)).ToList();
        var receipts = await Task.WhenAll(
            from store in stores
            from number in Enumerable.Range(0, 40)
            select Task.Run(async () => (number, (await store.AppendAsync(Entry(number), Cancel)).Index), Cancel)
        );

        Assert.All(
            receipts.GroupBy(receipt => receipt.number),
            same => Assert.Single(same.Select(receipt => receipt.Index).Distinct())
        );
        Assert.Equal(40, receipts.Select(receipt => receipt.Index).Distinct().Count());
        var audit = await AuditAsync(stores[0]);
        Assert.True(audit.IsIntact, string.Join("; ", audit.Problems));
        Assert.Equal((40, 0), (audit.Entries, audit.UnsignedEntries));
        stores.ForEach(store => store.Dispose());
    }

    [Fact]
    public async Task Segments_roll_over_and_no_block_limit_is_reached()
    {
        var service = await NewServiceAsync();
        using var store = Store(service, linesPerSegment: 5);
        for (var number = 0; number < 23; number++)
        {
            await store.AppendAsync(Entry(number), Cancel);
        }

        var names = new List<string>();
        await foreach (
            var blob in service.GetBlobContainerClient(Containers.Ledger).GetBlobsAsync(cancellationToken: Cancel)
        )
        {
            names.Add(blob.Name);
        }

        Assert.Equal(5, names.Count(name => name.StartsWith("segments/", StringComparison.Ordinal)));
        Assert.Contains("segments/00000005.jsonl", names);
        using var restarted = Store(service, linesPerSegment: 5);
        Assert.Equal(23, (await restarted.AppendAsync(Entry(23), Cancel)).Index);
        Assert.True((await AuditAsync(restarted)).IsIntact);
        Assert.Equal(24 - 17, await restarted.ReadAsync(17, Cancel).CountAsync(Cancel));
    }

    [Fact]
    public async Task A_lost_answer_does_not_record_a_step_twice()
    {
        var connection = await azurite.NewAccountAsync();
        await new BlobServiceClient(connection).CreateBlobContainerAsync(Containers.Ledger, cancellationToken: Cancel);
        var loss = new LostAnswer();
        var options = new BlobClientOptions
        {
            Retry =
            {
                MaxRetries = 2,
                Delay = TimeSpan.FromMilliseconds(1),
                MaxDelay = TimeSpan.FromMilliseconds(1),
            },
        };
        options.AddPolicy(loss, HttpPipelinePosition.PerRetry);
        using var store = Store(new BlobServiceClient(connection, options));
        await store.AppendAsync(Entry(0), Cancel);

        loss.Arm();
        Assert.Equal(1, (await store.AppendAsync(Entry(1), Cancel)).Index);
        Assert.Equal(1, loss.Lost);
        Assert.Equal(2, (await store.AppendAsync(Entry(2), Cancel)).Index);
        var audit = await AuditAsync(store);
        Assert.True(audit.IsIntact, string.Join("; ", audit.Problems));
        Assert.Equal((3, 3), (audit.Entries, audit.Heads));
    }

    [Fact]
    public async Task A_head_that_a_crash_left_out_is_made_up_by_the_next_append()
    {
        var connection = await azurite.NewAccountAsync();
        var service = new BlobServiceClient(connection);
        await service.CreateBlobContainerAsync(Containers.Ledger, cancellationToken: Cancel);
        using (var store = Store(service))
        {
            await store.AppendAsync(Entry(0), Cancel);
        }

        var options = new BlobClientOptions { Retry = { MaxRetries = 0 } };
        options.AddPolicy(new NoHeads(), HttpPipelinePosition.PerRetry);
        using (var dying = Store(new BlobServiceClient(connection, options)))
        {
            await Assert.ThrowsAsync<IOException>(() => dying.AppendAsync(Entry(1), Cancel));
        }

        using var restarted = Store(service);
        Assert.Equal(1, (await AuditAsync(restarted)).UnsignedEntries);
        // The retried step finds its entry and signs it.
        Assert.Equal(1, (await restarted.AppendAsync(Entry(1), Cancel)).Index);
        var audit = await AuditAsync(restarted);
        Assert.True(audit.IsIntact, string.Join("; ", audit.Problems));
        Assert.Equal((2, 0), (audit.Entries, audit.UnsignedEntries));
    }

    [Fact]
    public async Task The_newest_head_and_an_entry_that_another_process_appended_are_found()
    {
        var service = await NewServiceAsync();
        using var one = Store(service);
        using var other = Store(service);
        Assert.Null(await one.LatestHeadAsync(Cancel));
        Assert.Null(await one.FindAsync("run:0", Cancel));
        await other.AppendAsync(Entry(0), Cancel);
        await other.AppendAsync(Entry(1), Cancel);

        Assert.Equal(2, (await one.LatestHeadAsync(Cancel))!.TreeSize);
        Assert.Equal(1, await one.FindAsync("run:1", Cancel));
        Assert.Null(await one.FindAsync("run:2", Cancel));
        await other.AppendAsync(Entry(2), Cancel);
        Assert.Null((await one.ProveAsync(2, Cancel))!.Verify(LedgerKeys.FromPem(_signer.PublicKeyPem)));
    }

    [Fact]
    public async Task Reading_from_an_entry_on_passes_over_the_segments_before_it()
    {
        var connection = await azurite.NewAccountAsync();
        await new BlobServiceClient(connection).CreateBlobContainerAsync(Containers.Ledger, cancellationToken: Cancel);
        var requests = new Requests();
        var options = new BlobClientOptions();
        options.AddPolicy(requests, HttpPipelinePosition.PerRetry);
        using var store = Store(new BlobServiceClient(connection, options), linesPerSegment: 5);
        for (var number = 0; number < 24; number++)
        {
            await store.AppendAsync(Entry(number), Cancel);
        }

        requests.Seen.Clear();
        for (var from = 0; from <= 24; from++)
        {
            var read = await store.ReadAsync(from, Cancel).ToListAsync(Cancel);
            Assert.Equal(
                Enumerable.Range(from, 24 - from),
                read.Select(line => (int)LedgerEntryFormat.Parse(line.Span).Index!.Value)
            );
        }

        // Only for the five entries that the first segment holds.
        Assert.Equal(
            5,
            requests.Seen.Count(path => path.EndsWith("segments/00000001.jsonl", StringComparison.Ordinal))
        );
    }

    public static TheoryData<string, LedgerProblemKind, long> Tampering =>
        new()
        {
            { "edit", LedgerProblemKind.RootMismatch, 4 },
            { "delete", LedgerProblemKind.OutOfPlace, 4 },
            { "reorder", LedgerProblemKind.OutOfPlace, 4 },
            { "truncate", LedgerProblemKind.Truncated, 4 },
            { "insert", LedgerProblemKind.OutOfPlace, 5 },
        };

    [Theory]
    [MemberData(nameof(Tampering))]
    public async Task Tampering_is_named_and_nothing_is_signed_on_top_of_it(
        string how,
        LedgerProblemKind kind,
        long index
    )
    {
        var service = await NewServiceAsync();
        using (var store = Store(service))
        {
            for (var number = 0; number < 8; number++)
            {
                await store.AppendAsync(Entry(number), Cancel);
            }
        }

        await RewriteAsync(
            service,
            lines =>
            {
                switch (how)
                {
                    case "edit":
                        lines[4] = lines[4].Replace("\"capacity\":4", "\"capacity\":9", StringComparison.Ordinal);
                        break;
                    case "delete":
                        lines.RemoveAt(4);
                        break;
                    case "reorder":
                        (lines[4], lines[5]) = (lines[5], lines[4]);
                        break;
                    case "insert":
                        lines.Insert(4, lines[4].Replace("run:4", "run:x", StringComparison.Ordinal));
                        break;
                    default:
                        lines.RemoveRange(4, lines.Count - 4);
                        break;
                }
            }
        );

        using var reopened = Store(service);
        var audit = await AuditAsync(reopened);
        Assert.Contains(audit.Problems, problem => problem.Kind == kind && problem.EntryIndex == index);
        await Assert.ThrowsAsync<LedgerDamagedException>(() => reopened.AppendAsync(Entry(99), Cancel));
    }

    [Fact]
    public async Task A_ledger_that_shrinks_under_a_running_process_stops_it()
    {
        var service = await NewServiceAsync();
        using var store = Store(service);
        for (var number = 0; number < 3; number++)
        {
            await store.AppendAsync(Entry(number), Cancel);
        }

        await RewriteAsync(service, lines => lines.RemoveAt(2));
        await Assert.ThrowsAsync<LedgerDamagedException>(() => store.AppendAsync(Entry(3), Cancel));
    }

    [Fact]
    public async Task A_whole_ledger_rewritten_with_the_key_is_caught_by_an_anchored_head()
    {
        var service = await NewServiceAsync();
        SignedTreeHead anchor;
        using (var store = Store(service))
        {
            for (var number = 0; number < 5; number++)
            {
                await store.AppendAsync(Entry(number), Cancel);
            }

            anchor = (await store.LatestHeadAsync(Cancel))!;
        }

        var rewritten = await NewServiceAsync();
        using var forged = Store(rewritten);
        foreach (var number in new[] { 0, 1, 9, 3, 4, 5 })
        {
            await forged.AppendAsync(Entry(number), Cancel);
        }

        Assert.True((await AuditAsync(forged)).IsIntact);
        var audit = await forged.VerifyAsync(LedgerKeys.FromPem(_signer.PublicKeyPem), [anchor], cancellation: Cancel);
        Assert.Equal(LedgerProblemKind.Rewritten, Assert.Single(audit.Problems).Kind);
    }

    [Fact]
    public async Task An_entry_that_cannot_be_stored_fails_alone()
    {
        var service = await NewServiceAsync();
        using var store = Store(service);
        var large = new LedgerEntry(
            "large",
            LedgerEntryTypes.Effect,
            _clock.GetUtcNow(),
            "run",
            "selfdev",
            new JsonObject { ["text"] = new string('x', 70_000) }
        );
        var bad = new LedgerEntry(
            "bad",
            LedgerEntryTypes.Effect,
            _clock.GetUtcNow(),
            "run",
            "selfdev",
            new JsonObject { ["n"] = long.MaxValue }
        );
        await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync(large, Cancel));
        await Assert.ThrowsAsync<FormatException>(() => store.AppendAsync(bad, Cancel));
        Assert.Equal(0, (await store.AppendAsync(Entry(0), Cancel)).Index);
    }

    [Fact]
    public void A_key_file_is_made_once_for_its_owner_only()
    {
        var folder = Directory.CreateTempSubdirectory("selfdev-ledger-key-");
        try
        {
            var path = Path.Combine(folder.FullName, "keys", "ledger.pem");
            using var first = PemTreeHeadSigner.FromFile(path);
            using var second = PemTreeHeadSigner.FromFile(path);
            Assert.Equal(first.KeyId, second.KeyId);
            Assert.Equal(first.PublicKeyPem.Trim(), File.ReadAllText(Path.ChangeExtension(path, ".pub.pem")).Trim());
            if (!OperatingSystem.IsWindows())
            {
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_new_key_goes_on_where_the_old_one_ended_if_it_is_told_of_it()
    {
        var service = await NewServiceAsync();
        using (var store = Store(service))
        {
            await store.AppendAsync(Entry(0), Cancel);
        }

        var fresh = NewKey();
        using var alone = new PemTreeHeadSigner(fresh);
        using var both = new PemTreeHeadSigner(fresh + "\n" + _signer.PublicKeyPem);
        Assert.Equal((alone.KeyId, 2), (both.KeyId, both.Keys.KeyIds.Count));
        using (var ignorant = new LedgerStore(BlobLedger.Open(service), alone, _clock))
        {
            var refused = await Assert.ThrowsAsync<LedgerDamagedException>(() =>
                ignorant.AppendAsync(Entry(1), Cancel)
            );
            Assert.Contains(
                "put its public key behind the one that signs now",
                refused.Message,
                StringComparison.Ordinal
            );
        }

        using var next = new LedgerStore(BlobLedger.Open(service), both, _clock);
        Assert.Equal(1, (await next.AppendAsync(Entry(1), Cancel)).Index);
        Assert.Equal(alone.KeyId, (await next.LatestHeadAsync(Cancel))!.KeyId);
        Assert.True((await next.VerifyAsync(both.Keys, [], cancellation: Cancel)).IsIntact);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not pem")]
    public void What_is_no_signing_key_is_refused(string pem) =>
        Assert.Throws<ArgumentException>(() => new PemTreeHeadSigner(pem));

    [Fact]
    public void A_public_key_or_another_curve_cannot_sign()
    {
        Assert.Throws<ArgumentException>(() => new PemTreeHeadSigner(_signer.PublicKeyPem));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        Assert.Throws<ArgumentException>(() => new PemTreeHeadSigner(other.ExportPkcs8PrivateKeyPem()));
    }

    private static string NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return key.ExportPkcs8PrivateKeyPem();
    }

    private static LedgerEntry Entry(int number) =>
        new(
            $"run:{number}",
            LedgerEntryTypes.Effect,
            new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(number),
            "run",
            "selfdev",
            new JsonObject { ["capacity"] = number }
        );

    private LedgerStore Store(
        BlobServiceClient service,
        int linesPerSegment = SegmentedAppendBlob.DefaultLinesPerSegment
    ) => new(BlobLedger.Open(service, linesPerSegment), _signer, _clock);

    private Task<LedgerVerification> AuditAsync(LedgerStore store) =>
        store.VerifyAsync(LedgerKeys.FromPem(_signer.PublicKeyPem), [], cancellation: Cancel);

    private async Task<BlobServiceClient> NewServiceAsync()
    {
        var service = new BlobServiceClient(await azurite.NewAccountAsync());
        await service.CreateBlobContainerAsync(Containers.Ledger, cancellationToken: Cancel);
        return service;
    }

    private static async Task RewriteAsync(BlobServiceClient service, Action<List<string>> change)
    {
        var blob = service.GetBlobContainerClient(Containers.Ledger).GetAppendBlobClient("segments/00000001.jsonl");
        var text = (await blob.DownloadContentAsync(Cancel)).Value.Content.ToString();
        var lines = text.TrimEnd('\n').Split('\n').ToList();
        change(lines);
        await blob.DeleteAsync(cancellationToken: Cancel);
        await blob.CreateAsync(cancellationToken: Cancel);
        await blob.AppendBlockAsync(
            new MemoryStream(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n")),
            cancellationToken: Cancel
        );
    }

    // The process dies after its entries and before their head.
    private sealed class NoHeads : HttpPipelinePolicy
    {
        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            throw new NotSupportedException();

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            if (
                message.Request.Method != RequestMethod.Get
                && message.Request.Uri.Path.Contains("/heads/", StringComparison.Ordinal)
            )
            {
                throw new IOException("The process dies here.");
            }

            await ProcessNextAsync(message, pipeline);
        }
    }

    private sealed class Requests : HttpPipelinePolicy
    {
        public List<string> Seen { get; } = [];

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            throw new NotSupportedException();

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            Seen.Add(Uri.UnescapeDataString(message.Request.Uri.Path));
            await ProcessNextAsync(message, pipeline);
        }
    }

    // The service carries the append out, the answer never arrives.
    private sealed class LostAnswer : HttpPipelinePolicy
    {
        private bool _armed;

        public int Lost { get; private set; }

        public void Arm() => _armed = true;

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            throw new NotSupportedException();

        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            await ProcessNextAsync(message, pipeline);
            if (_armed && message.Request.Uri.Query.Contains("comp=appendblock", StringComparison.Ordinal))
            {
                _armed = false;
                Lost++;
                throw new IOException("The connection was reset.");
            }
        }
    }
}
