using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace SelfDev.Functions.Hosting;

/// <summary>
/// Exports what the sources and meters named <c>SelfDev.*</c> emit over OTLP, when the standard variables ask for it.
/// Requests, dependencies and logs go to Application Insights through the Functions host whether or not.
/// </summary>
internal sealed class Telemetry : IDisposable
{
    private readonly IDisposable?[] _providers;

    private Telemetry(params IDisposable?[] providers) => _providers = providers;

    public static Telemetry Start()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT")))
        {
            return new Telemetry();
        }

        var resource = ResourceBuilder.CreateDefault().AddService("selfdev").AddEnvironmentVariableDetector();
        return new Telemetry(
            Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .AddSource("SelfDev.*")
                .AddOtlpExporter()
                .Build(),
            Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(resource)
                .AddMeter("SelfDev.*")
                .AddOtlpExporter()
                .Build()
        );
    }

    public void Dispose()
    {
        foreach (var provider in _providers)
        {
            provider?.Dispose();
        }
    }
}
