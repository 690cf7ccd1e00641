using SelfDev.Core.Approvals;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Takes a person's decision: checks that the request is known, unchanged and waited for, records it, and wakes the
/// workflow. Who the person is has been proved before, by a link's token, a key or a sign-in.
/// </summary>
public sealed class ApprovalDecisions(
    ApprovalRequests requests,
    DecisionStore decisions,
    IApprovalPolicySource policies,
    IWorkflowClient workflows,
    TimeProvider clock
)
{
    /// <param name="kind">Approve or reject.</param>
    /// <param name="reason">Cut to <see cref="Decision.MaxReasonChars"/>.</param>
    /// <param name="proof">As <see cref="Decision.Proof"/>.</param>
    public async Task<DecisionOutcome> DecideAsync(
        string planHash,
        DecisionKind kind,
        string approver,
        string? reason,
        string proof,
        CancellationToken cancellation
    )
    {
        var request = await requests.ReadAsync(planHash, cancellation);
        if (request is null)
        {
            return new DecisionOutcome(
                DecisionResult.Unknown,
                null,
                null,
                "There is no such approval, or it is not as it was filed."
            );
        }

        var instance = await workflows.GetAsync(request.ApprovalInstanceId, cancellation);
        if (instance is null)
        {
            return new DecisionOutcome(DecisionResult.Unknown, null, null, "No workflow waits for this approval.");
        }

        if (await RefusedByPolicyOfNowAsync(request, approver, cancellation) is { } left)
        {
            return new DecisionOutcome(DecisionResult.Forbidden, DecisionRefusal.NotAllowed, null, left);
        }

        var decision = new Decision(
            planHash,
            request.Hash(),
            kind,
            approver,
            clock.GetUtcNow(),
            DecisionReason.Cut(reason),
            proof
        );
        var before = await decisions.ReadAsync(request, cancellation);
        if (instance.IsFinished && ApprovalLifecycle.StateAfter(request.Terms(), before.Items) == ApprovalState.Pending)
        {
            return new DecisionOutcome(
                DecisionResult.Conflict,
                DecisionRefusal.Finished,
                ApprovalState.Pending,
                "The workflow that asked has ended: nothing waits for a decision any more."
            );
        }

        var recorded = await decisions.RecordAsync(request, decision, cancellation);
        await WakeAsync(request, recorded, approver, cancellation);
        return recorded.Verdict.Refusal switch
        {
            null => new DecisionOutcome(DecisionResult.Recorded, null, recorded.Verdict.State, ""),
            DecisionRefusal.NotAllowed or DecisionRefusal.SignInNeeded => new DecisionOutcome(
                DecisionResult.Forbidden,
                recorded.Verdict.Refusal,
                recorded.Verdict.State,
                recorded.Verdict.Message
            ),
            _ => new DecisionOutcome(
                DecisionResult.Conflict,
                recorded.Verdict.Refusal,
                recorded.Verdict.State,
                recorded.Verdict.Message
            ),
        };
    }

    /// <summary>
    /// Wakes every workflow that still waits although its decision is recorded: the process may have died between the
    /// two, and nobody has to decide again for that. Called at a host's start, and now and then where there are
    /// several.
    /// </summary>
    public async Task WakeAllAsync(CancellationToken cancellation)
    {
        await foreach (var planHash in requests.ListUnexpiredAsync(clock.GetUtcNow(), cancellation))
        {
            if (
                await requests.ReadAsync(planHash, cancellation) is not { } request
                || (await decisions.ReadAsync(request, cancellation)).Items is not { Count: > 0 } recorded
                || await workflows.GetAsync(request.ApprovalInstanceId, cancellation) is not { IsFinished: false }
            )
            {
                continue;
            }

            for (var number = 1; number <= recorded.Count; number++)
            {
                await workflows.RaiseEventAsync(
                    request.ApprovalInstanceId,
                    ApprovalEvents.Decided(planHash, number),
                    recorded[number - 1],
                    cancellation
                );
            }
        }
    }

    // Whoever has left the policy decides nothing any more, whatever link they kept; execution looks again.
    private async Task<string?> RefusedByPolicyOfNowAsync(
        ApprovalRequest request,
        string approver,
        CancellationToken cancellation
    )
    {
        var reading = await policies.ReadAsync(cancellation);
        return
            reading.Policy?.Require(request.Plan).Requirement is { } now
            && !now.Approvers.Any(known => Identity.Same(known, approver))
            && request.Requirement.Approvers.Any(known => Identity.Same(known, approver))
            ? $"{approver} is not among the approvers of this action any more: the policy has changed."
            : null;
    }

    // Also for a decision that was there before: an earlier call may have died between recording and waking.
    private async Task WakeAsync(
        ApprovalRequest request,
        RecordedDecision recorded,
        string approver,
        CancellationToken cancellation
    )
    {
        for (var index = 0; index < recorded.Decisions.Count; index++)
        {
            if (Identity.Same(recorded.Decisions[index].Approver, approver))
            {
                await workflows.RaiseEventAsync(
                    request.ApprovalInstanceId,
                    ApprovalEvents.Decided(request.PlanHash, index + 1),
                    recorded.Decisions[index],
                    cancellation
                );
            }
        }
    }
}

/// <param name="State">Of the approval afterwards; null where it is not known.</param>
/// <param name="Message">Why not, in plain words; empty when recorded.</param>
public sealed record DecisionOutcome(
    DecisionResult Result,
    DecisionRefusal? Refusal,
    ApprovalState? State,
    string Message
);

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
