using System.Text.Json.Nodes;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>A ledger's log on storage of its own, which a test may open several times and change behind its
/// back.</summary>
public interface ILedgerUnderTest : IAsyncDisposable
{
    /// <summary>Opens the log as a process that starts does; the one before is closed.</summary>
    Task<ILedgerLog> OpenAsync();

    /// <summary>Lets the log find damage that opening does not look for.</summary>
    Task LookAsync(LedgerStore store);

    /// <summary>Changes the stored entries, which are lines, while the log is closed. Nothing else is made to
    /// fit.</summary>
    Task RewriteAsync(Action<List<string>> change);

    /// <summary>Takes away the newest entries and the heads that cover them, so that what is left is whole in
    /// itself.</summary>
    Task PutBackAsync(int entries);
}

/// <summary>What a ledger must do, whatever its log is kept on.</summary>
public abstract class LedgerConformance : IAsyncLifetime
{
    private readonly FakeClock _clock = new();
    private readonly TestSigner _signer = new();
    private LedgerStore? _store;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <value>Signs the heads of every store that <see cref="OpenAsync"/> opens.</value>
    protected TestSigner Signer => _signer;

    protected abstract ILedgerUnderTest Create();

    protected ILedgerUnderTest Subject { get; private set; } = null!;

    public ValueTask InitializeAsync()
    {
        Subject = Create();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _store?.Dispose();
        _signer.Dispose();
        await Subject.DisposeAsync();
    }

    [Fact]
    public async Task What_is_appended_can_be_read_verified_and_proved()
    {
        var store = await OpenAsync();
        Assert.Null(await store.LatestHeadAsync(Cancellation));
        for (var number = 0; number < 12; number++)
        {
            var receipt = await store.AppendAsync(Entry(number), Cancellation);
            Assert.Equal((number, number + 1), (receipt.Index, receipt.TreeSize));
            var head = await store.LatestHeadAsync(Cancellation);
            Assert.Equal((receipt.TreeSize, receipt.RootHash), (head!.TreeSize, head.RootHash));
        }

        await AssertIntactAsync(store, 12);
        var proof = await store.ProveAsync(7, Cancellation);
        Assert.Null(proof!.Verify(_signer.Keys));
        Assert.Contains("\"key\":\"run:7\"", proof.Entry, StringComparison.Ordinal);
        Assert.Null(await store.ProveAsync(12, Cancellation));
        Assert.Null(await store.ProveAsync(-1, Cancellation));
        Assert.Equal(7, await store.FindAsync("run:7", Cancellation));
        Assert.Null(await store.FindAsync("run:12", Cancellation));
    }

    [Fact]
    public async Task One_key_makes_one_entry_also_after_a_restart()
    {
        var store = await OpenAsync();
        await store.AppendAsync(Entry(0), Cancellation);
        await store.AppendAsync(Entry(1), Cancellation);
        Assert.Equal(0, (await store.AppendAsync(Entry(0), Cancellation)).Index);

        var restarted = await OpenAsync();
        Assert.Equal(2, (await restarted.LatestHeadAsync(Cancellation))!.TreeSize);
        Assert.Equal(1, await restarted.FindAsync("run:1", Cancellation));
        Assert.Equal(1, (await restarted.AppendAsync(Entry(1), Cancellation)).Index);
        Assert.Equal(2, (await restarted.AppendAsync(Entry(2), Cancellation)).Index);
        await AssertIntactAsync(restarted, 3);
    }

    [Fact]
    public async Task Many_who_append_at_once_make_one_sequence_and_each_learns_its_place()
    {
        var store = await OpenAsync();
        var receipts = await Task.WhenAll(
            Enumerable
                .Range(0, 400)
                .Select(number =>
                    Task.Run(
                        async () => (Number: number % 200, await store.AppendAsync(Entry(number % 200), Cancellation)),
                        Cancellation
                    )
                )
        );

        Assert.All(
            receipts.GroupBy(receipt => receipt.Number),
            same => Assert.Single(same.Select(receipt => receipt.Item2.Index).Distinct())
        );
        Assert.Equal(200, receipts.Select(receipt => receipt.Item2.Index).Distinct().Count());
        Assert.All(receipts, receipt => Assert.True(receipt.Item2.TreeSize > receipt.Item2.Index));
        var read = await store.ReadAsync(0, Cancellation).ToListAsync(Cancellation);
        Assert.All(
            receipts,
            receipt =>
                Assert.Equal(
                    $"run:{receipt.Number}",
                    LedgerEntryFormat.Parse(read[(int)receipt.Item2.Index].Span).Entry!.Key
                )
        );
        await AssertIntactAsync(store, 200);
    }

    [Fact]
    public async Task Every_proof_of_a_longer_ledger_holds_and_reading_begins_where_it_is_told_to()
    {
        var store = await OpenAsync();
        const int Count = 600;
        await Task.WhenAll(Enumerable.Range(0, Count).Select(number => store.AppendAsync(Entry(number), Cancellation)));
        var restarted = await OpenAsync();
        var tree = new MerkleTree();
        await foreach (var line in restarted.ReadAsync(0, Cancellation))
        {
            tree.Append(MerkleHash.Leaf(line.Span));
        }

        Assert.Equal(Count, tree.Size);
        foreach (var size in new[] { 1, 2, 255, 256, 257, 511, 512, 599, Count })
        {
            Assert.Equal(
                tree.RootAt(size),
                await restarted.ReadTreeAsync(size, node => MerklePaths.RootAt(size, node), Cancellation)
            );
        }

        foreach (var index in new[] { 0, 1, 254, 255, 256, 300, 511, 512, 598, 599 })
        {
            Assert.Null((await restarted.ProveAsync(index, Cancellation))!.Verify(_signer.Keys));
            var first = LedgerEntryFormat.Parse(
                (await restarted.ReadAsync(index, Cancellation).FirstAsync(Cancellation)).Span
            );
            Assert.Equal(index, first.Index);
            Assert.Equal(Count - index, await restarted.ReadAsync(index, Cancellation).CountAsync(Cancellation));
        }

        Assert.Empty(await restarted.ReadAsync(Count, Cancellation).ToListAsync(Cancellation));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() =>
            restarted.ReadTreeAsync(Count + 1, node => node(0, 0), Cancellation)
        );
        await Subject.LookAsync(restarted);
        await restarted.AppendAsync(Entry(Count), Cancellation);
        await AssertIntactAsync(restarted, Count + 1);
    }

    [Fact]
    public async Task An_entry_that_cannot_be_stored_fails_alone()
    {
        var store = await OpenAsync();
        var large = Entry(1, new JsonObject { ["text"] = new string('x', 70_000) });
        var bad = Entry(2, new JsonObject { ["n"] = long.MaxValue });
        var good = Task.WhenAll(
            Enumerable.Range(3, 20).Select(number => store.AppendAsync(Entry(number), Cancellation))
        );
        await Assert.ThrowsAsync<ArgumentException>(() => store.AppendAsync(large, Cancellation));
        await Assert.ThrowsAsync<FormatException>(() => store.AppendAsync(bad, Cancellation));
        await good;
        await AssertIntactAsync(store, 20);
    }

    [Fact]
    public async Task Many_who_leave_while_they_wait_do_not_keep_those_behind_them_from_being_written()
    {
        var store = await OpenAsync();
        var ready = new TaskCompletionSource();
        _signer.Ready = ready.Task;
        var first = store.AppendAsync(Entry(0), Cancellation);
        using var leaving = new CancellationTokenSource();
        var left = Enumerable.Range(1, 150).Select(number => store.AppendAsync(Entry(number), leaving.Token)).ToList();
        await leaving.CancelAsync();
        foreach (var task in left)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        }

        var last = store.AppendAsync(Entry(151), Cancellation);
        ready.SetResult();

        await first;
        var receipt = await last;
        Assert.Equal(receipt.Index, await store.FindAsync("run:151", Cancellation));
        await AssertIntactAsync(store, receipt.TreeSize);
    }

    [Fact]
    public async Task Without_a_signature_nothing_is_acknowledged_and_the_same_step_is_recorded_once_later()
    {
        var store = await OpenAsync();
        await store.AppendAsync(Entry(0), Cancellation);
        _signer.Fails = true;
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.AppendAsync(Entry(1), Cancellation));
        _signer.Fails = false;
        Assert.Equal(1, (await store.AppendAsync(Entry(1), Cancellation)).Index);
        await AssertIntactAsync(store, 2);
    }

    public static TheoryData<string> Tampering => new("edit", "delete", "reorder", "truncate", "insert");

    [Theory]
    [MemberData(nameof(Tampering))]
    public async Task Nothing_is_appended_on_top_of_what_was_tampered_with(string how)
    {
        var store = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 300).Select(number => store.AppendAsync(Entry(number), Cancellation)));
        await CloseAsync();
        await Subject.RewriteAsync(lines => Tamper(lines, how));

        var reopened = Store(await Subject.OpenAsync());
        await Subject.LookAsync(reopened);
        await Assert.ThrowsAsync<LedgerDamagedException>(() => reopened.AppendAsync(Entry(999), Cancellation));
        Assert.False((await reopened.VerifyAsync(_signer.Keys, [], cancellation: Cancellation)).IsIntact);
    }

    [Fact]
    public async Task A_ledger_that_was_put_back_to_an_earlier_state_is_refused_by_the_head_that_was_seen()
    {
        var witness = new TestWitness();
        var store = await OpenAsync(witness);
        for (var number = 0; number < 5; number++)
        {
            await store.AppendAsync(Entry(number), Cancellation);
            Assert.Equal(number + 1, witness.LastSeen()!.TreeSize);
        }

        await CloseAsync();
        await Subject.PutBackAsync(3);

        // In itself it is whole, and somebody who remembers no more goes on with it.
        using (var unaware = Store(await Subject.OpenAsync()))
        {
            await unaware.OpenAsync(Cancellation);
            await AssertIntactAsync(unaware, 3);
        }

        var reopened = Store(await Subject.OpenAsync(), witness);
        var refused = await Assert.ThrowsAsync<LedgerDamagedException>(() => reopened.OpenAsync(Cancellation));
        Assert.Contains("entries 3 to 4 are gone", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LedgerDamagedException>(() => reopened.AppendAsync(Entry(9), Cancellation));
    }

    [Fact]
    public async Task A_ledger_whose_entries_are_others_than_those_that_were_seen_is_refused()
    {
        var store = await OpenAsync();
        for (var number = 0; number < 5; number++)
        {
            await store.AppendAsync(Entry(number), Cancellation);
        }

        var head = (await store.LatestHeadAsync(Cancellation))!;
        var earlier = await store.ReadTreeAsync(3, node => MerkleHash.ToHex(MerklePaths.RootAt(3, node)), Cancellation);
        await OpenAsync(new TestWitness(head));
        await OpenAsync(new TestWitness(head with { TreeSize = 3, RootHash = earlier }));
        await CloseAsync();
        using var contradicted = Store(await Subject.OpenAsync(), new TestWitness(head with { TreeSize = 3 }));
        await Assert.ThrowsAsync<LedgerDamagedException>(() => contradicted.OpenAsync(Cancellation));
    }

    /// <summary>Opens the ledger as a process that starts does.</summary>
    protected async Task<LedgerStore> OpenAsync(IHeadWitness? witness = null)
    {
        await CloseAsync();
        _store = Store(await Subject.OpenAsync(), witness);
        await _store.OpenAsync(Cancellation);
        return _store;
    }

    protected static LedgerEntry Entry(int number, JsonObject? body = null) =>
        new(
            $"run:{number}",
            LedgerEntryTypes.Effect,
            new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddMinutes(number),
            "run",
            "selfdev",
            body ?? new JsonObject { ["capacity"] = number }
        );

    protected async Task AssertIntactAsync(LedgerStore store, long entries)
    {
        var audit = await store.VerifyAsync(_signer.Keys, [], cancellation: Cancellation);
        Assert.True(audit.IsIntact, string.Join("; ", audit.Problems));
        Assert.Equal((entries, 0), (audit.Entries, audit.UnsignedEntries));
    }

    private LedgerStore Store(ILedgerLog log, IHeadWitness? witness = null) => new(log, _signer, _clock, witness);

    private Task CloseAsync()
    {
        _store?.Dispose();
        _store = null;
        return Task.CompletedTask;
    }

    private static void Tamper(List<string> lines, string how)
    {
        switch (how)
        {
            case "edit":
                lines[4] = lines[4].Replace("\"type\":\"effect\"", "\"type\":\"EFFECT\"", StringComparison.Ordinal);
                break;
            case "delete":
                lines.RemoveAt(4);
                break;
            case "reorder":
                (lines[4], lines[5]) = (lines[5], lines[4]);
                break;
            case "insert":
                lines.Insert(4, lines[4].Replace("\"key\":\"run:", "\"key\":\"x:", StringComparison.Ordinal));
                break;
            default:
                lines.RemoveRange(lines.Count - 4, 4);
                break;
        }
    }
}
