using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Scaling.Model;

/// <param name="Capacity">As read after the end; null while it runs, as <paramref name="Running"/> and <paramref
/// name="Evicted"/>.</param>
/// <param name="Evicted">Instances in it that the platform has taken back: no change brings those up.</param>
public sealed record FleetScaleProgress(
    OperationPhase Phase,
    TimeSpan? RetryAfter,
    string? Message,
    int? Capacity,
    int? Running,
    int? Evicted
);
