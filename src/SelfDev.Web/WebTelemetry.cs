using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace SelfDev.Web;

/// <summary>What the HTTP surface emits: names of routes and outcomes, never tokens, names of people or
/// content.</summary>
internal static class WebTelemetry
{
    private const string Name = "SelfDev.Web";

    private static readonly Meter Meter = new(Name);

    public static ActivitySource Source { get; } = new(Name);

    public static Counter<long> Decisions { get; } =
        Meter.CreateCounter<long>("selfdev.web.decisions", description: "Decisions by outcome.");

    public static Counter<long> Refused { get; } =
        Meter.CreateCounter<long>("selfdev.web.refused", description: "Requests without a valid proof, by route.");
}
