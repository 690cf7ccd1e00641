using System.Diagnostics;
using System.Diagnostics.Metrics;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Analysts;

/// <summary>Traces and metrics of model calls; names follow OpenTelemetry's semantic conventions for generative AI
/// where they have one.</summary>
public static class AnalystTelemetry
{
    public const string Name = "SelfDev.Analyst";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>(
        "selfdev.analyst.tokens",
        "{token}",
        "Tokens of answered questions, by type."
    );

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "gen_ai.client.operation.duration",
        "s",
        "From the question to the answer, waits and repairs included."
    );

    internal static ActivitySource Source { get; } = new(Name);

    internal static void Record(AnalystUsage usage, bool answered)
    {
        var model = new KeyValuePair<string, object?>("gen_ai.response.model", usage.Analyst);
        Tokens.Add(usage.InputTokens, model, new("gen_ai.token.type", "input"));
        Tokens.Add(usage.OutputTokens, model, new("gen_ai.token.type", "output"));
        Tokens.Add(usage.CachedTokens, model, new("gen_ai.token.type", "cached"));
        Duration.Record(usage.Latency.TotalSeconds, model, new("selfdev.answered", answered));
    }
}
