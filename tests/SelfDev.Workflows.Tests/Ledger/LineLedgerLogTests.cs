using System.Text;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Testing.Conformance;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Ledger;

public sealed class LineLedgerLogTests : LedgerConformance
{
    private readonly List<string> _entries = [];
    private readonly List<string> _heads = [];
    private readonly List<string> _drafts = [];

    protected override ILedgerUnderTest Create() => new LinesUnderTest(_entries, _heads, _drafts);

    [Fact]
    public async Task Several_processes_append_the_same_and_different_entries_into_one_sequence()
    {
        using var signer = new TestSigner();
        var stores = Enumerable.Range(0, 4).Select(_ => new LedgerStore(NewLog(), signer, new FakeClock())).ToList();
        var receipts = await Task.WhenAll(
            from store in stores
            from number in Enumerable.Range(0, 80)
            select Task.Run(
                async () => (number, (await store.AppendAsync(Entry(number), Cancellation)).Index),
                Cancellation
            )
        );

        Assert.All(
            receipts.GroupBy(receipt => receipt.number),
            same => Assert.Single(same.Select(receipt => receipt.Index).Distinct())
        );
        foreach (var store in stores)
        {
            var audit = await store.VerifyAsync(signer.Keys, [], cancellation: Cancellation);
            Assert.True(audit.IsIntact, string.Join("; ", audit.Problems));
            Assert.Equal((80, 0), (audit.Entries, audit.UnsignedEntries));
            Assert.Equal(80, (await store.LatestHeadAsync(Cancellation))!.TreeSize);
            Assert.NotNull(await store.FindAsync("run:79", Cancellation));
        }

        stores.ForEach(store => store.Dispose());
    }

    [Fact]
    public async Task A_lost_answer_records_nothing_twice()
    {
        var entries = new InMemoryLineLog(_entries);
        var heads = new InMemoryLineLog(_heads);
        var drafts = new InMemoryLineLog(_drafts);
        using var log = new LineLedgerLog(entries, heads, drafts);
        using var signer = new TestSigner();
        using var store = new LedgerStore(log, signer, new FakeClock());
        await store.AppendAsync(Entry(0), Cancellation);
        entries.LosesAnswer = true;
        Assert.Equal(1, (await store.AppendAsync(Entry(1), Cancellation)).Index);
        heads.LosesAnswer = true;
        Assert.Equal(2, (await store.AppendAsync(Entry(2), Cancellation)).Index);
        drafts.LosesAnswer = true;
        Assert.Equal(3, (await store.AppendAsync(Entry(3), Cancellation)).Index);

        var audit = await store.VerifyAsync(signer.Keys, [], cancellation: Cancellation);
        Assert.True(audit.IsIntact, string.Join("; ", audit.Problems));
        Assert.Equal((4, 4), (audit.Entries, audit.Heads));
    }

    [Fact]
    public async Task A_head_that_a_failure_left_out_is_made_up_by_the_next_append()
    {
        var heads = new InMemoryLineLog(_heads);
        using var log = new LineLedgerLog(new InMemoryLineLog(_entries), heads, new InMemoryLineLog(_drafts));
        using var signer = new TestSigner();
        using var store = new LedgerStore(log, signer, new FakeClock());
        await store.AppendAsync(Entry(0), Cancellation);
        heads.Fails = true;
        await Assert.ThrowsAsync<IOException>(() => store.AppendAsync(Entry(1), Cancellation));
        Assert.Equal((2, 1), (_entries.Count, _heads.Count));

        heads.Fails = false;
        Assert.Equal(
            (1, 2),
            (await store.AppendAsync(Entry(1), Cancellation)) is var receipt
                ? (receipt.Index, receipt.TreeSize)
                : default
        );
        var audit = await store.VerifyAsync(signer.Keys, [], cancellation: Cancellation);
        Assert.Equal((2, 0), (audit.Entries, audit.UnsignedEntries));
    }

    [Fact]
    public async Task What_a_crash_left_without_a_head_is_known_by_its_draft_and_signed_by_whoever_comes_next()
    {
        using var signer = new TestSigner();
        await CrashBeforeTheHeadAsync(signer);

        using var next = new LedgerStore(NewLog(), signer, new FakeClock());
        Assert.Equal(2, (await next.AppendAsync(Entry(2), Cancellation)).Index);
        var audit = await next.VerifyAsync(signer.Keys, [], cancellation: Cancellation);
        Assert.True(audit.IsIntact, string.Join("; ", audit.Problems));
        Assert.Equal((3, 0), (audit.Entries, audit.UnsignedEntries));
    }

    [Theory]
    [InlineData("behind")]
    [InlineData("instead")]
    [InlineData("without drafts")]
    [InlineData("draft by another key")]
    [InlineData("head by another key")]
    public async Task What_somebody_else_put_behind_the_last_head_is_never_signed(string how)
    {
        using var signer = new TestSigner();
        using var thief = new TestSigner();
        await CrashBeforeTheHeadAsync(signer);
        switch (how)
        {
            case "behind":
                _entries.Add(Line(2));
                break;
            case "instead":
                _entries[1] = Line(1).Replace("\"capacity\":1", "\"capacity\":9", StringComparison.Ordinal);
                break;
            case "without drafts":
                _drafts.Clear();
                break;
            default:
                _drafts.Clear();
                (how.StartsWith("draft", StringComparison.Ordinal) ? _drafts : _heads).Add(await HeadAsync(thief));
                break;
        }

        using var next = new LedgerStore(NewLog(), signer, new FakeClock());
        var refused = await Assert.ThrowsAsync<LedgerDamagedException>(() => next.AppendAsync(Entry(3), Cancellation));
        Assert.Contains(
            how == "head by another key" ? "none of SelfDev's" : "somebody else put entries 1 to",
            refused.Message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(_entries, line => line.Contains("run:3", StringComparison.Ordinal));
    }

    private async Task CrashBeforeTheHeadAsync(TestSigner signer)
    {
        var heads = new InMemoryLineLog(_heads);
        using var log = new LineLedgerLog(new InMemoryLineLog(_entries), heads, new InMemoryLineLog(_drafts));
        using var store = new LedgerStore(log, signer, new FakeClock());
        await store.AppendAsync(Entry(0), Cancellation);
        heads.Fails = true;
        await Assert.ThrowsAsync<IOException>(() => store.AppendAsync(Entry(1), Cancellation));
        Assert.Equal((2, 1, 2), (_entries.Count, _heads.Count, _drafts.Count));
    }

    private static string Line(int number) =>
        Encoding.UTF8.GetString(LedgerEntryFormat.Serialize(number, Entry(number)));

    private async Task<string> HeadAsync(TestSigner signer)
    {
        var tree = new MerkleFrontier();
        _entries.ForEach(line => tree.Append(MerkleHash.Leaf(Encoding.UTF8.GetBytes(line)), []));
        var root = Convert.FromHexString(tree.RootHex());
        var signature = await signer.SignAsync(
            TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, tree.Size, root, DateTimeOffset.UnixEpoch),
            Cancellation
        );
        var head = new SignedTreeHead(
            tree.Size,
            tree.RootHex(),
            DateTimeOffset.UnixEpoch,
            signer.KeyId,
            Convert.ToBase64String(signature)
        );
        return Encoding.UTF8.GetString(CanonicalJson.Serialize(head, ReportJson.Options));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_ledger_that_shrinks_under_a_running_process_stops_it(bool headsToo)
    {
        var store = await OpenAsync();
        for (var number = 0; number < 3; number++)
        {
            await store.AppendAsync(Entry(number), Cancellation);
        }

        _entries.RemoveAt(2);
        if (headsToo)
        {
            _heads.RemoveAt(2);
        }

        await Assert.ThrowsAsync<LedgerDamagedException>(() => store.AppendAsync(Entry(3), Cancellation));
    }

    [Fact]
    public async Task What_others_append_is_compared_with_the_head_that_covers_it()
    {
        using var signer = new TestSigner();
        using var store = new LedgerStore(NewLog(), signer, new FakeClock());
        await store.AppendAsync(Entry(0), Cancellation);
        using (var other = new LedgerStore(NewLog(), signer, new FakeClock()))
        {
            await other.AppendAsync(Entry(1), Cancellation);
        }

        // Well formed and in its place; only the root tells.
        _entries[1] = _entries[1].Replace("\"capacity\":1", "\"capacity\":9", StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<LedgerDamagedException>(() => store.AppendAsync(Entry(2), Cancellation));
        Assert.Contains("do not have the root of its last signed head", refused.Message, StringComparison.Ordinal);
    }

    private LineLedgerLog NewLog() =>
        new(new InMemoryLineLog(_entries), new InMemoryLineLog(_heads), new InMemoryLineLog(_drafts));

    private sealed class LinesUnderTest(List<string> entries, List<string> heads, List<string> drafts)
        : ILedgerUnderTest
    {
        public Task<ILedgerLog> OpenAsync() =>
            Task.FromResult<ILedgerLog>(
                new LineLedgerLog(new InMemoryLineLog(entries), new InMemoryLineLog(heads), new InMemoryLineLog(drafts))
            );

        // Whoever opens it reads all of it.
        public Task LookAsync(LedgerStore store) => Task.CompletedTask;

        public Task RewriteAsync(Action<List<string>> change)
        {
            change(entries);
            return Task.CompletedTask;
        }

        public Task PutBackAsync(int count)
        {
            entries.RemoveRange(count, entries.Count - count);
            heads.RemoveAll(head => (long)System.Text.Json.Nodes.JsonNode.Parse(head)!["treeSize"]! > count);
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
