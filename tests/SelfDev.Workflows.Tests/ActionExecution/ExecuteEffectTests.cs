using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
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

/// <summary>What the code that acts checks again, whatever was checked before it.</summary>
public sealed class ExecuteEffectTests : IDisposable
{
    private readonly FakeClock _clock = new(Asked.Now.AddMinutes(1));
    private readonly FixedPolicySource _policy = new(Asked.Policy);
    private readonly ScriptedFleet _fleet = new();
    private readonly TrustRoom _trust;
    private readonly ExecuteEffect _execute;

    public ExecuteEffectTests()
    {
        _trust = new TrustRoom(_clock, _policy);
        _execute = Execute(_trust.Requests, new RulesAnalyst());
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_approved_effect_is_started_once()
    {
        var request = await ApprovedAsync();
        Assert.Equal(EffectStartKind.Started, (await RunAsync(request)).Kind);
        Assert.Equal([$"{Asked.FleetId}=4"], _fleet.Writes);
        // A second call, as after a crash, finds the first one's doing.
        Assert.Equal(EffectStartKind.Started, (await RunAsync(request)).Kind);
        Assert.Single(_fleet.Writes);
    }

    [Fact]
    public async Task Without_a_request_nothing_happens() =>
        AssertRefused(
            "not the one that was approved",
            await _execute.RunAsync(new EffectReference(new string('a', 64)), Context())
        );

    [Fact]
    public async Task An_edited_request_is_not_carried_out()
    {
        var request = await ApprovedAsync();
        var name = $"requests/{request.PlanHash}/000001";
        var stored = System.Text.Encoding.UTF8.GetString((await _trust.Store.ReadAsync(name, Cancel))!);
        _trust.Store.Forge(
            name,
            System.Text.Encoding.UTF8.GetBytes(stored.Replace("98 USD", "1 USD", StringComparison.Ordinal))
        );
        AssertRefused("not the one that was approved", await RunAsync(request, afterRestart: true));
        Assert.Contains(_trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Tampering);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public async Task Too_few_decisions_approve_nothing(int quorum, int approvals)
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(quorum: quorum), Cancel);
        foreach (var person in new[] { Asked.Ana, Asked.Bo }.Take(approvals))
        {
            await _trust.Decisions.RecordAsync(request, Asked.Approve(request, person), Cancel);
        }

        AssertRefused("do not approve the plan", await RunAsync(request));
    }

    [Fact]
    public async Task A_rejection_stops_it()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(quorum: 2), Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Bo, DecisionKind.Reject), Cancel);
        AssertRefused("do not approve the plan", await RunAsync(request));
    }

    [Fact]
    public async Task Forged_decisions_approve_nothing()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(quorum: 2), Cancel);
        foreach (var number in new[] { 1, 2 })
        {
            _trust.Store.Forge(
                $"decisions/{request.PlanHash}/{number:000000}",
                "{\"approver\":\"ghost@example.com\"}"u8
            );
        }

        AssertRefused("do not approve the plan", await RunAsync(request));
        Assert.Equal(2, _trust.Ledger.Entries.Count(entry => entry.Type == LedgerEntryTypes.Tampering));
    }

    [Fact]
    public async Task Decisions_of_which_one_is_missing_approve_nothing()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(quorum: 2), Cancel);
        foreach (var person in new[] { Asked.Ana, Asked.Bo })
        {
            await _trust.Decisions.RecordAsync(request, Asked.Approve(request, person), Cancel);
        }

        Assert.Equal(
            ApprovalState.Approved,
            (await _trust.Decisions.ReadAsync(request, Cancel)).StateUnder(request.Terms())
        );
        _trust.Store.Remove($"decisions/{request.PlanHash}/000001");
        AssertRefused("not whole", await RunAsync(request));
    }

    [Fact]
    public async Task At_its_expiry_a_plan_is_dead()
    {
        var request = await ApprovedAsync();
        _clock.SetUtcNow(request.Plan.ExpiresAt);
        AssertRefused("expired before it could be carried out", await RunAsync(request));
    }

    [Fact]
    public async Task Just_before_its_expiry_it_is_carried_out()
    {
        var request = await ApprovedAsync();
        _clock.SetUtcNow(request.Plan.ExpiresAt.AddTicks(-1));
        Assert.Equal(EffectStartKind.Started, (await RunAsync(request)).Kind);
    }

    [Fact]
    public async Task The_kill_switch_stops_it()
    {
        var request = await ApprovedAsync();
        await _trust.KillSwitch.SetAsync(true, Asked.Cy, "drill", "key:cy", Cancel);
        var start = await RunAsync(request);
        Assert.Equal(
            (EffectStartKind.Stopped, "The kill switch is on (by cy@example.com: drill)."),
            (start.Kind, start.Message)
        );
        Assert.Empty(_fleet.Writes);
    }

    public static TheoryData<string, Func<ApprovalPolicy, ApprovalPolicy>> Stricter =>
        new()
        {
            {
                "by now it takes 1 of bo@example.com, cy@example.com",
                policy => policy with { Rules = [policy.Rules[0] with { Approvers = [Asked.Bo, Asked.Cy] }] }
            },
            {
                "by now it takes 1 of nobody who was asked",
                policy => policy with { Rules = [policy.Rules[0] with { Approvers = ["dan@example.com"] }] }
            },
            { "by now it takes 2 of", policy => policy with { Rules = [policy.Rules[0] with { Quorum = 2 }] } },
            { "switches all actions off", policy => policy with { ActionsEnabled = false } },
            { "No rule of the policy file covers", policy => policy with { Rules = [] } },
            {
                "outside the 0 to 3",
                policy =>
                    policy with
                    {
                        Fleets = new Dictionary<string, PolicyFleet>
                        {
                            ["gpu-train"] = new("gpu-train", Asked.FleetId, 0, 3, []),
                        },
                    }
            },
            { "belongs to no fleet", policy => policy with { Fleets = new Dictionary<string, PolicyFleet>() } },
            {
                "within 00:00:30",
                policy => policy with { Rules = [policy.Rules[0] with { ExpiresAfter = TimeSpan.FromSeconds(30) }] }
            },
        };

    [Theory]
    [MemberData(nameof(Stricter))]
    public async Task A_policy_that_has_become_stricter_counts(string why, Func<ApprovalPolicy, ApprovalPolicy> change)
    {
        var request = await ApprovedAsync(at: Asked.Now.AddSeconds(45));
        _policy.Policy = change(_policy.Policy);
        AssertRefused(why, await RunAsync(request));
    }

    [Fact]
    public async Task A_link_does_not_do_once_the_policy_asks_for_a_sign_in()
    {
        var request = await ApprovedAsync(proof: DecisionProof.Link("n"));
        _policy.Policy = _policy.Policy with { Rules = [_policy.Policy.Rules[0] with { SignIn = true }] };
        AssertRefused(", signed in", await RunAsync(request));
    }

    [Fact]
    public async Task A_looser_policy_changes_nothing()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(quorum: 2), Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        AssertRefused("do not approve the plan", await RunAsync(request));

        _policy.Policy = _policy.Policy with
        {
            Rules = [_policy.Policy.Rules[0] with { Approvers = [Asked.Ana, Asked.Bo, Asked.Cy, "eve@example.com"] }],
        };
        Assert.Equal(
            DecisionRefusal.NotAllowed,
            (await _trust.Decisions.RecordAsync(request, Asked.Approve(request, "eve@example.com"), Cancel))
                .Verdict
                .Refusal
        );
    }

    [Fact]
    public async Task A_model_that_explains_its_own_evaluation_is_asked_after_again()
    {
        var request = await _trust.Requests.WriteAsync(
            Asked.Request() with
            {
                Subject = "evals/step-2000",
                ReportId = "run7",
            },
            Cancel
        );
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        var withModel = Execute(_trust.Requests, new FakeModel("assistant"));
        AssertRefused(
            "by now it takes 2 of",
            await withModel.RunAsync(new EffectReference(request.PlanHash), Context())
        );
        Assert.Equal(EffectStartKind.Started, (await RunAsync(request)).Kind);
    }

    [Fact]
    public async Task What_an_earlier_attempt_started_is_observed_and_not_called_stopped()
    {
        var request = await ApprovedAsync();
        await _trust.Intents.SetAsync(request.PlanHash, Cancel);
        await _trust.KillSwitch.SetAsync(true, Asked.Cy, null, "key:cy", Cancel);
        Assert.Equal(EffectStartKind.Started, (await RunAsync(request)).Kind);
        _policy.Policy = _policy.Policy with { ActionsEnabled = false };
        Assert.Equal(EffectStartKind.Started, (await RunAsync(request)).Kind);
        Assert.Empty(_fleet.Writes);
    }

    [Fact]
    public async Task What_ARM_refuses_for_good_is_refused_and_what_may_pass_is_thrown()
    {
        var request = await ApprovedAsync();
        _fleet.Failure = new FleetException("AuthorizationFailed", "no", isTransient: false);
        AssertRefused("AuthorizationFailed: no", await RunAsync(request));
        _fleet.Failure = new FleetException("ServiceUnavailable", "later", isTransient: true);
        await Assert.ThrowsAsync<FleetException>(() => RunAsync(request));
    }

    public void Dispose() => _trust.Dispose();

    private void AssertRefused(string why, EffectStart start)
    {
        Assert.Equal(EffectStartKind.Refused, start.Kind);
        Assert.Contains(why, start.Message, StringComparison.Ordinal);
        Assert.Empty(_fleet.Writes);
    }

    private async Task<ApprovalRequest> ApprovedAsync(string? proof = null, DateTimeOffset? at = null)
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(), Cancel);
        var ana = Asked.Approve(request, Asked.Ana);
        await _trust.Decisions.RecordAsync(request, ana with { Proof = proof ?? ana.Proof, At = at ?? ana.At }, Cancel);
        return request;
    }

    private async Task<EffectStart> RunAsync(ApprovalRequest request, bool afterRestart = false)
    {
        var execute = afterRestart ? Execute(_trust.FreshRequests(), new RulesAnalyst()) : _execute;
        return await execute.RunAsync(new EffectReference(request.PlanHash), Context());
    }

    private ExecuteEffect Execute(ApprovalRequests requests, IAnalyst analyst)
    {
        var store = new InMemoryArtifactStore();
        var gate = new SelfAnalysisGate(new Explanations(store), new CheckpointManifests(store), analyst);
        return new ExecuteEffect(
            requests,
            _trust.Decisions,
            _policy,
            gate,
            _trust.KillSwitch,
            [new ScaleFleetExecutor(_fleet, _trust.Intents)],
            _trust.Intents,
            _clock
        );
    }

    private static ActivityContext Context() => new("run7", "key", Cancel);
}
