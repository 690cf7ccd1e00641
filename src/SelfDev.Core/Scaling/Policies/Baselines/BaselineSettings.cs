using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Queues;

namespace SelfDev.Core.Scaling.Policies.Baselines;

/// <summary>
/// What a team that uses one of the baselines sets by hand, from a load test of one replica with the trace's own
/// average request: the baselines are tuned to the very traffic that they are judged on.
/// </summary>
/// <param name="RequestsPerSecond">Load under which one replica of a fleet of the trace's average size still holds the
/// service level.</param>
/// <param name="Concurrency">Requests that such a replica has in flight then.</param>
/// <param name="Mix">The trace's average request.</param>
internal sealed record BaselineSettings(
    FleetSpecification Fleet,
    double RequestsPerSecond,
    double Concurrency,
    TrafficMix Mix
)
{
    /// <value>Share of what a replica can do that teams aim for; the usual 0.7.</value>
    public const double TargetShare = 0.7;

    public static BaselineSettings Of(FleetSpecification fleet, TrafficTrace trace)
    {
        var mix = TrafficMix.Of(trace);
        var staffing = new Staffing(fleet.Replica, fleet.ServiceLevel, mix);
        var misses = 1 - fleet.ServiceLevel.Attainment;
        var replicas = Math.Max(
            1,
            staffing.Replicas(trace.Count / Math.Max(1, trace.Seconds), misses, ceiling: fleet.Ceiling)
        );
        var (low, high) = (0.0, replicas / staffing.WorkSeconds);
        for (var round = 0; round < 40; round++)
        {
            var middle = (low + high) / 2;
            (low, high) = staffing.At(replicas, middle).Misses <= misses ? (middle, high) : (low, middle);
        }

        // An infeasible service level leaves no load at all; half of the capacity is what a team would then take.
        var rate = low > 0 ? low : replicas / staffing.WorkSeconds / 2;
        return new BaselineSettings(fleet, rate / replicas, Math.Max(1, staffing.At(replicas, rate).Batch), mix);
    }
}
