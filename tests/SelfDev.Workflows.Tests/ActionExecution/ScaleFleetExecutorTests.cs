using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Tests.Approval;

namespace SelfDev.Workflows.Tests.ActionExecution;

public sealed class ScaleFleetExecutorTests : IDisposable
{
    private readonly ScriptedFleet _fleet = new();
    private readonly TrustRoom _trust = new(new FakeClock(Asked.Now), new FixedPolicySource(Asked.Policy));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Hash => PlanHash.Of(Asked.Plan);

    [Theory]
    [InlineData(3, "ND96", "0x2")]
    [InlineData(5, "ND96", "0x1")]
    [InlineData(3, "ND40", "0x1")]
    public async Task A_set_that_is_not_as_approved_is_left_alone(int capacity, string sku, string etag)
    {
        _fleet.State = _fleet.State with { Capacity = capacity, Sku = sku, ETag = etag };
        var start = await StartAsync();
        Assert.Equal(EffectStartKind.Drifted, start.Kind);
        Assert.Empty(_fleet.Writes);
        Assert.False(await _trust.Intents.IsSetAsync(Hash, Cancel));
    }

    [Fact]
    public async Task What_somebody_else_brought_there_is_said_so()
    {
        _fleet.State = _fleet.State with { Capacity = 4 };
        Assert.Equal(EffectStartKind.AlreadyThere, (await StartAsync()).Kind);
        Assert.Empty(_fleet.Writes);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public async Task With_our_mark_a_changed_set_is_our_own_doing_and_is_observed(int capacity)
    {
        await _trust.Intents.SetAsync(Hash, Cancel);
        _fleet.State = _fleet.State with { Capacity = capacity, ETag = "0x9" };
        Assert.Equal(EffectStartKind.Started, (await StartAsync()).Kind);
        Assert.Empty(_fleet.Writes);
    }

    [Fact]
    public async Task The_mark_is_set_before_ARM_is_asked()
    {
        Assert.Equal(EffectStartKind.Started, (await StartAsync()).Kind);
        Assert.True(await _trust.Intents.IsSetAsync(Hash, Cancel));
        Assert.Equal([$"{Asked.FleetId}=4"], _fleet.Writes);
        Assert.Equal([$"intents/{Hash}/000001"], _trust.Store.Names);
    }

    [Fact]
    public async Task A_mark_is_set_once_and_a_forged_one_is_none()
    {
        _trust.Store.Forge($"intents/{Hash}/000001", "{\"number\":1,\"value\":{\"setAt\":\"2026-01-01T00:00:00Z\"}}"u8);
        Assert.False(await _trust.Intents.IsSetAsync(Hash, Cancel));
        var (first, wasSet) = await _trust.Intents.SetAsync(Hash, Cancel);
        var (second, wasSetNow) = await _trust.Intents.SetAsync(Hash, Cancel);
        Assert.Equal((Asked.Now, false, Asked.Now, true), (first, wasSet, second, wasSetNow));
        Assert.False(await _trust.Intents.IsSetAsync(new string('a', 64), Cancel));
    }

    [Theory]
    [InlineData(OperationStartKind.Throttled, EffectStartKind.Throttled)]
    [InlineData(OperationStartKind.Refused, EffectStartKind.Refused)]
    public async Task Where_ARM_began_nothing_a_change_that_others_make_then_is_theirs(
        OperationStartKind answer,
        EffectStartKind kind
    )
    {
        _fleet.Refusal = answer;
        Assert.Equal(kind, (await StartAsync()).Kind);
        Assert.False(await _trust.Intents.IsSetAsync(Hash, Cancel));
        _fleet.State = _fleet.State with { Capacity = 5, ETag = "0x9" };
        Assert.Equal(EffectStartKind.Drifted, (await StartAsync()).Kind);
        Assert.Empty(_fleet.Writes);
    }

    [Fact]
    public async Task After_a_pause_it_is_marked_anew_and_done_once()
    {
        _fleet.Refusal = OperationStartKind.Throttled;
        await StartAsync();
        Assert.Equal(EffectStartKind.Started, (await StartAsync()).Kind);
        Assert.True(await _trust.Intents.IsSetAsync(Hash, Cancel));
        Assert.Equal(EffectStartKind.Started, (await StartAsync()).Kind);
        Assert.Equal([$"{Asked.FleetId}=4"], _fleet.Writes);
    }

    [Fact]
    public async Task A_conflict_leaves_the_mark_for_it_may_be_told_of_our_own_change()
    {
        _fleet.Refusal = OperationStartKind.Drifted;
        Assert.Equal(EffectStartKind.Drifted, (await StartAsync()).Kind);
        Assert.True(await _trust.Intents.IsSetAsync(Hash, Cancel));
    }

    [Fact]
    public async Task A_mark_of_an_earlier_call_stays_when_a_later_one_is_refused()
    {
        await _trust.Intents.SetAsync(Hash, Cancel);
        _fleet.Refusal = OperationStartKind.Throttled;
        await StartAsync();
        Assert.True(await _trust.Intents.IsSetAsync(Hash, Cancel));
    }

    public void Dispose() => _trust.Dispose();

    private Task<EffectStart> StartAsync() =>
        new ScaleFleetExecutor(_fleet, _trust.Intents).StartAsync(Asked.Plan, Hash, Cancel);
}
