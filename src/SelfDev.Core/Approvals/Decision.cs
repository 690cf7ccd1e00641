namespace SelfDev.Core.Approvals;

/// <summary>One step of an approval: what somebody decided about one exact plan, or that time ran out.</summary>
/// <param name="PlanHash">Of <see cref="Approvals.PlanHash.Of"/>: the plan, and no other.</param>
/// <param name="Approver">Who, as the policy names them; <c>selfdev</c> for an expiry.</param>
/// <param name="Reason">The approver's words, at most <see cref="MaxReasonChars"/> characters; null where none were given.</param>
/// <param name="Proof">How the approver was known: <c>link:&lt;nonce&gt;</c>, <c>key:&lt;name&gt;</c>, <c>principal</c>, or <c>clock</c>.</param>
public sealed record Decision(string PlanHash, DecisionKind Kind, string Approver, DateTimeOffset At, string? Reason, string Proof)
{
    public const int MaxReasonChars = 500;

    /// <summary>The decision that the clock takes: no answer means no action.</summary>
    public static Decision Expiry(string planHash, DateTimeOffset at) => new(planHash, DecisionKind.Expire, "selfdev", at, null, "clock");
}

public enum DecisionKind
{
    Approve,
    Reject,
    Expire,
}
