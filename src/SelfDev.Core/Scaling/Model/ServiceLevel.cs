namespace SelfDev.Core.Scaling.Model;

/// <summary>The latency that a fleet promises. A request attains it when every limit holds for that request.</summary>
public sealed record ServiceLevel
{
    /// <value>Seconds from arrival to the first token, 0.01 to 600. Default 2.</value>
    public double TimeToFirstTokenSeconds { get; init; } = 2;

    /// <value>Mean seconds between the tokens of one answer, 0.001 to 60. Default 0.2: DistServe (OSDI 2024, table 1)
    /// asks for 0.1 to 0.2.</value>
    public double InterTokenSeconds { get; init; } = 0.2;

    /// <value>Seconds that a request may wait before a replica begins with it, 0.01 to 3600. Default: no limit beyond
    /// time to first token.</value>
    public double QueueSeconds { get; init; } = double.PositiveInfinity;

    /// <value>Share of requests that must attain it, 0.5 to 0.9999. Default 0.99.</value>
    public double Attainment { get; init; } = 0.99;
}
