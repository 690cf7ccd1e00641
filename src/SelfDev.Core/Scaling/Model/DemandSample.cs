namespace SelfDev.Core.Scaling.Model;

/// <summary>Demand on a fleet over one interval, as its metrics tell it. What a source does not tell is NaN: unknown,
/// never zero.</summary>
public readonly record struct DemandSample
{
    public DemandSample() { }

    /// <value>End of the interval, seconds since 1970 or since the source's own beginning.</value>
    public required double Time { get; init; }

    /// <value>Length of the interval in seconds; 0 where only the state at <see cref="Time"/> is known.</value>
    public required double Seconds { get; init; }

    /// <value>Requests that arrived.</value>
    public double Requests { get; init; } = double.NaN;

    /// <value>Uncached prompt tokens of those.</value>
    public double PrefillTokens { get; init; } = double.NaN;

    /// <value>Sum of the squares of those by request: with the sum, how much prompts differ in length.</value>
    public double PrefillTokensSquared { get; init; } = double.NaN;

    /// <value>Tokens generated, of the requests that <see cref="Completions"/> counts where it is known.</value>
    public double OutputTokens { get; init; } = double.NaN;

    /// <value>Requests that ended.</value>
    public double Completions { get; init; } = double.NaN;

    /// <value>Requests among those that missed the service level.</value>
    public double Misses { get; init; } = double.NaN;

    /// <value>Requests waiting at <see cref="Time"/>.</value>
    public double Queue { get; init; } = double.NaN;

    /// <value>Seconds that the oldest of them has waited.</value>
    public double QueueAgeSeconds { get; init; } = double.NaN;

    /// <value>Requests on replicas at <see cref="Time"/>.</value>
    public double Running { get; init; } = double.NaN;

    /// <value>Replicas that served at <see cref="Time"/>.</value>
    public double Ready { get; init; } = double.NaN;

    /// <value>Line of the sample in its file, 1-based; 0 where it came from no file.</value>
    public long Line { get; init; }
}
