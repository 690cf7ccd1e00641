using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Testing;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Tests.Approval;

namespace SelfDev.Workflows.Tests.ActionExecution;

/// <summary>What is said to have happened is what is there, whatever the operation said of itself.</summary>
public sealed class ObserveEffectTests : IDisposable
{
    private readonly InMemoryArtifactStore _store = new();
    private readonly TrustRoom _trust = new(new FakeClock(Asked.Now), new FixedPolicySource(Asked.Policy));
    private readonly ScriptedExecutor _executor = new(ActionCarrier.ScaleSet);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _trust.Dispose();

    // Three instances were there, four were approved.
    [Theory]
    [InlineData(EffectOutcome.Applied, "4", EffectOutcome.Applied, "capacity 3 -> 4, sku ND96")]
    [InlineData(EffectOutcome.Applied, "5", EffectOutcome.PartlyApplied, "it said")]
    [InlineData(EffectOutcome.Applied, "3", EffectOutcome.PartlyApplied, "it said")]
    [InlineData(EffectOutcome.Failed, "4", EffectOutcome.Applied, "capacity 3 -> 4, sku ND96")]
    [InlineData(EffectOutcome.Failed, "3", EffectOutcome.Failed, "it said")]
    [InlineData(EffectOutcome.Failed, "5", EffectOutcome.PartlyApplied, "it said")]
    [InlineData(EffectOutcome.TimedOut, "4", EffectOutcome.Applied, "capacity 3 -> 4, sku ND96")]
    [InlineData(EffectOutcome.TimedOut, "3", EffectOutcome.TimedOut, "it said")]
    [InlineData(EffectOutcome.TimedOut, "5", EffectOutcome.PartlyApplied, "it said")]
    public async Task An_outcome_is_judged_by_what_is_there(
        EffectOutcome said,
        string capacity,
        EffectOutcome expected,
        string detail
    )
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(), Cancel);
        _executor.Seen = new Dictionary<string, string> { ["sku"] = "ND96", ["capacity"] = capacity };

        var effect = await RunAsync(request, said, Asked.Plan.From);

        Assert.Equal(
            (expected, detail, capacity, "3"),
            (effect.Outcome, effect.Detail, effect.After["capacity"], effect.Before["capacity"])
        );
        Assert.Equal(
            (Asked.Plan.Action, Asked.FleetId, Asked.Now, Asked.Now.AddMinutes(5)),
            (effect.Action, effect.Resource, effect.StartedAt, effect.FinishedAt)
        );
        var round = Assert.Single((await StoryAsync())!.Rounds);
        Assert.Equal((expected, request.PlanHash), (round.Effect!.Outcome, round.PlanHash));
    }

    [Theory]
    [InlineData(EffectOutcome.AlreadyThere)]
    [InlineData(EffectOutcome.NotApproved)]
    [InlineData(EffectOutcome.RefusedDrift)]
    [InlineData(EffectOutcome.RefusedKillSwitch)]
    [InlineData(EffectOutcome.Refused)]
    public async Task Where_nothing_was_done_nothing_is_looked_at(EffectOutcome said)
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(), Cancel);
        var effect = await RunAsync(request, said, null);
        Assert.Equal((said, "it said", 0), (effect.Outcome, effect.Detail, _executor.Looks));
        Assert.Equal(Asked.Plan.From, effect.Before);
        Assert.Equal(Asked.Plan.From, effect.After);
    }

    [Fact]
    public async Task What_was_read_right_before_counts_before_what_was_planned_from()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(), Cancel);
        _executor.Seen = Asked.Plan.To;
        var before = new Dictionary<string, string> { ["capacity"] = "2", ["priority"] = "Spot" };
        Assert.Equal("capacity 2 -> 4, sku ND96", (await RunAsync(request, EffectOutcome.Applied, before)).Detail);
        Assert.Equal(
            Asked.Plan.From,
            (await RunAsync(request, EffectOutcome.Applied, new Dictionary<string, string>())).Before
        );
    }

    [Fact]
    public async Task The_decisions_of_the_trust_store_are_told_with_it()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(), Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Bo), Cancel);
        await RunAsync(request, EffectOutcome.Refused, null);
        Assert.Equal(
            [Asked.Bo],
            Assert.Single((await StoryAsync())!.Rounds).Decisions.Select(decision => decision.Approver)
        );
    }

    [Fact]
    public async Task An_obstacle_is_recorded_without_a_plan_and_other_rounds_stay()
    {
        var proposal = Asked.Request().Proposal;
        await _store.WriteJsonAsync(
            Containers.Evidence,
            DiagnosisBlobs.Action("run7", 1),
            new StoredAction(
                1,
                proposal,
                [
                    new StoredActionRound(1, null, new string('b', 64), "no quota", [], null),
                    new StoredActionRound(2, null, new string('c', 64), "later", [], null),
                ]
            ),
            Cancel
        );

        var effect = await RunAsync(Asked.Request(), EffectOutcome.Refused, null);

        Assert.Equal(
            (EffectOutcome.Refused, "", "", "it said", 0),
            (effect.Outcome, effect.Action, effect.Resource, effect.Detail, effect.After.Count)
        );
        var rounds = (await StoryAsync())!.Rounds;
        Assert.Equal(
            [(1, "no quota", true), (2, "later", false)],
            rounds.Select(round => (round.Round, round.Obstacle!, round.Effect is not null))
        );
    }

    [Fact]
    public async Task Where_nobody_knows_the_request_the_outcome_stands_alone_and_no_story_is_made_up()
    {
        var effect = await RunAsync(Asked.Request(), EffectOutcome.Applied, Asked.Plan.From);
        Assert.Equal((EffectOutcome.Applied, "", 0), (effect.Outcome, effect.Resource, _executor.Looks));
        Assert.Null(await StoryAsync());
    }

    private Task<StoredAction?> StoryAsync() =>
        _store.TryReadGenuineJsonAsync<StoredAction>(Containers.Evidence, DiagnosisBlobs.Action("run7", 1), Cancel);

    private Task<Effect> RunAsync(
        ApprovalRequest request,
        EffectOutcome said,
        IReadOnlyDictionary<string, string>? before
    ) =>
        new ObserveEffect(
            _store,
            _trust.Requests,
            _trust.Decisions,
            [new ScriptedExecutor(ActionCarrier.Command), _executor]
        ).RunAsync(
            new ObserveInput(
                "run7",
                1,
                1,
                request.PlanHash,
                said,
                before,
                Asked.Now,
                Asked.Now.AddMinutes(5),
                "it said"
            ),
            new ActivityContext("run7:action:1", "key", Cancel)
        );
}
