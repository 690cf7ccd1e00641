using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>A region whose ARM is down, and a fleet that has a scale set in another one.</summary>
public class RegionOutageTests
{
    private const string Prefix =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/";

    private static readonly PolicyScaleSet West = new(Prefix + "west", 2, 20, 10);
    private static readonly PolicyScaleSet East = new(Prefix + "east", 0, 20, 10);

    private readonly VirtualTime _time = new(new Random(1));
    private readonly FaultyFleet _fleet;
    private readonly DecideFleet _decide;
    private readonly FleetSamples _samples;

    public RegionOutageTests()
    {
        var store = new SimulatedStore(_time);
        _samples = new FleetSamples(store);
        _fleet = new FaultyFleet(_time, new Random(1), [(West, 4), (East, 2)]);
        var fleet = new PolicyFleet("chat", West.ResourceId, West.MinCapacity, West.MaxCapacity, [])
        {
            HourlyPrice = West.HourlyPrice,
            Alternatives = [East],
            Scaling = new FleetScalingRules
            {
                Interval = TimeSpan.FromMinutes(1),
                Envelope = new EmergencyEnvelope(2, 30, DateTimeOffset.MaxValue),
            },
        };
        var policy = new FixedPolicySource(
            new ApprovalPolicy(true, [], new Dictionary<string, PolicyFleet> { ["chat"] = fleet })
        );
        var trust = new TrustRoom(_time, policy, store: new ArtifactTrustStore(store));
        _decide = new DecideFleet(
            policy,
            trust.KillSwitch,
            _fleet,
            _samples,
            new OneEach(),
            new SimulatedClient(_ => { }),
            trust.FleetPlans,
            _time
        );
    }

    [Fact]
    public async Task The_other_region_grows_for_both()
    {
        await SampleAsync(requestsASecond: 9);
        _fleet.Sets[0].GoDark(TimeSpan.FromHours(1));

        var decision = await LookAsync(lastSeen: [new SeenScaleSet(West.ResourceId, "sku", 4, 0, 4)]);

        var plan = Assert.Single(decision.Plans);
        Assert.Equal(
            (East.ResourceId, 5),
            (
                plan.Resource,
                int.Parse(plan.To[ApprovalPolicy.CapacityField], System.Globalization.CultureInfo.InvariantCulture)
            )
        );
        Assert.Contains("ARM does not show west (ServiceUnavailable)", decision.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_taken_from_the_other_region()
    {
        await SampleAsync(requestsASecond: 3);
        _fleet.Sets[0].GoDark(TimeSpan.FromHours(1));

        var decision = await LookAsync(lastSeen: [new SeenScaleSet(West.ResourceId, "sku", 4, 0, 4)]);

        Assert.Equal((FleetDecisionKind.Hold, 6), (decision.Kind, decision.Wanted));
    }

    [Fact]
    public async Task A_region_that_was_never_seen_holds_the_fleet()
    {
        await SampleAsync(requestsASecond: 9);
        _fleet.Sets[0].GoDark(TimeSpan.FromHours(1));

        await Assert.ThrowsAsync<FleetException>(() => LookAsync(lastSeen: []));
    }

    private Task SampleAsync(long requestsASecond) =>
        _samples.AddAsync(
            "chat",
            new FleetSample
            {
                Time = _time.GetUtcNow(),
                Seconds = 10,
                Requests = 10 * requestsASecond,
                PrefillTokens = 1,
                Completions = 1,
                OutputTokens = 1,
                Queue = 0,
            },
            TestContext.Current.CancellationToken
        );

    private Task<FleetDecision> LookAsync(IReadOnlyList<SeenScaleSet> lastSeen) =>
        _decide.RunAsync(
            new DecideFleetInput(
                "chat",
                "fleet-chat",
                0,
                [],
                [],
                [],
                null,
                0,
                lastSeen,
                [],
                [],
                IsDrainPaused: false,
                IsProtectionPaused: false
            ),
            new ActivityContext("fleet-chat", "DecideFleet", TestContext.Current.CancellationToken)
        );
}
