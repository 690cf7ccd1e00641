using System.Globalization;

namespace SelfDev.Core.Approvals;

/// <summary>Instances that serve or train together: one scale set that holds the floor, and others that are filled
/// beside it.</summary>
/// <param name="ResourceId">ARM resource id of the first scale set.</param>
/// <param name="MinCapacity">Of the first scale set, and so of the fleet.</param>
/// <param name="MaxCapacity">Of the first scale set.</param>
/// <param name="Subjects">Runs and services that it serves: <c>kind/name</c>, or a prefix with <c>*</c> at its
/// end.</param>
public sealed record PolicyFleet(
    string Name,
    string ResourceId,
    int MinCapacity,
    int MaxCapacity,
    IReadOnlyList<string> Subjects
)
{
    public const int MostAlternatives = 16;

    /// <value>US dollars that one instance of the first scale set costs an hour, by the team's own contract; null where
    /// the file does not say.</value>
    public decimal? HourlyPrice { get; init; }

    /// <value>Scale sets of other sizes, zones or regions, or of spot instances, at most <see
    /// cref="MostAlternatives"/>, each instance of which serves as much as one of the first.</value>
    public IReadOnlyList<PolicyScaleSet> Alternatives { get; init; } = [];

    /// <value>Null: the fleet is scaled by approved proposals only.</value>
    public FleetScalingRules? Scaling { get; init; }

    /// <value>The first, then the alternatives.</value>
    public IReadOnlyList<PolicyScaleSet> ScaleSets =>
        [new(ResourceId, MinCapacity, MaxCapacity, HourlyPrice), .. Alternatives];

    /// <value>Of all scale sets together.</value>
    public int TotalMaxCapacity => MaxCapacity + Alternatives.Sum(set => set.MaxCapacity);

    /// <returns>Null where the fleet has no such scale set. ARM ids compare without regard to case.</returns>
    public PolicyScaleSet? FindScaleSet(string resourceId) =>
        ScaleSets.FirstOrDefault(set => string.Equals(set.ResourceId, resourceId, StringComparison.OrdinalIgnoreCase));
}

/// <param name="ResourceId">ARM resource id.</param>
/// <param name="HourlyPrice">US dollars that one instance costs an hour; null where the file does not say.</param>
public sealed record PolicyScaleSet(string ResourceId, int MinCapacity, int MaxCapacity, decimal? HourlyPrice)
{
    /// <summary>What a change of capacity costs or saves an hour.</summary>
    /// <returns>Null without a price, or where the plan changes no capacity.</returns>
    public string? PriceOf(EffectPlan plan)
    {
        if (
            HourlyPrice is not { } price
            || !plan.From.TryGetValue(ApprovalPolicy.CapacityField, out var from)
            || !int.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out var before)
            || !plan.To.TryGetValue(ApprovalPolicy.CapacityField, out var to)
            || !int.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out var after)
            || before == after
        )
        {
            return null;
        }

        var change = Math.Abs(after - before);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{change} {(change == 1 ? "instance" : "instances")} {(after > before ? "more" : "fewer")} at "
                + $"{price:0.00} USD an hour: {change * price:0.00} USD an hour {(after > before ? "more" : "less")}, "
                + $"{after * price:0.00} USD in all."
        );
    }
}
