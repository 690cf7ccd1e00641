using SelfDev.Core.Scaling.Queues;

namespace SelfDev.Core.Scaling.Planning;

/// <summary>Settings of the planner. One set for all fleets; each has its range and the reason for its
/// default.</summary>
public sealed record PlannerOptions
{
    public static PlannerOptions Default { get; } = new();

    /// <value>
    /// Share of outcomes that the forecast's bound covers when replicas are added, 0.5 to 0.999. Default 0.6: a fleet
    /// that is a little too small for a while uses up some of the misses that its service level allows, and whole
    /// replicas leave room anyway.
    /// </value>
    public double SurgeQuantile { get; init; } = 0.6;

    /// <value>The same when replicas come back that were there before, 0.5 to 0.999. Default 0.9: what was let go too
    /// early is asked for again early.</value>
    public double ReturnQuantile { get; init; } = Queueing.CriticalQuantile(9, 1);

    /// <value>
    /// The same when replicas are let go, 0.5 to 0.999. Default 0.95: critical quantile of the newsvendor for a missing
    /// replica that costs nineteen times an idle one, since it is missing for a whole cold start.
    /// </value>
    public double ScaleInQuantile { get; init; } = Queueing.CriticalQuantile(19, 1);

    /// <value>
    /// Share of the misses that the service level allows which planning may use up while none were, 0.5 to 5. Default
    /// 1. It falls to a half as real misses use them up.
    /// </value>
    public double PlannedMissShare { get; init; } = 1;

    /// <value>
    /// Share of the fleet by which the forecast's bound may pass what the capacity model says it holds before more
    /// replicas than ever were there are added, 0 to 1. Default 0.25: the model alone may be off by 15 to 30 % (held to
    /// the simulation in its tests), so that less is no evidence against a fleet that has held so far. Measured misses
    /// and waits add without it.
    /// </value>
    public double BorneShortage { get; init; } = 0.25;

    /// <value>
    /// Times the forecast's bound that the capacity model must allow what stays before replicas are let go, 1 to 5,
    /// unless it was seen to hold that much already. Default 1.2, by which the model may be off.
    /// </value>
    public double ScaleInMargin { get; init; } = 1.2;

    /// <value>Seconds for which fewer replicas must have been enough before one is let go, 0 to 86400. Default 300, the
    /// stabilisation window of the Kubernetes autoscaler.</value>
    public double ScaleInSeconds { get; init; } = 300;

    /// <value>The same where demand is falling, 0 to 86400. Default 60.</value>
    public double FallingSeconds { get; init; } = 60;

    /// <value>Seconds of the past that the traffic's class is judged by, 120 to 86400. Default 7200: capacity for
    /// bursts that come every hour is there when the next one does.</value>
    public double HistorySeconds { get; init; } = 7200;

    /// <value>Seconds without a new sample after which metrics count as stale, and never less than three intervals, 1
    /// to 3600. Default 90.</value>
    public double StaleSeconds { get; init; } = 90;
}
