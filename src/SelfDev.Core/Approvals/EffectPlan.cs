namespace SelfDev.Core.Approvals;

/// <summary>
/// The exact effect that people approve. Its hash (SHA-256 of the RFC 8785 canonical JSON) covers every property;
/// whoever approves the hash approves this and nothing else, and execution refuses when the world no longer matches
/// <see cref="From"/> and <see cref="ETag"/>.
/// </summary>
public sealed record EffectPlan
{
    /// <value>Kind of the action, e.g. <c>scale-fleet</c>.</value>
    public required string Action { get; init; }

    /// <value>The one resource that changes: an ARM resource id, or <c>container/name</c> of a blob.</value>
    public required string Resource { get; init; }

    /// <value>State before, by field, e.g. <c>capacity = 3</c>. Compared field by field before the effect.</value>
    public required IReadOnlyDictionary<string, string> From { get; init; }

    /// <value>State after, by the same fields.</value>
    public required IReadOnlyDictionary<string, string> To { get; init; }

    /// <value>The resource's ETag when the plan was made; null where the resource has none.</value>
    public string? ETag { get; init; }

    /// <value>Ids of the findings behind it, and of the artifact: <c>sha256:&lt;hex&gt;#F3</c>.</value>
    public required IReadOnlyList<string> Evidence { get; init; }

    /// <value>Who proposes. May not approve.</value>
    public required string Proposer { get; init; }

    /// <value>No decision by then means no action.</value>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <value>Workflow instance that carries the plan out.</value>
    public required string InstanceId { get; init; }
}
