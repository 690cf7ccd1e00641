using System.Text.Json.Nodes;

namespace SelfDev.Core.Approvals;

/// <summary>
/// What SelfDev may do with a serving fleet by itself. It stands in the policy file, so whoever may change that file
/// has approved it; what lies outside it is asked for, one plan at a time.
/// </summary>
public sealed record FleetScalingRules
{
    /// <value>Between two looks at the fleet, 5 s to 1 h. Default 15 s.</value>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <value>
    /// How long an instance that is to go may still be busy, 1 min to 2 h. Default 10 min. One that is not idle by then
    /// stays, and no other is tried for an hour: the router seems not to know.
    /// </value>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <value>Sizes that need no further approval; null: every change is asked for.</value>
    public EmergencyEnvelope? Envelope { get; init; }

    /// <value>
    /// US dollars a day (UTC) that the fleet may cost. When only as much is left as the floor needs until midnight, the
    /// fleet goes down to the floor, envelope or not. Null: no limit. Needs the price of every scale set.
    /// </value>
    public decimal? UsdPerDay { get; init; }

    /// <value>The fleet as the planner knows it (replica, service level, cold start), as a fleet file of
    /// <c>backtest</c> has it.</value>
    public JsonObject? Specification { get; init; }
}

/// <summary>Bounds inside which a fleet is scaled at once.</summary>
/// <param name="MinCapacity">Instances of all scale sets together, inclusive, as <paramref
/// name="MaxCapacity"/>.</param>
/// <param name="ExpiresAt">From then on everything is asked for again.</param>
public sealed record EmergencyEnvelope(int MinCapacity, int MaxCapacity, DateTimeOffset ExpiresAt);
