using SelfDev.Core.Approvals;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Decide;

/// <summary>Says how many instances should serve. Pure: the same history and state give the same answer.</summary>
public interface IFleetSizing
{
    /// <param name="history">In order of time, at least one, the newest not older than three intervals.</param>
    FleetSize Size(PolicyFleet fleet, IReadOnlyList<FleetSample> history, FleetServing serving);

    /// <summary>Replays the newest samples under two fixed sizes, for the people who have to choose between
    /// them.</summary>
    /// <returns>Null where there is nothing to replay.</returns>
    FleetReplay? Replay(PolicyFleet fleet, IReadOnlyList<FleetSample> history, int from, int to);
}

/// <param name="Replicas">Instances that should serve or come up.</param>
/// <param name="NeededNow">Instances that the demand of the newest sample takes, without foresight; to judge earlier
/// plans by.</param>
/// <param name="Reason">Why, in our own words.</param>
/// <param name="Problem">Why there is no answer (a specification that is missing or wrong); null where there is
/// one.</param>
public sealed record FleetSize(int Replicas, int NeededNow, string Reason, string? Problem = null);

/// <param name="Total">Instances that serve or come up; evicted ones do not count.</param>
/// <param name="Ready">Those among them that are provisioned.</param>
public sealed record FleetServing(int Total, int Ready);

/// <summary>The last hours under the present size and the proposed one. Arrivals are taken as even over each sample and
/// lengths as its mean, which flatters both.</summary>
/// <param name="Duration">From the first request to the last.</param>
public sealed record FleetReplay(TimeSpan Duration, long Requests, ReplayedSize Present, ReplayedSize Proposed)
{
    /// <summary>Older samples are left out beyond it, so that nobody waits for the page.</summary>
    public const long MostRequests = 500_000;
}

/// <param name="Attainment">Share of requests within the service level, 0 to 1.</param>
/// <param name="FirstTokenP99">Seconds; infinite where fewer than 99 % got one.</param>
/// <param name="WorstQueueSeconds">Longest wait for a replica.</param>
public sealed record ReplayedSize(
    int Replicas,
    double Attainment,
    double FirstTokenP99,
    double WorstQueueSeconds,
    double GpuHours
);
