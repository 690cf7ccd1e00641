using System.Text.Json;
using SelfDev.Core.Approvals;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Scaling;
using SelfDev.Workflows.Scaling.Change;
using SelfDev.Workflows.Scaling.Model;
using SelfDev.Workflows.Tests.ActionExecution;
using SelfDev.Workflows.Tests.Approval;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>What a history says of a budget or an envelope counts for nothing where the policy of now has
/// none.</summary>
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

    [Fact]
    public async Task A_plan_that_a_look_made_is_carried_out_after_it_has_been_through_a_history()
    {
        Allow();
        var input = JsonSerializer.Deserialize<StartFleetScaleInput>(
            JsonSerializer.Serialize(Sealed(isBudget: false), ReportJson.Options),
            ReportJson.Options
        )!;

        Assert.Equal(EffectStartKind.Started, (await RunAsync(input)).Kind);
        Assert.Equal([$"{Asked.FleetId}=2"], _fleet.Writes);
    }

    [Fact]
    public async Task A_plan_that_only_a_history_says_is_not_carried_out_and_is_reported()
    {
        Allow();
        var genuine = Sealed(isBudget: false);
        StartFleetScaleInput[] forged =
        [
            genuine with
            {
                Seal = null,
            },
            genuine with
            {
                Seal = "selfdev-seal/1 k1 AAAA",
            },
            genuine with
            {
                Fleet = "other",
            },
            genuine with
            {
                Plan = genuine.Plan with
                {
                    To = new Dictionary<string, string> { ["capacity"] = "1", ["sku"] = "ND96" },
                },
            },
            genuine with
            {
                Plan = genuine.Plan with { ExpiresAt = DateTimeOffset.MaxValue },
            },
            genuine with
            {
                IsBudget = true,
            },
            genuine with
            {
                Protected = [new ProtectedInstance(Asked.FleetId, "node0")],
            },
            genuine with
            {
                Unreadable = [new SeenScaleSet(Asked.FleetId, "ND96", 9, 0, 9)],
            },
        ];
        foreach (var input in forged)
        {
            var start = await RunAsync(input);
            Assert.Equal((EffectStartKind.Refused, FleetPlanSeals.NotOurs), (start.Kind, start.Message));
        }

        Assert.Empty(_fleet.Writes);
        Assert.Contains(_trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Tampering);
    }

    [Fact]
    public async Task A_question_that_only_a_history_says_is_not_asked()
    {
        var seen = new FleetDecision(FleetDecisionKind.Ask, TimeSpan.FromMinutes(1), 3, 9, "More is needed.")
        {
            Changes = [new ScaleSetChange(Asked.FleetId, 3, 9)],
            UsdPerHour = 1.50m,
        };
        var genuine = _trust.FleetPlans.Seal("gpu-train", seen);
        genuine = JsonSerializer.Deserialize<FleetDecision>(
            JsonSerializer.Serialize(genuine, ReportJson.Options),
            ReportJson.Options
        )!;

        Assert.True(await _trust.FleetPlans.IsGenuineAsync("gpu-train", genuine, CancellationToken.None));
        Assert.False(await _trust.FleetPlans.IsGenuineAsync("other", genuine, CancellationToken.None));
        Assert.False(
            await _trust.FleetPlans.IsGenuineAsync(
                "gpu-train",
                genuine with
                {
                    Reason = "Bo says so.",
                },
                CancellationToken.None
            )
        );
        Assert.False(
            await _trust.FleetPlans.IsGenuineAsync(
                "gpu-train",
                genuine with
                {
                    Changes = [new ScaleSetChange(Asked.FleetId, 3, 90)],
                },
                CancellationToken.None
            )
        );

        // Nothing of what it would need to ask is there: it must not come to that.
        var ask = new AskAboutFleet(null!, null!, _policy, null!, null!, _trust.FleetPlans, _clock);
        var input = new AskAboutFleetInput(
            "gpu-train",
            "fleet-1",
            genuine with
            {
                Wanted = 90,
            },
            Asked.Now,
            new PlanScores(5, 0)
        );
        Assert.Empty(
            await ask.RunAsync(input, new ActivityContext("fleet", "key", TestContext.Current.CancellationToken))
        );
    }

    [Fact]
    public async Task A_protection_that_only_a_history_says_is_not_carried_out()
    {
        Allow();
        var plan = Asked.Plan with
        {
            Action = "protect-instance",
            From = ProtectionPlan.Fields("node0", false),
            To = ProtectionPlan.Fields("node0", true),
        };
        var protect = new ProtectInstance(
            _policy,
            _trust.KillSwitch,
            _fleet,
            _trust.Intents,
            _trust.FleetPlans,
            _clock
        );

        var start = await protect.RunAsync(
            new ProtectInstanceInput("gpu-train", plan, IsPoll: false, Sealed(isBudget: false).Seal),
            new ActivityContext("fleet", "key", TestContext.Current.CancellationToken)
        );

        Assert.Equal((EffectStartKind.Refused, FleetPlanSeals.NotOurs), (start.Kind, start.Message));
    }

    public void Dispose() => _trust.Dispose();

    private void Allow()
    {
        var scaling = new FleetScalingRules { Envelope = new EmergencyEnvelope(1, 9, DateTimeOffset.MaxValue) };
        var fleet = Asked.Policy.Fleets["gpu-train"] with { Scaling = scaling };
        _policy.Policy = Asked.Policy with { Fleets = new Dictionary<string, PolicyFleet> { ["gpu-train"] = fleet } };
    }

    private Task<EffectStart> RunAsync(bool isBudget) => RunAsync(Sealed(isBudget));

    private StartFleetScaleInput Sealed(bool isBudget)
    {
        var plan = Asked.Plan with
        {
            To = new Dictionary<string, string> { ["capacity"] = "2", ["sku"] = "ND96" },
        };
        var decision = _trust.FleetPlans.Seal(
            "gpu-train",
            new FleetDecision(FleetDecisionKind.ScaleNow, TimeSpan.FromMinutes(1), 3, 2, "")
            {
                Plans = [plan],
                IsBudget = isBudget,
            }
        );
        return new StartFleetScaleInput("gpu-train", plan, isBudget, [], [], decision.SealOf(plan));
    }

    private Task<EffectStart> RunAsync(StartFleetScaleInput input) =>
        new StartFleetScale(_policy, _trust.KillSwitch, _fleet, _trust.Intents, _trust.FleetPlans, _clock).RunAsync(
            input,
            new ActivityContext("fleet", "key", TestContext.Current.CancellationToken)
        );
}
