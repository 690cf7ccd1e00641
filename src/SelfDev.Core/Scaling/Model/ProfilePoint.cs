namespace SelfDev.Core.Scaling.Model;

/// <summary>A measurement of one replica: what it did with a stream of equal requests.</summary>
/// <param name="RequestsPerSecond">Rate that was offered.</param>
/// <param name="Samples">Requests of the measurement.</param>
/// <param name="RequestsPerSecondServed">Requests over the time from the first arrival to the last answer.</param>
/// <param name="LatencyP50">Seconds from arrival to the whole answer, median.</param>
/// <param name="LatencyP99">The same, 99th percentile; NaN where it was not measured.</param>
public sealed record ProfilePoint(
    int InputTokens,
    int OutputTokens,
    double RequestsPerSecond,
    int Samples,
    double RequestsPerSecondServed,
    double LatencyP50,
    double LatencyP99
)
{
    /// <value>
    /// Whether the slowest requests are those that met a cold server (compilation, memory still being mapped): a tail
    /// over four times the median at a rate that the server kept up with, where no queue explains it.
    /// </value>
    public bool HasColdStart => LatencyP99 > 4 * LatencyP50 && RequestsPerSecondServed > 0.9 * RequestsPerSecond;
}
