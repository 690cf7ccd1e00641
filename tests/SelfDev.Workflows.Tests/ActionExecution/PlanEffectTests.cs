using SelfDev.Core.Approvals;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Testing;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Tests.Analysts;
using SelfDev.Workflows.Tests.Approval;

namespace SelfDev.Workflows.Tests.ActionExecution;

/// <summary>What becomes of a proposal: one exact request that people see, or an obstacle that wakes nobody.</summary>
public sealed class PlanEffectTests : IDisposable
{
    private const string Second = Asked.FleetId + "-spot";
    private static readonly PlanEffectInput Input = new("run7", 1, "run7:action:1", 2, Asked.Now);

    private readonly InMemoryArtifactStore _store = new();
    private readonly FixedPolicySource _policy = new(Asked.Policy);
    private readonly TrustRoom _trust;
    private readonly ScriptedExecutor _executor = new(ActionCarrier.ScaleSet) { Plans = _ => Planned };

    public PlanEffectTests() => _trust = new TrustRoom(new FakeClock(Asked.Now), _policy);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static PlannedEffect Planned => new(Asked.FleetId, Asked.Plan.From, Asked.Plan.To, "0x1");

    public void Dispose() => _trust.Dispose();

    [Fact]
    public async Task A_plan_is_filed_with_all_that_people_need_and_nothing_of_other_findings()
    {
        _policy.Policy = Asked.Policy with
        {
            Rules = [Asked.Policy.Rules[0] with { Quorum = 2, RemindEvery = TimeSpan.FromMinutes(10) }],
        };
        var outcome = await RunAsync(Proposal("F2"));

        Assert.Null(outcome.Obstacle);
        Assert.Equal((ScaleFleet.KindName, Asked.FleetId, "0x1"), (outcome.Action, outcome.Resource, outcome.ETag));
        Assert.Equal(
            (Asked.Now.AddHours(1), TimeSpan.FromMinutes(10), 2),
            (outcome.ExpiresAt, outcome.ReminderInterval, outcome.Quorum)
        );
        Assert.Equal([Asked.Ana, Asked.Bo, Asked.Cy], outcome.Approvers);
        var request = (await _trust.Requests.ReadAsync(outcome.PlanHash, Cancel))!;
        Assert.Equal(
            ("selfdev", "run7:action:1", Asked.Now.AddHours(1)),
            (request.Plan.Proposer, request.Plan.InstanceId, request.Plan.ExpiresAt)
        );
        Assert.Equal([$"sha256:{new string('a', 64)}#F2"], request.Plan.Evidence);
        Assert.Equal(["F2"], request.Findings.Select(finding => finding.Id));
        Assert.Equal(
            (2, 2, "run7", "training/run7", Asked.Now),
            (request.Round, request.ExplanationGroup!.Value, request.ReportId, request.Subject, request.RequestedAt)
        );
        Assert.Equal(
            SelfDev.Workflows.Actions.ActionExecution.ApprovalInstanceId("run7:action:1", 2),
            request.ApprovalInstanceId
        );
        var round = Assert.Single((await StoryAsync())!.Rounds);
        Assert.Equal(
            (2, outcome.PlanHash, null, Asked.FleetId),
            (round.Round, round.PlanHash, round.Obstacle, round.Plan!.Resource)
        );
    }

    [Fact]
    public async Task Without_reminders_the_time_until_expiry_is_one_and_a_finding_of_no_group_has_no_explanation()
    {
        var outcome = await RunAsync(Proposal("F3"));
        Assert.Equal(TimeSpan.FromHours(1), outcome.ReminderInterval);
        Assert.Null((await _trust.Requests.ReadAsync(outcome.PlanHash, Cancel))!.ExplanationGroup);
        var first = await RunAsync(Proposal("F1"));
        Assert.Equal(1, (await _trust.Requests.ReadAsync(first.PlanHash, Cancel))!.ExplanationGroup);
    }

    [Theory]
    [InlineData(null, "1 instance more at 98.32 USD an hour: 98.32 USD an hour more, 393.28 USD in all.")]
    [InlineData("nothing", "nothing")]
    public async Task The_policys_price_is_the_cost_where_the_proposal_says_none(string? cost, string expected)
    {
        var fleet = Asked.Policy.Fleets["gpu-train"] with { HourlyPrice = 98.32m };
        _policy.Policy = Asked.Policy with { Fleets = new Dictionary<string, PolicyFleet> { ["gpu-train"] = fleet } };
        var outcome = await RunAsync(Proposal("F1") with { Cost = cost });
        Assert.Equal(expected, (await _trust.Requests.ReadAsync(outcome.PlanHash, Cancel))!.Proposal.Cost);
    }

    [Fact]
    public async Task Whoever_dropped_the_artifact_proposes_and_is_not_asked()
    {
        var outcome = await RunAsync(Proposal("F1"), droppedBy: Asked.Ana);
        Assert.Equal([Asked.Bo, Asked.Cy], outcome.Approvers);
        Assert.Equal(Asked.Ana, (await _trust.Requests.ReadAsync(outcome.PlanHash, Cancel))!.Plan.Proposer);
    }

    // The activity is called again after a crash; people were asked under the policy of the first time.
    [Fact]
    public async Task A_request_that_stands_already_is_the_one_that_is_told_of()
    {
        var first = await RunAsync(Proposal("F1"));
        _policy.Policy = Asked.Policy with
        {
            Rules = [Asked.Policy.Rules[0] with { Quorum = 3, RemindEvery = TimeSpan.FromMinutes(1) }],
        };
        var again = await RunAsync(Proposal("F1"));
        Assert.Equal(
            (first.PlanHash, 1, TimeSpan.FromHours(1)),
            (again.PlanHash, again.Quorum, again.ReminderInterval)
        );
    }

    [Fact]
    public async Task A_model_that_explains_its_own_evaluation_takes_a_second_person()
    {
        var outcome = await RunAsync(
            Proposal("F1") with
            {
                Action = new ScaleFleet(4) { Fleet = "gpu-train" },
            },
            subject: "evals/step-2",
            analyst: new FakeModel()
        );
        Assert.Equal(2, outcome.Quorum);
        Assert.Contains(
            "second person",
            (await _trust.Requests.ReadAsync(outcome.PlanHash, Cancel))!.Requirement.Because,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_stands_in_the_way_is_told_and_nobody_is_asked()
    {
        _executor.Plans = _ => PlannedEffect.Impossible("no such node");
        await RefusedAsync("no such node", Proposal("F1"));
        _executor.Plans = _ => throw new FleetException("Quota", "No more.", isTransient: false);
        await RefusedAsync("Quota: No more.", Proposal("F1"));
        _executor.Plans = _ => Planned with { To = new Dictionary<string, string> { ["capacity"] = "9" } };
        await RefusedAsync("Capacity 9 is outside the 0 to 8", Proposal("F1"));

        _executor.Plans = _ => throw new FleetException("Busy", "Later.", isTransient: true);
        await Assert.ThrowsAsync<FleetException>(() => RunAsync(Proposal("F1")));
    }

    [Fact]
    public async Task A_policy_that_cannot_be_read_allows_nothing_and_says_why()
    {
        var outcome = await RunAsync(Proposal("F1"), policies: new BrokenPolicy());
        Assert.Equal("The policy file cannot be used: $.rules: expected a list. $.schema: unknown.", outcome.Obstacle);
        Assert.Empty(_executor.Facts);
        Assert.Empty(_trust.Store.Names);
    }

    // By its name where the action has one, else by what the report is about.
    [Theory]
    [InlineData(null, "training/run7", "gpu-train")]
    [InlineData("chat", "training/run7", "chat")]
    [InlineData("gone", "training/run7", null)]
    [InlineData(null, "serving/x", null)]
    public async Task The_fleet_is_the_one_that_is_named_or_else_the_subjects(
        string? named,
        string subject,
        string? expected
    )
    {
        TwoFleets();
        foreach (
            var action in new ProposedAction[]
            {
                new ScaleFleet(4) { Fleet = named },
                new ReplaceNode(NodeName.TryParse("node0")!.Value, NodeReplacement.Reimage) { Fleet = named },
            }
        )
        {
            await RunAsync(Proposal("F1") with { Action = action }, subject: subject);
            var facts = _executor.Facts[^1];
            Assert.Equal((expected, subject), (facts.Fleet, facts.Subject));
            Assert.Equal(
                expected switch
                {
                    "chat" => [Asked.FleetId + "-chat", Second],
                    "gpu-train" => [Asked.FleetId],
                    _ => [],
                },
                facts.ScaleSets
            );
        }
    }

    [Fact]
    public async Task A_scale_set_that_is_named_is_the_only_one_and_has_to_be_in_the_fleet()
    {
        TwoFleets();
        await RunAsync(
            Proposal("F1") with
            {
                Action = new ScaleFleet(4) { Fleet = "chat", ScaleSet = Second.ToUpperInvariant() },
            }
        );
        Assert.Equal([Second], _executor.Facts[^1].ScaleSets);
        foreach (var fleet in new[] { "gpu-train", "gone" })
        {
            var before = _executor.Facts.Count;
            await RefusedAsync(
                "does not count the scale set",
                Proposal("F1") with
                {
                    Action = new ScaleFleet(4) { Fleet = fleet, ScaleSet = Second },
                }
            );
            Assert.Equal(before, _executor.Facts.Count);
        }
    }

    [Fact]
    public async Task An_action_is_planned_by_whoever_carries_it_out()
    {
        var command = new ScriptedExecutor(ActionCarrier.Command);
        await RunAsync(Proposal("F1"), executors: [command, _executor]);
        Assert.Empty(command.Facts);
        Assert.Single(_executor.Facts);
    }

    private static Proposal Proposal(string finding) => new(new ScaleFleet(4), "why") { FindingIds = [finding] };

    private void TwoFleets() =>
        _policy.Policy = Asked.Policy with
        {
            Fleets = new Dictionary<string, PolicyFleet>(Asked.Policy.Fleets)
            {
                ["chat"] = new("chat", Asked.FleetId + "-chat", 0, 8, [])
                {
                    Alternatives = [new PolicyScaleSet(Second, 0, 4, null)],
                },
            },
        };

    private async Task RefusedAsync(string expected, Proposal proposal)
    {
        var before = _trust.Store.Names;
        var outcome = await RunAsync(proposal);
        Assert.Contains(expected, outcome.Obstacle, StringComparison.Ordinal);
        Assert.Equal((0, 0), (outcome.Quorum, outcome.Approvers.Count));
        Assert.Equal(before, _trust.Store.Names);
        var round = Assert.Single((await StoryAsync())!.Rounds);
        Assert.Equal((null, outcome.Obstacle), (round.Plan, round.Obstacle));
    }

    private Task<StoredAction?> StoryAsync() =>
        _store.TryReadGenuineJsonAsync<StoredAction>(Containers.Evidence, DiagnosisBlobs.Action("run7", 1), Cancel);

    private async Task<PlanOutcome> RunAsync(
        Proposal proposal,
        string subject = "training/run7",
        string? droppedBy = null,
        IAnalyst? analyst = null,
        IApprovalPolicySource? policies = null,
        IReadOnlyList<IEffectExecutor>? executors = null
    )
    {
        var findings = new[] { "F1", "F2", "F3" }
            .Select(id => new Finding
            {
                Id = id,
                Kind = FindingKinds.GpuXid,
                Severity = Severity.Critical,
                Role = FindingRole.Root,
                Title = "A GPU fell off the bus",
                From = new Position(7, null, null),
                To = new Position(7, null, null),
                Evidence = [new Evidence(7, 0, "Xid 79")],
            })
            .ToList();
        var analysis = new Analysis(
            new ArtifactSummary("train.log", "training", "log", 1, 1, 0, new string('a', 64)),
            findings,
            new { },
            new ReportDocument("Run", "It failed.", [])
        );
        await _store.WriteJsonAsync(
            Containers.Evidence,
            DiagnosisBlobs.Analysis("run7"),
            new StoredAnalysis(
                new BlobRef(Containers.Intake, $"{subject}/train.log", null),
                subject,
                droppedBy,
                analysis,
                [
                    ["F1"],
                    ["F2"],
                ],
                [proposal],
                0
            ),
            Cancel
        );
        var gate = new SelfAnalysisGate(
            new Explanations(_store),
            new CheckpointManifests(_store),
            analyst ?? new RulesAnalyst()
        );
        var activity = new PlanEffect(
            _store,
            policies ?? _policy,
            executors ?? [_executor, new ScriptedExecutor(ActionCarrier.Instance, _executor)],
            _trust.Requests,
            gate
        );
        return await activity.RunAsync(Input, new ActivityContext("run7:action:1", "key", Cancel));
    }

    private sealed class BrokenPolicy : IApprovalPolicySource
    {
        public Task<PolicyReading> ReadAsync(CancellationToken cancellation) =>
            Task.FromResult(new PolicyReading(null, ["$.rules: expected a list.", "$.schema: unknown."]));
    }
}
