using SelfDev.Core.Approvals;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Takes a person's decision: checks that the plan is known, unchanged and waited for, records it, and wakes the workflow. Who the
/// person is has been proved before, by a link's token or by a key.
/// </summary>
public sealed class ApprovalDecisions(ApprovalRequests requests, DecisionStore decisions, IWorkflowClient workflows, TimeProvider clock)
{
    /// <param name="kind">Approve or reject.</param>
    /// <param name="reason">Cut to <see cref="Decision.MaxReasonChars"/>.</param>
    /// <param name="proof">As <see cref="Decision.Proof"/>.</param>
    public async Task<DecisionOutcome> DecideAsync(
        string planHash, DecisionKind kind, string approver, string? reason, string proof, CancellationToken cancellation)
    {
        var stored = await requests.ReadAsync(planHash, cancellation);
        if (stored is null)
        {
            return new DecisionOutcome(DecisionResult.Unknown, null, null, "There is no such approval.");
        }

        var request = stored.Request;
        if (!stored.IsUnchanged)
        {
            return new DecisionOutcome(DecisionResult.Conflict, DecisionRefusal.OtherPlan, null, "The plan was changed after it was proposed: nobody can decide about it.");
        }

        var instance = await workflows.GetAsync(request.ApprovalInstanceId, cancellation);
        if (instance is null)
        {
            return new DecisionOutcome(DecisionResult.Unknown, null, null, "No workflow waits for this approval.");
        }

        var decision = new Decision(planHash, kind, approver, clock.GetUtcNow(), DecisionReason.Cut(reason), proof);
        var before = await decisions.ReadAsync(planHash, cancellation);
        if (instance.IsFinished && ApprovalLifecycle.StateAfter(request.Requirement, before) == ApprovalState.Pending)
        {
            return new DecisionOutcome(DecisionResult.Conflict, DecisionRefusal.Finished, ApprovalState.Pending, "The workflow that asked has ended: nothing waits for a decision any more.");
        }

        var recorded = await decisions.RecordAsync(request.Plan, request.Requirement, decision, cancellation);
        await WakeAsync(request, recorded, approver, cancellation);
        return recorded.Verdict.Refusal switch
        {
            null => new DecisionOutcome(DecisionResult.Recorded, null, recorded.Verdict.State, ""),
            DecisionRefusal.NotAllowed => new DecisionOutcome(DecisionResult.Forbidden, recorded.Verdict.Refusal, recorded.Verdict.State, recorded.Verdict.Message),
            _ => new DecisionOutcome(DecisionResult.Conflict, recorded.Verdict.Refusal, recorded.Verdict.State, recorded.Verdict.Message),
        };
    }

    // Also for a decision that was there before: an earlier call may have died between recording and waking.
    private async Task WakeAsync(ApprovalRequest request, RecordedDecision recorded, string approver, CancellationToken cancellation)
    {
        for (var index = 0; index < recorded.Decisions.Count; index++)
        {
            if (Identity.Same(recorded.Decisions[index].Approver, approver))
            {
                await workflows.RaiseEventAsync(
                    request.ApprovalInstanceId, ApprovalEvents.Decided(request.PlanHash, index + 1), recorded.Decisions[index], cancellation);
            }
        }
    }
}

/// <param name="State">Of the approval afterwards; null where it is not known.</param>
/// <param name="Message">Why not, in plain words; empty when recorded.</param>
public sealed record DecisionOutcome(DecisionResult Result, DecisionRefusal? Refusal, ApprovalState? State, string Message);

public enum DecisionResult
{
    Recorded,

    /// <summary>No such approval.</summary>
    Unknown,

    /// <summary>This person may not decide about this plan.</summary>
    Forbidden,

    /// <summary>Too late, twice, or about a changed plan.</summary>
    Conflict,
}
