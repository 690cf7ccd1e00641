namespace SelfDev.Core.Scaling.Model;

/// <summary>What a policy did to a trace.</summary>
public sealed record SimulationResult
{
    public required string Policy { get; init; }

    /// <value>Share of all requests that attained the service level, 0 to 1. Requests that were never answered did
    /// not.</value>
    public required double Attainment { get; init; }

    /// <value>Median time to first token, seconds; infinite where fewer than half got one.</value>
    public required double FirstTokenP50 { get; init; }

    public required double FirstTokenP99 { get; init; }

    /// <value>GPU-hours from the trace's first arrival to its last; a replica is paid for from the moment it is asked
    /// for until it is gone.</value>
    public required double GpuHours { get; init; }

    /// <value>Decisions that changed the size.</value>
    public required int ScaleActions { get; init; }

    /// <value>Longest time that a request waited for a replica to begin with it, seconds.</value>
    public required double WorstQueueSeconds { get; init; }

    public required long Requests { get; init; }

    /// <value>Requests with a complete answer.</value>
    public required long Completed { get; init; }

    /// <value>The fleet at each decision, where it was asked for.</value>
    public IReadOnlyList<FleetObservation> Timeline { get; init; } = [];
}
