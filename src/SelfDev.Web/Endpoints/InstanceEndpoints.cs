using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Json;
using SelfDev.Core.Reports.Render;
using SelfDev.Web.Pages;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Web.Endpoints;

/// <summary>Workflow instances and their reports, read only. No engine address that could steer an instance is ever
/// handed out.</summary>
internal static class InstanceEndpoints
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    private static readonly Dictionary<string, string> ReportTypes = new(StringComparer.Ordinal)
    {
        ["report.json"] = "application/json; charset=utf-8",
        ["report.html"] = "text/html; charset=utf-8",
        ["report.md"] = "text/markdown; charset=utf-8",
    };

    /// <summary><c>GET /api/instances?prefix=&amp;status=&amp;limit=</c>: newest first.</summary>
    public static async Task<IResult> ListAsync(HttpRequest request)
    {
        var limit = DefaultLimit;
        if (
            request.Query.TryGetValue("limit", out var asked)
            && (
                !int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out limit)
                || limit is < 1 or > MaxLimit
            )
        )
        {
            return WebErrors.Problem(
                request,
                StatusCodes.Status400BadRequest,
                $"'limit' is a number from 1 to {MaxLimit}."
            );
        }

        var statuses = new List<WorkflowStatus>();
        foreach (var name in request.Query["status"])
        {
            if (
                !Enum.TryParse<WorkflowStatus>(name, ignoreCase: true, out var status)
                || int.TryParse(name, CultureInfo.InvariantCulture, out _)
            )
            {
                return WebErrors.Problem(
                    request,
                    StatusCodes.Status400BadRequest,
                    $"'status' is one of {string.Join(", ", Enum.GetNames<WorkflowStatus>())}."
                );
            }

            statuses.Add(status);
        }

        var prefix = request.Query["prefix"].ToString();
        var newest = await NewestAsync(request, new WorkflowQuery(prefix.Length > 0 ? prefix : null, statuses), limit);
        return Results.Json(newest.Select(View), SelfDevJson.Http);
    }

    /// <summary><c>GET /api/instances/{id}</c></summary>
    public static async Task<IResult> GetAsync(HttpRequest request)
    {
        var instance = await Service<IWorkflowClient>(request)
            .GetAsync((string)request.RouteValues["id"]!, request.HttpContext.RequestAborted);
        return instance is null
            ? WebErrors.Problem(request, StatusCodes.Status404NotFound, "There is no such instance.")
            : Results.Json(View(instance), SelfDevJson.Http);
    }

    /// <summary><c>GET /api/reports/{instance}/{file}</c>: <c>report.json</c>, <c>report.html</c> or
    /// <c>report.md</c>.</summary>
    public static async Task<IResult> ReportAsync(HttpRequest request)
    {
        var (instance, file) = ((string)request.RouteValues["instance"]!, (string)request.RouteValues["file"]!);
        if (
            !ReportTypes.TryGetValue(file, out var type)
            || instance.Contains("..", StringComparison.Ordinal)
            || instance.Contains('/', StringComparison.Ordinal)
        )
        {
            return NoReport(request);
        }

        try
        {
            var stream = await Service<IArtifactStore>(request)
                .OpenReadAsync(
                    new BlobRef(Containers.Reports, $"{instance}/{file}", null),
                    request.HttpContext.RequestAborted
                );
            // The report's own policy: its style and scripts by hash, nothing else, and no frame around it.
            request.HttpContext.Response.Headers.ContentSecurityPolicy =
                file == "report.html"
                    ? $"{ReportHtml.ContentSecurityPolicy}; frame-ancestors 'none'"
                    : "default-src 'none'; frame-ancestors 'none'; sandbox";
            return Results.Stream(stream, type);
        }
        catch (BlobGoneException)
        {
            return NoReport(request);
        }
    }

    /// <summary>The newest instances that match, newest first.</summary>
    public static async Task<IReadOnlyList<WorkflowInstance>> NewestAsync(
        HttpRequest request,
        WorkflowQuery query,
        int limit
    )
    {
        var newest = new List<WorkflowInstance>();
        await foreach (
            var instance in Service<IWorkflowClient>(request)
                .QueryAsync(query with { Limit = limit, NewestFirst = true }, request.HttpContext.RequestAborted)
        )
        {
            newest.Add(instance);
        }

        return newest;
    }

    private static IResult NoReport(HttpRequest request) =>
        WebErrors.Problem(
            request,
            StatusCodes.Status404NotFound,
            $"There is no such report (yet). Reports are {string.Join(", ", ReportTypes.Keys)} of an instance."
        );

    private static InstanceView View(WorkflowInstance instance) =>
        new(
            instance.InstanceId,
            instance.Name,
            instance.Version,
            instance.Status,
            instance.CreatedAt,
            instance.UpdatedAt,
            Parse(instance.Input),
            Parse(instance.Output),
            Parse(instance.CustomStatus),
            instance.Failure
        );

    private static JsonNode? Parse(string? json) => json is null ? null : JsonNode.Parse(json);

    private static T Service<T>(HttpRequest request)
        where T : notnull => request.HttpContext.RequestServices.GetRequiredService<T>();
}

/// <summary>A workflow instance as the API shows it.</summary>
public sealed record InstanceView(
    string InstanceId,
    string Name,
    string Version,
    WorkflowStatus Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    JsonNode? Input,
    JsonNode? Output,
    JsonNode? CustomStatus,
    FailureDetails? Failure
);
