using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Traffic.Model;

/// <summary>Settings of the traffic room. Each has the range it is checked against and the reason for its
/// default.</summary>
public sealed record TrafficOptions
{
    public static TrafficOptions Default { get; } = new();

    /// <value>Seconds of one interval that requests are counted by, 1 to 3600. Default 15, the control loop of the
    /// Kubernetes autoscaler; doubled where a trace is too long for that.</value>
    public double IntervalSeconds { get; init; } = 15;

    /// <value>How many times the level of the ten minutes before a minute must reach to be a surge, 1.2 to 100. Default
    /// 2: more than the headroom that fleets usually have.</value>
    public double SurgeFactor { get; init; } = 2;

    /// <value>Share of failed requests from which they are a finding, 0.0001 to 1. Default 0.01, the error budget of a
    /// service level of 99 %.</value>
    public double FailureShare { get; init; } = 0.01;

    /// <value>The fleet that serves this traffic, as JSON (<see cref="FleetSpecificationFormat"/>); null: not known,
    /// and nothing is said about its size.</value>
    public FleetSpecification? Fleet { get; init; }

    /// <value>Replicas that serve now, 0 to 10000; null: what the newest sample says.</value>
    public int? Replicas { get; init; }

    /// <summary>Reads the options of a request.</summary>
    /// <exception cref="ArtifactUnreadableException">An unknown name or a value out of range; the message says which
    /// are known.</exception>
    public static TrafficOptions Parse(IReadOnlyDictionary<string, string> values)
    {
        var options = Default;
        foreach (var (name, value) in values)
        {
            options = name switch
            {
                "interval-seconds" => options with { IntervalSeconds = Number(name, value, 1, 3600) },
                "surge-factor" => options with { SurgeFactor = Number(name, value, 1.2, 100) },
                "failure-share" => options with { FailureShare = Number(name, value, 0.0001, 1) },
                "fleet" => options with
                {
                    Fleet =
                        FleetSpecificationFormat.Parse(value, out var problem)
                        ?? throw new ArtifactUnreadableException($"Traffic option 'fleet': {problem}"),
                },
                "replicas" => options with { Replicas = (int)Number(name, value, 0, 10_000) },
                _ => throw new ArtifactUnreadableException(
                    $"Traffic has no option '{name}'. Known: interval-seconds, surge-factor, failure-share, fleet, "
                        + $"replicas."
                ),
            };
        }

        return options;
    }

    private static double Number(string name, string value, double low, double high) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && number >= low
        && number <= high
            ? number
            : throw new ArtifactUnreadableException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Traffic option '{name}' is '{value}'; it takes a number from {low} to {high}."
                )
            );
}
