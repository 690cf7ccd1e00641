using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Policies.Baselines;

/// <summary>
/// The Kubernetes horizontal pod autoscaler on requests in flight per replica (kubernetes.io, "Horizontal Pod
/// Autoscaling"): every 15 s n' = ceil(n m / target), no change inside a tolerance of 10 %, pods that are not ready
/// count nothing on the way up, scale-out by at most 100 % or 4 pods each 15 s, scale-in to the highest recommendation
/// of the last 300 s.
/// </summary>
internal sealed class HorizontalPodAutoscaler(BaselineSettings settings) : IScalingPolicy
{
    private readonly HorizontalScaling _scaling = new();
    private double _next;

    public string Name => "hpa";

    public int Decide(in FleetObservation observed)
    {
        var size = observed.Provisioned;
        if (observed.Time < _next || !observed.HasMetrics)
        {
            return size;
        }

        _next = observed.Time + 15;
        var metric = (observed.Running + observed.Queue) / (double)Math.Max(1, observed.Ready);
        return _scaling.Recommend(
            observed.Time,
            size,
            observed.Ready,
            metric,
            BaselineSettings.TargetShare * settings.Concurrency
        );
    }
}

/// <summary>The arithmetic that the horizontal pod autoscaler and KEDA share.</summary>
internal sealed class HorizontalScaling
{
    private const double Tolerance = 0.1;
    private const double StabilisationSeconds = 300;

    private readonly Queue<(double Time, int Replicas)> _recommendations = new();

    /// <param name="metric">Mean over the pods that are ready.</param>
    public int Recommend(double now, int size, int ready, double metric, double target)
    {
        var ratio = metric / target;
        var wanted = size;
        if (Math.Abs(ratio - 1) > Tolerance)
        {
            wanted = (int)Math.Ceiling(ready * ratio);
            if (ratio > 1 && size > ready)
            {
                // Pods that are not ready count as 0 % of the target on the way up; a direction that flips by that is
                // no change.
                var dampened = ratio * ready / size;
                wanted = dampened > 1 + Tolerance ? (int)Math.Ceiling(size * dampened) : size;
            }
        }

        if (wanted > size)
        {
            wanted = Math.Min(wanted, Math.Max(size * 2, size + 4));
        }

        _recommendations.Enqueue((now, wanted));
        while (_recommendations.Peek().Time < now - StabilisationSeconds)
        {
            _recommendations.Dequeue();
        }

        return wanted < size ? Math.Min(size, _recommendations.Max(past => past.Replicas)) : wanted;
    }
}
