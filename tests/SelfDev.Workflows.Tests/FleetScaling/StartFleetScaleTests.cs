using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.ActionExecution;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.FleetScaling;
using SelfDev.Workflows.Tests.ActionExecution;
using SelfDev.Workflows.Tests.Approval;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>What a history says of a budget or an envelope counts for nothing where the policy of now has none.</summary>
public sealed class StartFleetScaleTests : IDisposable
{
    private const string Unasked = "without approval any more";

    private readonly FakeClock _clock = new(Asked.Now);
    private readonly FixedPolicySource _policy = new(Asked.Policy);
    private readonly ScriptedFleet _fleet = new();
    private readonly TrustRoom _trust;

    public StartFleetScaleTests() => _trust = new TrustRoom(_clock, _policy);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_fleet_without_scaling_in_the_policy_is_left_alone(bool isBudget)
    {
        var start = await RunAsync(isBudget);

        Assert.Equal(EffectStartKind.Refused, start.Kind);
        Assert.Contains(Unasked, start.Message, StringComparison.Ordinal);
        Assert.Empty(_fleet.Writes);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData(900, false)]
    public async Task A_budget_lets_a_fleet_shrink_only_where_the_policy_of_now_has_one(int? usdPerDay, bool expected)
    {
        var fleet = Asked.Policy.Fleets["gpu-train"] with { Scaling = new FleetScalingRules { UsdPerDay = usdPerDay } };
        _policy.Policy = Asked.Policy with { Fleets = new Dictionary<string, PolicyFleet> { ["gpu-train"] = fleet } };

        var start = await RunAsync(isBudget: true);

        Assert.Equal(expected, start.Message?.Contains(Unasked, StringComparison.Ordinal) == true);
    }

    public void Dispose() => _trust.Dispose();

    private Task<EffectStart> RunAsync(bool isBudget)
    {
        var plan = Asked.Plan with { To = new Dictionary<string, string> { ["capacity"] = "2", ["sku"] = "ND96" } };
        return new StartFleetScale(_policy, _trust.KillSwitch, _fleet, _trust.Intents, _clock).RunAsync(
            new StartFleetScaleInput("gpu-train", plan, isBudget, [], []),
            new ActivityContext("fleet", "key", TestContext.Current.CancellationToken));
    }
}
