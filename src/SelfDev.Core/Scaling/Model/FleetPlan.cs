namespace SelfDev.Core.Scaling.Model;

/// <summary>Why the planner decided as it did.</summary>
public enum PlanReason
{
    /// <summary>The size is right.</summary>
    Hold,

    /// <summary>Metrics are missing or old: unknown demand is not zero demand.</summary>
    StaleMetrics,

    /// <summary>Too little was seen to let anything go.</summary>
    Learning,

    /// <summary>Requests wait too long or miss the service level, whatever the model says.</summary>
    Backlog,

    /// <summary>The forecast's bound takes more replicas.</summary>
    Forecast,

    /// <summary>Traffic comes in bursts: what is let go would be missing when the next one comes.</summary>
    OnOffHold,

    /// <summary>Fewer replicas have been enough for a while, and would be with one of them lost.</summary>
    Surplus,

    /// <summary>No number of replicas holds the service level for these requests: their own time is too long.</summary>
    Infeasible,

    /// <summary>The size is outside the floor or the ceiling that people set.</summary>
    Limits,
}

/// <summary>What the planner wants a fleet to be.</summary>
/// <param name="Replicas">Absolute number, from floor to ceiling, pending instances included. Never a difference:
/// carrying it out twice changes nothing.</param>
/// <param name="IsHold">Whether that is what the fleet has and was asked for already: nothing to do.</param>
/// <param name="Why">One sentence in our own words, with the numbers that speak for it.</param>
public sealed record FleetPlan(int Replicas, bool IsHold, PlanReason Reason, string Why)
{
    public TrafficClass Traffic { get; init; }

    /// <value>Requests a second that were seen over the last minute; NaN where unknown.</value>
    public double RequestsPerSecond { get; init; } = double.NaN;

    /// <value>Requests a second that the plan is made for.</value>
    public double PlannedRequestsPerSecond { get; init; } = double.NaN;

    /// <value>Share of requests that are expected to attain the service level under that, 0 to 1.</value>
    public double ExpectedAttainment { get; init; } = double.NaN;
}
