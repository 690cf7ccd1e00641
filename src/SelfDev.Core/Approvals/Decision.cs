namespace SelfDev.Core.Approvals;

/// <summary>One step of an approval: what somebody decided about one exact plan, or that time ran out.</summary>
/// <param name="PlanHash">Of <see cref="Approvals.PlanHash.Of"/>: the plan, and no other.</param>
/// <param name="RequestHash">Of everything that the approver was shown: title, reason, evidence, cost, risk, approvers,
/// quorum, expiry.</param>
/// <param name="Approver">Who, as the policy names them; <c>selfdev</c> for an expiry.</param>
/// <param name="Reason">The approver's words, at most <see cref="MaxReasonChars"/> characters; null where none were
/// given.</param>
/// <param name="Proof">How the approver was known, as <see cref="DecisionProof"/> has it.</param>
public sealed record Decision(
    string PlanHash,
    string RequestHash,
    DecisionKind Kind,
    string Approver,
    DateTimeOffset At,
    string? Reason,
    string Proof
)
{
    public const int MaxReasonChars = 500;

    /// <summary>The decision that the clock takes: no answer means no action.</summary>
    public static Decision Expiry(string planHash, string requestHash, DateTimeOffset at) =>
        new(planHash, requestHash, DecisionKind.Expire, "selfdev", at, null, DecisionProof.Clock);
}

public enum DecisionKind
{
    Approve,
    Reject,
    Expire,
}
