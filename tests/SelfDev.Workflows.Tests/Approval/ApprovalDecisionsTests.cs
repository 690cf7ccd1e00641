using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Tests.Approval;

public sealed class ApprovalDecisionsTests : IDisposable
{
    private readonly FakeClock _clock = new(Asked.Now);
    private readonly FixedPolicySource _policy = new(Asked.Policy);
    private readonly RecordingWorkflowClient _workflows = new();
    private readonly TrustRoom _trust;
    private readonly ApprovalDecisions _decisions;

    public ApprovalDecisionsTests()
    {
        _trust = new TrustRoom(_clock, _policy);
        _decisions = new ApprovalDecisions(_trust.Requests, _trust.Decisions, _policy, _workflows, _clock);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_plan_that_nobody_asked_about_is_unknown()
    {
        var outcome = await DecideAsync(new string('a', 64));

        Assert.Equal(
            (DecisionResult.Unknown, "There is no such approval, or it is not as it was filed."),
            (outcome.Result, outcome.Message)
        );
    }

    [Fact]
    public async Task A_request_that_no_workflow_waits_for_records_nothing()
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(), Cancel);

        var outcome = await DecideAsync(request.PlanHash);

        Assert.Equal(
            (DecisionResult.Unknown, "No workflow waits for this approval."),
            (outcome.Result, outcome.Message)
        );
        Assert.Empty((await _trust.Decisions.ReadAsync(request, Cancel)).Items);
    }

    [Fact]
    public async Task A_decision_is_recorded_with_its_proof_and_wakes_who_waits()
    {
        var request = await AskedAsync(WorkflowStatus.Running);

        var outcome = await DecideAsync(request.PlanHash, reason: "  looks right ");

        Assert.Equal((DecisionResult.Recorded, ApprovalState.Approved), (outcome.Result, outcome.State));
        var recorded = Assert.Single((await _trust.Decisions.ReadAsync(request, Cancel)).Items);
        Assert.Equal(
            (Asked.Ana, DecisionProof.Key(Asked.Ana), request.Hash(), Asked.Now),
            (recorded.Approver, recorded.Proof, recorded.RequestHash, recorded.At)
        );
        Assert.Equal([$"run7:approval:1 {ApprovalEvents.Decided(request.PlanHash, 1).Name}"], _workflows.Raised);
    }

    [Fact]
    public async Task A_repeated_decision_is_refused_and_wakes_once_more()
    {
        var request = await AskedAsync(WorkflowStatus.Running);
        _workflows.FailRaises(1);
        await Assert.ThrowsAsync<IOException>(() => DecideAsync(request.PlanHash));

        var outcome = await DecideAsync(request.PlanHash);

        Assert.Equal(DecisionResult.Conflict, outcome.Result);
        Assert.Single(_workflows.Raised);
    }

    [Fact]
    public async Task Who_left_the_policy_is_told_so_and_who_was_never_in_it_is_not_asked()
    {
        var request = await AskedAsync(WorkflowStatus.Running);
        _policy.Policy = Asked.Policy with
        {
            Rules = [Asked.Policy.Rules[0] with { Approvers = [Asked.Bo, Asked.Cy] }],
        };

        var left = await DecideAsync(request.PlanHash);
        var stranger = await DecideAsync(request.PlanHash, "mallory@example.com");

        Assert.Equal(DecisionResult.Forbidden, left.Result);
        Assert.Contains("the policy has changed", left.Message, StringComparison.Ordinal);
        Assert.Equal(DecisionResult.Forbidden, stranger.Result);
        Assert.DoesNotContain("the policy has changed", stranger.Message, StringComparison.Ordinal);
        Assert.Empty((await _trust.Decisions.ReadAsync(request, Cancel)).Items);
    }

    [Fact]
    public async Task After_the_workflow_has_ended_there_is_nothing_to_decide()
    {
        var request = await AskedAsync(WorkflowStatus.Terminated);

        var outcome = await DecideAsync(request.PlanHash);

        Assert.Equal((DecisionResult.Conflict, DecisionRefusal.Finished), (outcome.Result, outcome.Refusal!.Value));
        Assert.Empty((await _trust.Decisions.ReadAsync(request, Cancel)).Items);
    }

    // What the workflow ended with says more than that it has ended.
    [Fact]
    public async Task Who_comes_after_the_end_is_told_how_it_ended()
    {
        var request = await AskedAsync(WorkflowStatus.Completed);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Bo), Cancel);

        var outcome = await DecideAsync(request.PlanHash);

        Assert.Equal((DecisionResult.Conflict, ApprovalState.Approved), (outcome.Result, outcome.State!.Value));
        Assert.Contains("it was approved", outcome.Message, StringComparison.Ordinal);
    }

    // Execution looks at the policy again; a file that cannot be read now takes nobody's word away.
    [Fact]
    public async Task Without_a_readable_policy_those_who_were_asked_decide()
    {
        var request = await AskedAsync(WorkflowStatus.Running);
        var missing = new PolicyFile(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N")));
        var decisions = new ApprovalDecisions(_trust.Requests, _trust.Decisions, missing, _workflows, _clock);
        var outcome = await decisions.DecideAsync(
            request.PlanHash,
            DecisionKind.Approve,
            Asked.Ana,
            null,
            DecisionProof.Key(Asked.Ana),
            Cancel
        );
        Assert.Equal(DecisionResult.Recorded, outcome.Result);
    }

    [Fact]
    public async Task At_a_start_every_decision_wakes_who_still_waits_and_nobody_else()
    {
        var request = await AskedAsync(WorkflowStatus.Running, quorum: 2);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Bo), Cancel);

        await _decisions.WakeAllAsync(Cancel);
        Assert.Equal(
            [1, 2],
            _workflows.Raised.Select(
                (raised, index) =>
                    raised == $"run7:approval:1 {ApprovalEvents.Decided(request.PlanHash, index + 1).Name}"
                        ? index + 1
                        : 0
            )
        );

        _workflows.Add(request.ApprovalInstanceId, "Approval", WorkflowStatus.Completed, Asked.Now);
        await _decisions.WakeAllAsync(Cancel);
        Assert.Equal(2, _workflows.Raised.Count);
    }

    [Fact]
    public async Task At_a_start_a_request_without_a_decision_or_past_its_time_wakes_nobody()
    {
        var request = await AskedAsync(WorkflowStatus.Running, quorum: 2);
        await _decisions.WakeAllAsync(Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        _clock.SetUtcNow(request.Plan.ExpiresAt.AddMinutes(1));
        await _decisions.WakeAllAsync(Cancel);

        Assert.Empty(_workflows.Raised);
    }

    public void Dispose() => _trust.Dispose();

    private async Task<ApprovalRequest> AskedAsync(WorkflowStatus status, int quorum = 1)
    {
        var request = await _trust.Requests.WriteAsync(Asked.Request(quorum: quorum), Cancel);
        _workflows.Add(request.ApprovalInstanceId, "Approval", status, Asked.Now);
        return request;
    }

    private Task<DecisionOutcome> DecideAsync(string planHash, string who = Asked.Ana, string? reason = null) =>
        _decisions.DecideAsync(planHash, DecisionKind.Approve, who, reason, DecisionProof.Key(who), Cancel);
}
