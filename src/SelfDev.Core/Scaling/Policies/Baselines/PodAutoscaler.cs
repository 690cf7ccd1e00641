using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Policies.Baselines;

/// <summary>
/// Knative's pod autoscaler as AIBrix runs it (vllm-project/aibrix,
/// <c>pkg/controller/podautoscaler/algorithm/kpa.go</c>) on requests in flight: the mean of a stable window of 180 s, a
/// panic window of 60 s that takes over when it asks for twice of what is ready and never shrinks until it was quiet
/// for a stable window, changes clamped to between half and tenfold.
/// </summary>
internal sealed class KnativePodAutoscaler(BaselineSettings settings) : IScalingPolicy
{
    private const double StableSeconds = 180;
    private const double PanicSeconds = 60;
    private const double PanicThreshold = 2;
    private const double MaxUp = 10;
    private const double MaxDown = 2;

    private readonly MetricWindow _stable = new(StableSeconds);
    private readonly MetricWindow _panic = new(PanicSeconds);
    private double _panicSince = double.NegativeInfinity;
    private int _panicReplicas;

    public string Name => "kpa";

    public int Decide(in FleetObservation observed)
    {
        if (!observed.HasMetrics)
        {
            return observed.Provisioned;
        }

        var demand = observed.Running + observed.Queue;
        var target = BaselineSettings.TargetShare * settings.Concurrency;
        var ready = Math.Max(1, observed.Ready);
        var stable = Clamp(_stable.Add(observed.Time, demand) / target, ready);
        var panic = Clamp(_panic.Add(observed.Time, demand) / target, ready);
        if (panic / (double)ready >= PanicThreshold)
        {
            _panicReplicas = _panicSince == double.NegativeInfinity ? observed.Provisioned : _panicReplicas;
            _panicSince = observed.Time;
        }
        else if (observed.Time - _panicSince > StableSeconds)
        {
            _panicSince = double.NegativeInfinity;
        }

        if (_panicSince == double.NegativeInfinity)
        {
            return stable;
        }

        _panicReplicas = Math.Max(_panicReplicas, Math.Max(panic, stable));
        return _panicReplicas;
    }

    private static int Clamp(double wanted, int ready) =>
        (int)Math.Clamp(Math.Ceiling(wanted), Math.Floor(ready / MaxDown), Math.Ceiling(ready * MaxUp));
}

/// <summary>
/// AIBrix's own pod autoscaler (<c>apa.go</c>) on requests in flight: acts only outside a band around the target, by
/// the ratio of the window's mean to it, clamped as KPA's changes are.
/// </summary>
internal sealed class AibrixPodAutoscaler(BaselineSettings settings) : IScalingPolicy
{
    private const double WindowSeconds = 60;
    private const double UpTolerance = 0.1;
    private const double DownTolerance = 0.2;

    private readonly MetricWindow _window = new(WindowSeconds);

    public string Name => "apa";

    public int Decide(in FleetObservation observed)
    {
        if (!observed.HasMetrics)
        {
            return observed.Provisioned;
        }

        var ready = Math.Max(1, observed.Ready);
        var target = BaselineSettings.TargetShare * settings.Concurrency;
        var perPod = _window.Add(observed.Time, observed.Running + observed.Queue) / ready;
        var wanted = Math.Ceiling(perPod * ready / target);
        return perPod / target > 1 + UpTolerance ? (int)Math.Max(observed.Provisioned, Math.Min(wanted, 10.0 * ready))
            : perPod / target < 1 - DownTolerance && observed.Starting == 0
                ? (int)Math.Max(wanted, Math.Floor(ready / 2.0))
            : observed.Provisioned;
    }
}

/// <summary>Mean of a metric over the last seconds.</summary>
internal sealed class MetricWindow(double seconds)
{
    private readonly Queue<(double Time, double Value)> _samples = new();
    private double _sum;

    public double Add(double time, double value)
    {
        _samples.Enqueue((time, value));
        _sum += value;
        while (_samples.Peek().Time <= time - seconds)
        {
            _sum -= _samples.Dequeue().Value;
        }

        return Math.Max(0, _sum) / _samples.Count;
    }
}
