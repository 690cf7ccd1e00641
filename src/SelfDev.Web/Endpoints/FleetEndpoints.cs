using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Approvals;
using SelfDev.Core.Json;
using SelfDev.Core.Text;
using SelfDev.Web.Pages;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Web.Endpoints;

/// <summary>Metrics of a serving fleet, pushed by whoever has them.</summary>
internal static class FleetEndpoints
{
    private const int MostSamples = 1000;
    private const int MaxBodyBytes = 4 << 20;

    private static readonly JsonSerializerOptions Strict = new(SelfDevJson.Http)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>
    /// <c>GET /api/fleets/{name}</c>: what the fleet's workflow does, and which instances drain. A router that asks at
    /// least every 15 s and sends those nothing more loses no request to a scale-in.
    /// </summary>
    public static async Task<IResult> ShowAsync(HttpRequest request)
    {
        var (fleet, unknown) = await FindAsync(request);
        if (fleet is null)
        {
            return unknown!;
        }

        var workflows = request.HttpContext.RequestServices.GetRequiredService<IWorkflowClient>();
        var instance = await workflows.GetAsync(
            FleetScaling.InstanceId(fleet.Name),
            request.HttpContext.RequestAborted
        );
        return Payload.Deserialize<FleetStatus>(instance?.CustomStatus) is { } status
            ? Results.Json(status, SelfDevJson.Http)
            : WebErrors.Problem(
                request,
                StatusCodes.Status404NotFound,
                $"'{fleet.Name}' has not been looked at yet: its first sample starts that."
            );
    }

    /// <summary>
    /// <c>POST /api/fleets/{name}/samples</c> with one <see cref="FleetSample"/> or a list of them. All are taken or,
    /// if one is wrong, none. The first starts the fleet's workflow; one that shows a queue wakes it. Sending a sample
    /// again changes nothing.
    /// </summary>
    public static async Task<IResult> AddSamplesAsync(HttpRequest request)
    {
        var (services, cancellation) = (request.HttpContext.RequestServices, request.HttpContext.RequestAborted);
        var (fleet, unknown) = await FindAsync(request);
        if (fleet is null)
        {
            return unknown!;
        }

        var (samples, wrong) = await ReadAsync(request);
        if (wrong is not null)
        {
            return WebErrors.Problem(request, wrong.Value.Status, wrong.Value.Detail);
        }

        var store = services.GetRequiredService<FleetSamples>();
        foreach (var sample in samples)
        {
            await store.AddAsync(fleet.Name, sample, cancellation);
        }

        var workflows = services.GetRequiredService<IWorkflowClient>();
        var instance = FleetScaling.InstanceId(fleet.Name);
        await workflows.StartAsync(FleetScaling.Handle, new FleetScalingState(fleet.Name), instance, cancellation);
        if (samples.Any(sample => sample.Queue > 0))
        {
            await workflows.RaiseEventAsync(instance, FleetScaling.Urgent, Nothing.Value, cancellation);
        }

        return Results.Json(
            new SamplesAnswer(samples.Count, instance),
            SelfDevJson.Http,
            statusCode: StatusCodes.Status202Accepted
        );
    }

    private static async Task<(PolicyFleet? Fleet, IResult? Unknown)> FindAsync(HttpRequest request)
    {
        var name = request.RouteValues["name"] as string ?? "";
        var reading = await request
            .HttpContext.RequestServices.GetRequiredService<IApprovalPolicySource>()
            .ReadAsync(request.HttpContext.RequestAborted);
        if (reading.Policy is null)
        {
            return (
                null,
                WebErrors.Problem(
                    request,
                    StatusCodes.Status503ServiceUnavailable,
                    $"The policy file cannot be used, so no fleet is known: {string.Join(" ", reading.Errors)}"
                )
            );
        }

        if (reading.Policy.Fleets.GetValueOrDefault(name) is not { } fleet)
        {
            return (
                null,
                WebErrors.Problem(
                    request,
                    StatusCodes.Status404NotFound,
                    $"The policy file has no fleet '{SafeText.SingleLine(name)}'."
                )
            );
        }

        if (fleet.Scaling is null)
        {
            return (
                null,
                WebErrors.Problem(
                    request,
                    StatusCodes.Status409Conflict,
                    $"The policy file lets nobody scale '{fleet.Name}' by its metrics: add 'scaling' to the fleet."
                )
            );
        }

        return (fleet, null);
    }

    private static async Task<(IReadOnlyList<FleetSample> Samples, (int Status, string Detail)? Wrong)> ReadAsync(
        HttpRequest request
    )
    {
        List<FleetSample> samples;
        try
        {
            using var body = await SmallBody.ReadJsonAsync(request, MaxBodyBytes);
            samples =
                body.RootElement.ValueKind == JsonValueKind.Array
                    ? body.RootElement.Deserialize<List<FleetSample>>(Strict)!
                    : [body.RootElement.Deserialize<FleetSample>(Strict)!];
        }
        catch (JsonException exception)
        {
            return (
                [],
                (
                    StatusCodes.Status400BadRequest,
                    $"Not a sample or a list of samples: {SafeText.SingleLine(exception.Message)}"
                )
            );
        }

        if (samples.Count is 0 or > MostSamples || samples.Contains(null!))
        {
            return ([], (StatusCodes.Status400BadRequest, $"Send 1 to {MostSamples} samples."));
        }

        var now = request.HttpContext.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var problems = samples
            .SelectMany(
                (sample, index) =>
                    sample.Problems(now).Select(problem => samples.Count == 1 ? problem : $"[{index}] {problem}")
            )
            .Take(20)
            .ToList();
        return problems.Count == 0
            ? (samples, null)
            : ([], (StatusCodes.Status400BadRequest, string.Join(' ', problems)));
    }
}

/// <param name="Accepted">Samples taken.</param>
/// <param name="Instance">Workflow of the fleet.</param>
public sealed record SamplesAnswer(int Accepted, string Instance);
