using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Scaling.Decide;

namespace SelfDev.Workflows.Scaling.Model;

/// <param name="NextLook">When to look again.</param>
/// <param name="Capacity">Of all scale sets, as read.</param>
/// <param name="Wanted">What would be right.</param>
/// <param name="Reason">In our own words.</param>
public sealed record FleetDecision(FleetDecisionKind Kind, TimeSpan NextLook, int Capacity, int Wanted, string Reason)
{
    /// <value>What is to be done now, at most one a scale set; empty unless <see
    /// cref="FleetDecisionKind.ScaleNow"/>.</value>
    public IReadOnlyList<EffectPlan> Plans { get; init; } = [];

    /// <value>What people are to be asked for; empty unless <see cref="FleetDecisionKind.Ask"/>.</value>
    public IReadOnlyList<ScaleSetChange> Changes { get; init; } = [];

    /// <value>Scale sets that quota, permissions or an autoscale setting keep from growing.</value>
    public IReadOnlyList<string> Obstructed { get; init; } = [];

    /// <value>All scale sets, those included that ARM did not show; empty where none was looked at.</value>
    public IReadOnlyList<SeenScaleSet> Seen { get; init; } = [];

    /// <value>Those among them that ARM did not show.</value>
    public IReadOnlyList<SeenScaleSet> Unreadable { get; init; } = [];

    /// <value>Instances that are to go; whoever is not among them is to get requests again.</value>
    public IReadOnlyList<FleetDrain> Drains { get; init; } = [];

    /// <value>One drained too long, and stays.</value>
    public bool IsDrainGivenUp { get; init; }

    /// <value>Instances that are protected on this workflow's behalf.</value>
    public IReadOnlyList<ProtectedInstance> Protected { get; init; } = [];

    /// <value>Protection to be put on or lifted.</value>
    public IReadOnlyList<EffectPlan> Protections { get; init; } = [];

    /// <value>Over all of the decision but the seals: what people are asked says what a look saw.</value>
    public string? Seal { get; init; }

    /// <value>A seal for each of <see cref="Plans"/> and <see cref="Protections"/>, by the plan's hash: see <see
    /// cref="FleetPlanSeals"/>.</value>
    public IReadOnlyDictionary<string, string> PlanSeals { get; init; } = new Dictionary<string, string>();

    /// <value>Instances that the newest sample's demand takes; null without metrics.</value>
    public int? NeededNow { get; init; }

    /// <value>What the present capacity costs.</value>
    public decimal UsdPerHour { get; init; }

    public bool IsAskPending { get; init; }

    /// <inheritdoc cref="ScalingVerdict.IsBudget"/>
    public bool IsBudget { get; init; }

    /// <returns>Null where the decision has none for it.</returns>
    public string? SealOf(EffectPlan plan) => PlanSeals.GetValueOrDefault(PlanHash.Of(plan));
}

public sealed record ScaleSetChange(string ResourceId, int From, int To);

public enum FleetDecisionKind
{
    Hold,
    ScaleNow,
    Ask,
}
