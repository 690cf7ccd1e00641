using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Effects;

/// <summary>
/// Turns an action into an exact effect, and carries it out. The steps run in different activities, hours and
/// processes apart; all they share is the plan.
/// </summary>
public interface IEffectExecutor
{
    /// <value>It is for the actions of <see cref="ActionCatalog"/> that are carried out so.</value>
    ActionCarrier Carrier { get; }

    /// <summary>Reads the world and says exactly what would change, or why nothing can.</summary>
    Task<PlannedEffect> PlanAsync(ProposedAction action, PlanningFacts facts, CancellationToken cancellation);

    /// <summary>
    /// Re-reads the world, refuses when it has drifted from the plan, else starts the effect and returns without
    /// waiting. Called again after a crash it finds its own earlier start instead of starting twice.
    /// </summary>
    Task<EffectStart> StartAsync(EffectPlan plan, string planHash, CancellationToken cancellation);

    /// <summary>Looks once whether the started effect has ended.</summary>
    /// <param name="operationUri">Of <see cref="EffectStart"/>; null where a crash lost it: then the resource itself is
    /// asked.</param>
    Task<OperationState> PollAsync(EffectPlan plan, string? operationUri, CancellationToken cancellation);

    /// <summary>Reads the fields of the plan as they are now.</summary>
    Task<IReadOnlyDictionary<string, string>> ObserveAsync(
        EffectPlan plan,
        string planHash,
        CancellationToken cancellation
    );
}

/// <param name="Fleet">Name of the fleet that the policy gives to the subject or that the action names; null where it
/// gives none.</param>
/// <param name="ScaleSets">ARM resource ids of its scale sets, or of the one that the action names; empty where there
/// is no fleet.</param>
/// <param name="Subject"><c>kind/name</c> of the run, checkpoint or service, from the intake path, e.g.
/// <c>training/run7</c>.</param>
public sealed record PlanningFacts(string? Fleet, IReadOnlyList<string> ScaleSets, string Subject);

/// <summary>Either an effect or an obstacle.</summary>
/// <param name="Obstacle">Why there is nothing to approve, in plain words; null where there is.</param>
public sealed record PlannedEffect(
    string Resource,
    IReadOnlyDictionary<string, string> From,
    IReadOnlyDictionary<string, string> To,
    string? ETag,
    string? Obstacle = null
)
{
    private static readonly IReadOnlyDictionary<string, string> NoFields = new Dictionary<string, string>();

    public static PlannedEffect Impossible(string obstacle) => new("", NoFields, NoFields, null, obstacle);
}

/// <param name="OperationUri">Where to poll; null where the resource itself is to be asked.</param>
/// <param name="RetryAfter">When to poll, or to try again when throttled.</param>
/// <param name="Before">Fields as read right before.</param>
public sealed record EffectStart(
    EffectStartKind Kind,
    string? OperationUri,
    TimeSpan? RetryAfter,
    string? Message,
    IReadOnlyDictionary<string, string> Before
);

public enum EffectStartKind
{
    Started,

    /// <summary>Somebody else had brought the resource there before anything was done.</summary>
    AlreadyThere,

    /// <summary>The resource is not as the approved plan says.</summary>
    Drifted,

    /// <summary>Try again after <see cref="EffectStart.RetryAfter"/>; nothing was done.</summary>
    Throttled,

    /// <summary>The kill switch is on; nothing was done.</summary>
    Stopped,

    Refused,
}
