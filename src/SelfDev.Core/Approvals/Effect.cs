namespace SelfDev.Core.Approvals;

/// <summary>What was done about an approved plan, and what was observed afterwards.</summary>
/// <param name="PlanHash">Hash of the <see cref="EffectPlan"/>.</param>
/// <param name="Before">Fields of the resource as read right before the effect.</param>
/// <param name="After">The same fields as read afterwards: what is, not what was asked for.</param>
/// <param name="Detail">In plain words: why refused, what failed, how far it came.</param>
public sealed record Effect(
    string PlanHash,
    string Action,
    string Resource,
    EffectOutcome Outcome,
    IReadOnlyDictionary<string, string> Before,
    IReadOnlyDictionary<string, string> After,
    DateTimeOffset StartedAt,
    DateTimeOffset FinishedAt,
    string Detail
);

public enum EffectOutcome
{
    /// <summary>The resource is as the plan said.</summary>
    Applied,

    /// <summary>It was as the plan says before anything was done; nothing was done.</summary>
    AlreadyThere,

    /// <summary>The operation ended short of the plan; <see cref="Effect.After"/> says where.</summary>
    PartlyApplied,

    Failed,

    /// <summary>The world had changed since the approval; nothing was done.</summary>
    RefusedDrift,

    /// <summary>The kill switch was on; nothing was done.</summary>
    RefusedKillSwitch,

    /// <summary>Refused by the provider or by policy before anything was done.</summary>
    Refused,

    /// <summary>The operation did not end in time; <see cref="Effect.After"/> says what was seen last.</summary>
    TimedOut,

    /// <summary>Nobody decided, or decided against: nothing was done.</summary>
    NotApproved,
}
