using System.Text;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.Trust;

public sealed class SealedLogTests : IDisposable
{
    private readonly TrustRoom _trust = new(new FakeClock(), new FixedPolicySource(ApprovalPolicy.DenyAll));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Records_come_back_in_their_order()
    {
        await AppendAsync("f", "a", "b", "c");
        var read = await ReadAsync("f");
        Assert.Equal(["a", "b", "c"], read.Items.Select(note => note.Text));
        Assert.Equal((4, 4, null), (read.FreeSlot, read.NextNumber, read.Damage));
        Assert.Equal(["f/000001", "f/000002", "f/000003"], _trust.Store.Names);
        Assert.Empty((await ReadAsync("g")).Items);
    }

    [Fact]
    public async Task A_slot_is_taken_once()
    {
        var read = await ReadAsync("f");
        Assert.True(await _trust.Log.TryAppendAsync("f", read, new Note("a"), Cancel));
        Assert.False(await _trust.Log.TryAppendAsync("f", read, new Note("b"), Cancel));
        Assert.Equal(["a"], (await ReadAsync("f")).Items.Select(note => note.Text));
    }

    [Fact]
    public async Task A_forged_record_is_reported_and_takes_no_number_from_a_genuine_one()
    {
        _trust.Store.Forge("f/000001", "{\"number\":1,\"value\":{\"text\":\"forged\"}}"u8);
        await AppendAsync("f", "a");
        _trust.Store.Forge("f/000003", "selfdev-seal/1 k1 AAAA\n{\"number\":2,\"value\":{\"text\":\"forged\"}}"u8);
        await AppendAsync("f", "b");
        var read = await ReadAsync("f");
        Assert.Equal(["a", "b"], read.Items.Select(note => note.Text));
        Assert.Null(read.Damage);
        Assert.Equal(["f/000001", "f/000003"], Reported());
        Assert.Equal(2, _trust.Told.All.Count(notification => notification.Topic == "tampering"));
    }

    [Fact]
    public async Task A_folder_with_more_records_than_are_read_counts_as_damaged_and_takes_no_more()
    {
        await AppendAsync("f", "a");
        for (var slot = 2; slot <= SealedLog.MaxSlots; slot++)
        {
            _trust.Store.Forge($"f/{slot:000000}", "x"u8);
        }

        var full = await ReadAsync("f");
        Assert.Equal((false, null, SealedLog.MaxSlots + 1), (full.IsCut, full.Damage, full.FreeSlot));
        await AppendAsync("f", "hidden");
        var cut = await ReadAsync("f");
        Assert.Equal(["a"], cut.Items.Select(note => note.Text));
        Assert.Equal(
            (true, "f has more than 10000 records: those from f/010001 on were not read."),
            (cut.IsCut, cut.Damage)
        );
        await Assert.ThrowsAsync<NonRetryableException>(() =>
            _trust.Log.TryAppendAsync("f", cut, new Note("b"), Cancel)
        );
    }

    [Fact]
    public async Task The_same_forgery_is_reported_once_and_after_a_restart_not_told_again()
    {
        _trust.Store.Forge("f/000001", "x"u8);
        await ReadAsync("f");
        await ReadAsync("f");
        Assert.Single(Reported());
        using var restarted = new TrustRoom(
            _trust.Clock,
            new FixedPolicySource(ApprovalPolicy.DenyAll),
            _trust.Keys,
            _trust.Store,
            _trust.Ledger
        );
        await restarted.Log.ReadAsync<Note>("f", Cancel);
        Assert.Single(Reported());
        Assert.Empty(restarted.Told.All);
        Assert.Single(restarted.Tampering.Newest);
    }

    [Fact]
    public async Task A_copy_from_another_place_is_a_forgery()
    {
        await AppendAsync("f", "a");
        var genuine = (await _trust.Store.ReadAsync("f/000001", Cancel))!;
        _trust.Store.Forge("f/000002", genuine);
        _trust.Store.Forge("g/000001", genuine);
        Assert.Single((await ReadAsync("f")).Items);
        Assert.Empty((await ReadAsync("g")).Items);
        Assert.Equal(["f/000002", "g/000001"], Reported());
    }

    [Fact]
    public async Task A_record_taken_out_from_between_others_is_noticed()
    {
        await AppendAsync("f", "a", "b", "c");
        _trust.Store.Remove("f/000002");
        var read = await ReadAsync("f");
        Assert.Contains("Record 2 of f is missing", read.Damage, StringComparison.Ordinal);
        Assert.Equal(["a", "c"], read.Items.Select(note => note.Text));
        Assert.Equal(["f/000003"], Reported());
        _trust.Store.Remove("f/000001");
        Assert.Contains("Record 1 of f is missing", (await ReadAsync("f")).Damage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_has_no_slots_name_is_reported_and_not_read()
    {
        await AppendAsync("f", "a");
        foreach (var name in new[] { "f/0001", "f/evil", "f/000001x", "f/1000001", "f/00000-", "f/000001/000001" })
        {
            _trust.Store.Forge(name, (await _trust.Store.ReadAsync("f/000001", Cancel))!);
        }

        Assert.Equal(["a"], (await ReadAsync("f")).Items.Select(note => note.Text));
        Assert.Equal(6, Reported().Count);
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_is_passed_over()
    {
        await AppendAsync("f", "a", "b");
        var log = new SealedLog(
            new UnreadableStore(_trust.Store, "f/000002"),
            _trust.Seals,
            _trust.Tampering,
            _trust.Clock
        );

        var read = await log.ReadAsync<Note>("f", Cancel);

        Assert.Equal("a", Assert.Single(read.Items).Text);
        Assert.Equal(3, read.FreeSlot);
        Assert.Equal(["f/000002"], read.Forged);
        Assert.True(await log.TryAppendAsync("f", read, new Note("c"), Cancel));
    }

    [Fact]
    public async Task Content_that_is_genuine_and_no_record_is_none()
    {
        foreach (var content in new[] { "null", "[]", "{", "{\"number\":1,\"value\":null}" })
        {
            _trust.Store.Forge(
                "f/000001",
                _trust.Seals.Seal("f/000001", Encoding.UTF8.GetBytes(content), _trust.Clock.GetUtcNow())
            );
            Assert.Empty((await ReadAsync("f")).Items);
        }
    }

    public void Dispose() => _trust.Dispose();

    private Task<SealedRecords<Note>> ReadAsync(string folder) => _trust.Log.ReadAsync<Note>(folder, Cancel);

    private async Task AppendAsync(string folder, params string[] texts)
    {
        foreach (var text in texts)
        {
            Assert.True(await _trust.Log.TryAppendAsync(folder, await ReadAsync(folder), new Note(text), Cancel));
        }
    }

    private List<string> Reported() =>
        [
            .. _trust
                .Ledger.Entries.Where(entry => entry.Type == LedgerEntryTypes.Tampering)
                .Select(entry => (string)entry.Body["place"]!),
        ];

    private sealed record Note(string Text);

    /// <summary>One record of which the disk gives something else back than was written.</summary>
    private sealed class UnreadableStore(ITrustStore inner, string unreadable) : ITrustStore
    {
        public Task<bool> TryCreateAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
            inner.TryCreateAsync(name, content, cancellation);

        public Task<byte[]?> ReadAsync(string name, CancellationToken cancellation) =>
            name == unreadable
                ? throw new InvalidDataException("Its checksum does not match.")
                : inner.ReadAsync(name, cancellation);

        public IAsyncEnumerable<string> ListAsync(string prefix, string from, CancellationToken cancellation) =>
            inner.ListAsync(prefix, from, cancellation);
    }
}
