using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Policies.Baselines;

/// <summary>
/// KEDA's ScaledObject with a Prometheus trigger on the request rate over a minute (keda.sh, scaledobject spec): polled
/// every 30 s, zero replicas only after 300 s without demand, the horizontal pod autoscaler in between. Where the
/// trigger fails the fallback keeps the replicas.
/// </summary>
internal sealed class Keda(BaselineSettings settings) : IScalingPolicy
{
    private const double PollSeconds = 30;
    private const double CooldownSeconds = 300;

    private readonly HorizontalScaling _scaling = new();
    private readonly Queue<(double Time, double Seconds, long Arrivals)> _window = new();
    private double _next;
    private double _lastActive;

    public string Name => "keda";

    public int Decide(in FleetObservation observed)
    {
        if (!observed.HasMetrics)
        {
            return observed.Provisioned;
        }

        _window.Enqueue((observed.Time, observed.IntervalSeconds, observed.Arrivals));
        while (_window.Peek().Time <= observed.Time - 60 && _window.Count > 1)
        {
            _window.Dequeue();
        }

        if (observed.Arrivals > 0 || observed.Queue > 0)
        {
            _lastActive = observed.Time;
        }

        var size = observed.Provisioned;
        if (observed.Time < _next)
        {
            return size;
        }

        _next = observed.Time + PollSeconds;
        var rate = _window.Sum(sample => sample.Arrivals) / Math.Max(1, _window.Sum(sample => sample.Seconds));
        if (size == 0)
        {
            return observed.Queue > 0 || observed.Arrivals > 0 ? 1 : 0;
        }

        if (rate <= 0 && observed.Time - _lastActive >= CooldownSeconds)
        {
            return settings.Fleet.Floor;
        }

        // An AverageValue target divides the total by all replicas, ready or not.
        return Math.Max(
            1,
            _scaling.Recommend(
                observed.Time,
                size,
                size,
                rate / size,
                BaselineSettings.TargetShare * settings.RequestsPerSecond
            )
        );
    }
}
