namespace SelfDev.Core.Scaling.Model;

/// <summary>What an average request looks like: the part of demand that changes slowly.</summary>
/// <param name="PrefillTokens">Mean uncached prompt tokens, at least 1.</param>
/// <param name="PrefillVariation">Squared coefficient of variation of those.</param>
/// <param name="OutputTokens">Mean output tokens, at least 1.</param>
public readonly record struct TrafficMix(double PrefillTokens, double PrefillVariation, double OutputTokens)
{
    /// <value>Squared coefficient of variation of the times between arrivals, as their dispersion tells it; 1 for
    /// independent users.</value>
    public double ArrivalVariation { get; init; } = 1;

    public static TrafficMix Of(TrafficTrace trace)
    {
        double prefill = 0,
            squares = 0,
            output = 0;
        foreach (var request in trace.Requests)
        {
            prefill += request.PrefillTokens;
            squares += (double)request.PrefillTokens * request.PrefillTokens;
            output += request.OutputTokens;
        }

        var mean = prefill / trace.Count;
        return new TrafficMix(mean, Math.Max(0, (squares / trace.Count / (mean * mean)) - 1), output / trace.Count);
    }
}
