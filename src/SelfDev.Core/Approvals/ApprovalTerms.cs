namespace SelfDev.Core.Approvals;

/// <summary>What decisions are weighed against: one exact request and what it takes to approve it.</summary>
/// <param name="PlanHash">Of <see cref="Approvals.PlanHash.Of"/> over the plan.</param>
/// <param name="RequestHash">Of everything that people were shown, the requirement included.</param>
/// <param name="Proposer">May not decide.</param>
/// <param name="ExpiresAt">Decisions from then on do not count.</param>
public sealed record ApprovalTerms(
    string PlanHash,
    string RequestHash,
    string Proposer,
    ApprovalRequirement Requirement,
    DateTimeOffset ExpiresAt
)
{
    /// <summary>The same under another requirement that is at least as strict; an earlier expiry counts.</summary>
    /// <param name="requestedAt">From when <see cref="ApprovalRequirement.ExpiresAfter"/> runs.</param>
    public ApprovalTerms Under(ApprovalRequirement stricter, DateTimeOffset requestedAt)
    {
        var expiresAt = requestedAt + stricter.ExpiresAfter;
        return this with { Requirement = stricter, ExpiresAt = expiresAt < ExpiresAt ? expiresAt : ExpiresAt };
    }
}

/// <summary>How a person was known when they decided, as <see cref="Decision.Proof"/> says it.</summary>
public static class DecisionProof
{
    /// <value>Of the decision that the clock takes.</value>
    public const string Clock = "clock";

    /// <value>The platform's sign-in (App Service authentication) named the person.</value>
    public const string Principal = "principal";

    private const string KeyPrefix = "key:";
    private const string LinkPrefix = "link:";

    /// <summary>A personal key, sent with the request or through a session that it opened.</summary>
    public static string Key(string name) => KeyPrefix + name;

    /// <summary>A link that was sent to one address.</summary>
    public static string Link(string nonce) => LinkPrefix + nonce;

    /// <summary>
    /// Whether it proves the person. A link proves only that somebody reads the channel that it was sent to.
    /// Anything unknown proves nothing.
    /// </summary>
    public static bool IsSignIn(string proof) =>
        proof == Principal || proof.StartsWith(KeyPrefix, StringComparison.Ordinal);

    /// <summary>For the page and the ledger, e.g. "signed in with their key".</summary>
    public static string Describe(string proof) =>
        proof switch
        {
            Clock => "the clock",
            Principal => "signed in through the platform",
            _ when proof.StartsWith(KeyPrefix, StringComparison.Ordinal) => "signed in with their own key",
            _ when proof.StartsWith(LinkPrefix, StringComparison.Ordinal) => "by a link sent to them, not signed in",
            _ => "not known",
        };
}
