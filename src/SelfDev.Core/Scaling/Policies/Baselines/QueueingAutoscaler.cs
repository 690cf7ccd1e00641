using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Queues;

namespace SelfDev.Core.Scaling.Policies.Baselines;

/// <summary>
/// llm-d's workload-variant autoscaler (llm-d-incubation, <c>docs/design/modeling-optimization.md</c>): each minute the
/// fewest replicas that hold the service level under the last minute's rate, by a queueing model of ITL = alpha + beta
/// * batch. Without forecast, cold start or margin.
/// </summary>
internal sealed class QueueingAutoscaler(BaselineSettings settings) : IScalingPolicy
{
    private readonly Staffing _staffing = new(settings.Fleet.Replica, settings.Fleet.ServiceLevel, settings.Mix);
    private readonly MetricWindow _window = new(60);
    private double _next = 60;

    public string Name => "llm-d-wva";

    public int Decide(in FleetObservation observed)
    {
        if (!observed.HasMetrics || observed.IntervalSeconds <= 0)
        {
            return observed.Provisioned;
        }

        var rate = _window.Add(observed.Time, observed.Arrivals / observed.IntervalSeconds);
        if (observed.Time < _next)
        {
            return observed.Provisioned;
        }

        _next = observed.Time + 60;
        return _staffing.Replicas(
            rate,
            1 - settings.Fleet.ServiceLevel.Attainment,
            Math.Max(1, observed.Provisioned),
            settings.Fleet.Ceiling
        );
    }
}
