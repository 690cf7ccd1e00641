using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.Approval;

public sealed class KillSwitchTests : IDisposable
{
    private const string Key = "key:someone";
    private readonly FixedPolicySource _policy = new(Asked.Policy with { KillSwitchReleasers = [Asked.Ana] });
    private readonly FakeClock _clock = new(Asked.Now);
    private readonly TrustRoom _trust;

    public KillSwitchTests() => _trust = new TrustRoom(_clock, _policy);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_off_until_somebody_engages_it_and_anybody_may()
    {
        Assert.False((await _trust.KillSwitch.ReadAsync(Cancel)).Engaged);
        var change = await _trust.KillSwitch.SetAsync(true, "operator@localhost", "drill", Key, Cancel);
        Assert.Null(change.Refusal);
        var state = await _trust.KillSwitch.ReadAsync(Cancel);
        Assert.Equal(
            (true, "operator@localhost", "drill", Asked.Now),
            (state.Engaged, state.By, state.Reason, state.At)
        );
        var entry = Assert.Single(_trust.Ledger.Entries);
        Assert.Equal(("engaged", Key), ((string)entry.Body["killSwitch"]!, (string)entry.Body["proof"]!));
    }

    [Theory]
    [InlineData(Asked.Ana, true)]
    [InlineData("ANA@example.com", true)]
    [InlineData(Asked.Bo, false)]
    [InlineData("operator@localhost", false)]
    public async Task Releasing_is_for_those_whom_the_policy_names(string person, bool may)
    {
        await _trust.KillSwitch.SetAsync(true, Asked.Bo, null, Key, Cancel);
        var change = await _trust.KillSwitch.SetAsync(false, person, null, Key, Cancel);
        Assert.Equal(may, change.Refusal is null);
        Assert.Equal(!may, (await _trust.KillSwitch.ReadAsync(Cancel)).Engaged);
        Assert.Equal(may ? 2 : 1, _trust.Ledger.Entries.Count);
    }

    [Fact]
    public async Task Without_names_those_release_who_may_approve_something()
    {
        _policy.Policy = Asked.Policy;
        await _trust.KillSwitch.SetAsync(true, "operator@localhost", null, Key, Cancel);
        Assert.NotNull((await _trust.KillSwitch.SetAsync(false, "operator@localhost", null, Key, Cancel)).Refusal);
        Assert.Null((await _trust.KillSwitch.SetAsync(false, Asked.Cy, null, Key, Cancel)).Refusal);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_busy_ledger()
    {
        var ledger = new TaskCompletionSource();
        _trust.Ledger.Ready = ledger.Task;
        var stop = _trust.KillSwitch.SetAsync(true, Asked.Bo, null, Key, Cancel);
        while (!stop.IsCompleted)
        {
            _clock.Advance(KillSwitch.LedgerWait);
            await Task.Yield();
        }

        Assert.Equal("It is in force; the ledger is busy and has it as soon as it can.", (await stop).LedgerProblem);
        Assert.Empty(_trust.Ledger.Entries);

        ledger.SetResult();
        Assert.True((await _trust.KillSwitch.ReadAsync(Cancel)).Engaged);
        Assert.Single(_trust.Ledger.Entries);
        Assert.Null((await _trust.KillSwitch.SetAsync(true, Asked.Bo, null, Key, Cancel)).LedgerProblem);
    }

    [Fact]
    public async Task Forged_records_that_hide_its_last_one_do_not_release_it()
    {
        for (var slot = 1; slot <= SealedLog.MaxSlots + 1; slot++)
        {
            _trust.Store.Forge($"kill-switch/{slot:000000}", "x"u8);
        }

        Assert.Contains(
            "more than 10000 records",
            (await _trust.KillSwitch.ReadAsync(Cancel)).Reason,
            StringComparison.Ordinal
        );
        Assert.Equal((true, null), (await SetAsync(true) is var stop ? (stop.State.Engaged, stop.Refusal) : default));
        var release = await SetAsync(false);
        Assert.True(release.State.Engaged);
        Assert.StartsWith("It cannot be released: ", release.Refusal, StringComparison.Ordinal);

        Task<KillSwitchChange> SetAsync(bool engaged) =>
            _trust.KillSwitch.SetAsync(engaged, Asked.Ana, null, Key, Cancel);
    }

    [Fact]
    public async Task Deleting_its_records_does_not_release_it()
    {
        await _trust.KillSwitch.SetAsync(true, Asked.Bo, null, Key, Cancel);
        _trust.Store.Remove("kill-switch/000001");
        var state = await _trust.KillSwitch.ReadAsync(Cancel);
        Assert.True(state.Engaged);
        Assert.Contains("has lost it", state.Reason, StringComparison.Ordinal);
        Assert.Contains(_trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Tampering);

        // Rolled back to the state before, too.
        await _trust.KillSwitch.SetAsync(false, Asked.Ana, null, Key, Cancel);
        Assert.False((await _trust.KillSwitch.ReadAsync(Cancel)).Engaged);
        await _trust.KillSwitch.SetAsync(true, Asked.Bo, null, Key, Cancel);
        _trust.Store.Remove("kill-switch/000002");
        Assert.True((await _trust.KillSwitch.ReadAsync(Cancel)).Engaged);
    }

    [Fact]
    public async Task A_release_after_a_loss_has_its_own_entry_in_the_ledger()
    {
        await _trust.KillSwitch.SetAsync(true, Asked.Bo, null, Key, Cancel);
        _trust.Store.Remove("kill-switch/000001");
        await _trust.KillSwitch.SetAsync(false, Asked.Ana, "settled", Key, Cancel);
        Assert.Equal(
            ["engaged", "released"],
            _trust
                .Ledger.Entries.Where(entry => entry.Type == LedgerEntryTypes.Decision)
                .Select(entry => (string)entry.Body["killSwitch"]!)
        );
    }

    [Theory]
    [InlineData("{\"number\":1,\"value\":{\"engaged\":false,\"by\":\"ana@example.com\",\"number\":2}}")]
    [InlineData("{")]
    [InlineData("")]
    public async Task A_forged_release_releases_nothing(string forged)
    {
        await _trust.KillSwitch.SetAsync(true, Asked.Bo, null, Key, Cancel);
        _trust.Store.Forge("kill-switch/000002", System.Text.Encoding.UTF8.GetBytes(forged));
        Assert.True((await _trust.KillSwitch.ReadAsync(Cancel)).Engaged);
        Assert.Null((await _trust.KillSwitch.SetAsync(false, Asked.Ana, null, Key, Cancel)).Refusal);
        Assert.False((await _trust.KillSwitch.ReadAsync(Cancel)).Engaged);
    }

    [Fact]
    public async Task A_stop_that_a_crash_kept_out_of_the_ledger_is_put_there_by_the_next_reader()
    {
        await _trust.KillSwitch.SetAsync(true, Asked.Bo, null, Key, Cancel);
        using var after = new TrustRoom(_trust.Clock, _policy, _trust.Keys, _trust.Store);
        Assert.True((await after.KillSwitch.ReadAsync(Cancel)).Engaged);
        Assert.Equal(
            (Asked.Bo, Key),
            (Assert.Single(after.Ledger.Entries).Actor, (string)after.Ledger.Entries[0].Body["proof"]!)
        );
    }

    public void Dispose() => _trust.Dispose();
}
