using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Policies.Baselines;

/// <summary>
/// The reactive autoscaler of SageServe's simulator (shashwatj07/SageServe, <c>arbiter.py</c>): one replica more where
/// more than half of the key-value cache is in use, one fewer under a quarter. While a replica starts it waits, unless
/// use is over nine tenths.
/// </summary>
internal sealed class SageServeReactive : IScalingPolicy
{
    private const double Out = 0.5;
    private const double In = 0.25;
    private const double Override = 0.9;

    public string Name => "sageserve";

    public int Decide(in FleetObservation observed)
    {
        var size = observed.Provisioned;
        return !observed.HasMetrics || (observed.Starting > 0 && observed.CacheShare <= Override) ? size
            : observed.CacheShare > Out ? size + 1
            : observed.CacheShare < In ? Math.Max(1, size - 1)
            : size;
    }
}
