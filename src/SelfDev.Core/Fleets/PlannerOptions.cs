namespace SelfDev.Core.Fleets;

/// <summary>Settings of the planner. One set for all fleets; each has its range and the reason for its default.</summary>
public sealed record PlannerOptions
{
    public static PlannerOptions Default { get; } = new();

    /// <value>Share of outcomes that the forecast's bound covers, 0.5 to 0.999. Default 0.9: critical quantile of the newsvendor for a missing replica that costs nine times an idle one.</value>
    public double SurgeQuantile { get; init; } = Queueing.CriticalQuantile(9, 1);

    /// <value>Share of the misses that the service level allows which planning may use up, 0.05 to 1. Default 0.5: the rest is for what the forecast does not see.</value>
    public double PlannedMissShare { get; init; } = 0.5;

    /// <value>How far past the highest load that replicas held the service level under they are trusted to hold it, 0 to 1. Default 0.2.</value>
    public double Extrapolation { get; init; } = 0.2;

    /// <value>Seconds of history before anything is let go, 0 to 86400. Default 120: eight samples of the usual interval, enough to tell bursts from a level.</value>
    public double LearningSeconds { get; init; } = 120;

    /// <value>Seconds for which fewer replicas must have been enough before one is let go, 0 to 86400. Default 60.</value>
    public double ScaleInSeconds { get; init; } = 60;

    /// <value>Seconds of the past that the traffic's class is judged by, 120 to 86400. Default 7200: capacity for bursts that come every hour is there when the next one does.</value>
    public double HistorySeconds { get; init; } = 7200;

    /// <value>Seconds without a new sample after which metrics count as stale, and never less than three intervals, 1 to 3600. Default 90.</value>
    public double StaleSeconds { get; init; } = 90;
}
