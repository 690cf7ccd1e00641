using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Policies.Baselines;

/// <summary>
/// Azure Monitor autoscale on a scale set (learn.microsoft.com, "Understand autoscale settings" and "Flapping"), with
/// the rules of its quickstart: over 70 % utilisation in the last 5 minutes one more, under 30 % one fewer, a cooldown
/// of 5 minutes over both directions, evaluated each minute. Before it scales in it projects the utilisation onto fewer
/// instances, v n / n', and does not go where that would scale out again. The metric is the share of time in which the
/// GPUs are busy, which is what GPU metrics of a virtual machine tell.
/// </summary>
internal sealed class AzureAutoscale : IScalingPolicy
{
    private const double Out = 0.7;
    private const double In = 0.3;
    private const double WindowSeconds = 300;
    private const double CooldownSeconds = 300;
    private const double EvaluationSeconds = 60;

    private readonly Queue<(double Time, double Busy)> _window = new();
    private double _next;
    private double _lastAction = double.NegativeInfinity;

    public string Name => "azure-autoscale";

    public int Decide(in FleetObservation observed)
    {
        var size = observed.Provisioned;
        if (!observed.HasMetrics)
        {
            return size;
        }

        _window.Enqueue((observed.Time, observed.BusyShare));
        while (_window.Peek().Time < observed.Time - WindowSeconds)
        {
            _window.Dequeue();
        }

        if (observed.Time < _next || observed.Time - _lastAction < CooldownSeconds)
        {
            return size;
        }

        _next = observed.Time + EvaluationSeconds;
        var busy = _window.Average(sample => sample.Busy);
        var wanted =
            busy > Out ? size + 1
            : busy < In ? Projected(busy, size, Math.Max(1, size - 1))
            : size;
        if (wanted != size)
        {
            _lastAction = observed.Time;
        }

        return wanted;
    }

    /// <summary>The number nearest to the wanted one at which v n / n' does not scale out again; the present one where
    /// there is none.</summary>
    internal static int Projected(double busy, int size, int wanted)
    {
        while (wanted < size && busy * size / wanted > Out)
        {
            wanted++;
        }

        return wanted;
    }
}
