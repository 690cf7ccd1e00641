namespace SelfDev.Core.Approvals;

/// <summary>Where an approval stands.</summary>
public enum ApprovalState
{
    /// <summary>Waits for people.</summary>
    Pending,

    /// <summary>As many distinct people as the policy asks for said yes. Final.</summary>
    Approved,

    /// <summary>Somebody said no; one is enough. Final.</summary>
    Rejected,

    /// <summary>Time ran out. Final, and the same as no.</summary>
    Expired,
}

/// <summary>
/// The life of an approval as a pure table: state, decision and whether the quorum is reached give the next state. What
/// is not in the table does not happen.
/// </summary>
public static class ApprovalLifecycle
{
    private static readonly Dictionary<(ApprovalState, DecisionKind, bool QuorumReached), ApprovalState> Transitions =
        new()
        {
            [(ApprovalState.Pending, DecisionKind.Approve, false)] = ApprovalState.Pending,
            [(ApprovalState.Pending, DecisionKind.Approve, true)] = ApprovalState.Approved,
            [(ApprovalState.Pending, DecisionKind.Reject, false)] = ApprovalState.Rejected,
            [(ApprovalState.Pending, DecisionKind.Expire, false)] = ApprovalState.Expired,
        };

    /// <returns>Null where the decision is not allowed in this state.</returns>
    public static ApprovalState? Next(ApprovalState state, DecisionKind decision, bool quorumReached) =>
        Transitions.TryGetValue((state, decision, quorumReached), out var next) ? next : null;

    public static bool IsFinal(ApprovalState state) => state != ApprovalState.Pending;

    /// <summary>
    /// Weighs one more decision against those recorded so far: the single place where it is decided who may approve,
    /// and when. Pure, so that the page, the store, the workflow and the execution come to the same answer.
    /// </summary>
    /// <param name="earlier">Recorded decisions in their order; those that do not count under these terms are passed
    /// over.</param>
    public static DecisionVerdict Weigh(ApprovalTerms terms, IReadOnlyList<Decision> earlier, Decision decision) =>
        Judge(terms, Fold(terms, earlier), decision);

    /// <summary>
    /// Where an approval stands after these decisions. Each is weighed anew: what a store holds does not count for
    /// being there.
    /// </summary>
    public static ApprovalState StateAfter(ApprovalTerms terms, IReadOnlyList<Decision> decisions) =>
        Fold(terms, decisions).State;

    private static Standing Fold(ApprovalTerms terms, IReadOnlyList<Decision> decisions)
    {
        var standing = new Standing(ApprovalState.Pending, new HashSet<string>(Identity.Comparer), 0);
        foreach (var decision in decisions)
        {
            var verdict = Judge(terms, standing, decision);
            if (verdict.Refusal is null)
            {
                standing.Deciders.Add(decision.Approver);
                standing = standing with
                {
                    State = verdict.State,
                    Approvals = standing.Approvals + (decision.Kind == DecisionKind.Approve ? 1 : 0),
                };
            }
        }

        return standing;
    }

    private static DecisionVerdict Judge(ApprovalTerms terms, Standing standing, Decision decision)
    {
        var state = standing.State;
        if (decision.PlanHash != terms.PlanHash || decision.RequestHash != terms.RequestHash)
        {
            return Refuse(
                DecisionRefusal.OtherPlan,
                state,
                "The request was changed: this decision is about another one."
            );
        }

        if (IsFinal(state))
        {
            return Refuse(DecisionRefusal.Finished, state, $"The approval is finished: {Describe(state)}.");
        }

        if (decision.Kind == DecisionKind.Expire)
        {
            return decision.At >= terms.ExpiresAt
                ? new DecisionVerdict(null, ApprovalState.Expired, "")
                : Refuse(DecisionRefusal.TooEarly, state, "It is too early to expire.");
        }

        if (decision.At >= terms.ExpiresAt)
        {
            return Refuse(DecisionRefusal.Expired, state, "The plan has expired; nothing will be done.");
        }

        if (MayNot(terms, decision) is { } refusal)
        {
            return refusal with { State = state };
        }

        if (standing.Deciders.Contains(decision.Approver))
        {
            return Refuse(DecisionRefusal.AlreadyDecided, state, $"{decision.Approver} has decided already.");
        }

        var isApproved = decision.Kind == DecisionKind.Approve && standing.Approvals + 1 >= terms.Requirement.Quorum;
        return new DecisionVerdict(null, Next(state, decision.Kind, isApproved) ?? state, "");
    }

    private static DecisionVerdict? MayNot(ApprovalTerms terms, Decision decision)
    {
        if (Identity.Same(decision.Approver, terms.Proposer))
        {
            return Refuse(
                DecisionRefusal.NotAllowed,
                ApprovalState.Pending,
                "Whoever proposes a plan may not decide about it."
            );
        }

        if (!terms.Requirement.Approvers.Any(approver => Identity.Same(approver, decision.Approver)))
        {
            return Refuse(
                DecisionRefusal.NotAllowed,
                ApprovalState.Pending,
                $"{decision.Approver} is not among the approvers of this action."
            );
        }

        return terms.Requirement.NeedsSignIn && !DecisionProof.IsSignIn(decision.Proof)
            ? Refuse(
                DecisionRefusal.SignInNeeded,
                ApprovalState.Pending,
                "A link is not enough here: this approval takes people who are signed in. Sign in, and decide there."
            )
            : null;
    }

    public static string Describe(ApprovalState state) =>
        state switch
        {
            ApprovalState.Approved => "it was approved",
            ApprovalState.Rejected => "it was rejected",
            ApprovalState.Expired => "it expired without enough approvals, so nothing is done",
            _ => "it waits for a decision",
        };

    private static DecisionVerdict Refuse(DecisionRefusal refusal, ApprovalState state, string message) =>
        new(refusal, state, message);

    private sealed record Standing(ApprovalState State, HashSet<string> Deciders, int Approvals);
}

/// <param name="Refusal">Null when the decision counts.</param>
/// <param name="State">The state after it; unchanged when refused.</param>
/// <param name="Message">Why it was refused; empty when it counts.</param>
public sealed record DecisionVerdict(DecisionRefusal? Refusal, ApprovalState State, string Message);

public enum DecisionRefusal
{
    /// <summary>The approval is approved, rejected or expired.</summary>
    Finished,

    /// <summary>The same person decided before.</summary>
    AlreadyDecided,

    /// <summary>The proposer, or somebody that the policy does not name.</summary>
    NotAllowed,

    /// <summary>The approval takes people who are signed in, and this one came by a link.</summary>
    SignInNeeded,

    /// <summary>The hash is that of another plan or request.</summary>
    OtherPlan,

    /// <summary>Past the plan's expiry.</summary>
    Expired,

    /// <summary>A recorded decision is missing or not the one that the ledger has.</summary>
    Damaged,

    /// <summary>An expiry before its time.</summary>
    TooEarly,
}

/// <summary>People are compared without regard to case: an e-mail address in another spelling is not a second
/// person.</summary>
public static class Identity
{
    public const int MaxChars = 128;

    public static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    public static bool Same(string left, string right) => Comparer.Equals(left, right);

    /// <summary>ASCII letters, digits and <c>. _ % + @ -</c>: no look-alike letters, nothing invisible.</summary>
    public static bool IsWellFormed(string? text) =>
        text is { Length: > 0 and <= MaxChars }
        && text.All(character => char.IsAsciiLetterOrDigit(character) || "._%+@-".Contains(character));
}
