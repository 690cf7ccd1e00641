using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Approvals;
using SelfDev.Core.Json;
using SelfDev.Web.Pages;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Web.Endpoints;

/// <summary>The dashboard, the kill switch, and the liveness probe.</summary>
internal static class OperationsEndpoints
{
    private const int ShownInstances = 50;
    private const int ShownApprovals = 50;
    private const int MaxBodyBytes = 8 * 1024;

    /// <summary><c>GET /healthz</c>: the process answers. Nothing else, because anybody may ask.</summary>
    public static Task<IResult> HealthAsync(HttpRequest request) => Task.FromResult(Results.Text("ok"));

    /// <summary><c>GET /</c></summary>
    public static async Task<IResult> DashboardAsync(HttpRequest request)
    {
        var cancellation = request.HttpContext.RequestAborted;
        var pending = await Service<PendingApprovals>(request)
            .ListAsync("", cancellation)
            .Take(ShownApprovals + 1)
            .ToListAsync(cancellation);
        return DashboardPage.Render(
            request,
            new DashboardContent(
                Service<TimeProvider>(request).GetUtcNow(),
                WebRoute.CallerOf(request).Name,
                await Service<KillSwitch>(request).ReadAsync(cancellation),
                [.. pending.Take(ShownApprovals)],
                pending.Count > ShownApprovals,
                Service<TamperReports>(request).Newest,
                await InstanceEndpoints.NewestAsync(request, new WorkflowQuery(), ShownInstances),
                await Service<ILedgerStore>(request).LatestHeadAsync(cancellation)
            )
        );
    }

    /// <summary><c>GET /api/killswitch</c></summary>
    public static async Task<IResult> ReadKillSwitchAsync(HttpRequest request) =>
        Results.Json(
            await Service<KillSwitch>(request).ReadAsync(request.HttpContext.RequestAborted),
            SelfDevJson.Http
        );

    /// <summary><c>POST /api/killswitch</c> with <c>engaged</c> (true or false) and <c>reason</c>. In force when it
    /// answers; <c>ledger</c> says where it is not in the ledger yet. Releasing is for the people whom the policy
    /// names.</summary>
    public static async Task<IResult> SetKillSwitchAsync(HttpRequest request)
    {
        var body = await SmallBody.ReadAsync(request, MaxBodyBytes);
        var (engaged, reason) = (body.Flag("engaged"), DecisionReason.Cut(body.Text("reason")));
        if (engaged is null)
        {
            return WebErrors.Problem(
                request,
                StatusCodes.Status400BadRequest,
                "Send 'engaged' as true or false, and 'reason' if you like, as a form or as JSON."
            );
        }

        var caller = WebRoute.CallerOf(request);
        var change = await Service<KillSwitch>(request)
            .SetAsync(engaged.Value, caller.Name, reason, caller.Proof, request.HttpContext.RequestAborted);
        if (change.Refusal is { } refusal)
        {
            return WebErrors.Problem(request, StatusCodes.Status403Forbidden, refusal);
        }

        Logs.KillSwitchSet(Service<ILoggerFactory>(request).CreateLogger("SelfDev.Web"), engaged.Value);
        if (!WebErrors.WantsPage(request))
        {
            var answer = JsonSerializer.SerializeToNode(change.State, SelfDevJson.Http)!;
            answer["ledger"] = change.LedgerProblem;
            return Results.Json(answer, SelfDevJson.Http);
        }

        request.HttpContext.Response.Headers.Location = "/";
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static T Service<T>(HttpRequest request)
        where T : notnull => request.HttpContext.RequestServices.GetRequiredService<T>();
}
