using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Core.Reports;
using SelfDev.Web.Pages;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Web.Endpoints;

/// <summary>The dashboard, its sign-in, the kill switch, and the liveness probe.</summary>
internal static class OperationsEndpoints
{
    private const int ShownInstances = 50;
    private const int ShownApprovals = 50;

    /// <summary><c>GET /healthz</c>: the process answers. Nothing else, because anybody may ask.</summary>
    public static Task<IResult> HealthAsync(HttpRequest request) => Task.FromResult(Results.Text("ok"));

    /// <summary><c>GET /</c></summary>
    public static async Task<IResult> DashboardAsync(HttpRequest request)
    {
        var cancellation = request.HttpContext.RequestAborted;
        var pending = await Service<PendingApprovals>(request).ListAsync("", cancellation).Take(ShownApprovals + 1).ToListAsync(cancellation);
        return DashboardPage.Render(request, new DashboardContent(
            Service<TimeProvider>(request).GetUtcNow(),
            WebRoute.CallerOf(request).Name,
            await Service<KillSwitch>(request).ReadAsync(cancellation),
            [.. pending.Take(ShownApprovals)],
            pending.Count > ShownApprovals,
            Service<TamperReports>(request).Newest,
            await InstanceEndpoints.NewestAsync(request, new WorkflowQuery(), ShownInstances),
            await Service<ILedgerStore>(request).LatestHeadAsync(cancellation)));
    }

    /// <summary><c>POST /signin</c> with <c>key</c>: opens a session for the browser.</summary>
    public static async Task<IResult> SignInAsync(HttpRequest request)
    {
        var key = request.HasFormContentType ? (await request.ReadFormAsync(request.HttpContext.RequestAborted))["key"].ToString() : "";
        var principal = CallerIdentity.FindKey(Service<WebOptions>(request), key.Trim());
        if (principal is null)
        {
            return SignInPage.Render(request, StatusCodes.Status401Unauthorized, "This is not the key.");
        }

        var response = request.HttpContext.Response;
        response.Cookies.Append(
            CallerIdentity.SessionCookie,
            CallerIdentity.OpenSession(principal, Service<TimeProvider>(request).GetUtcNow()),
            new CookieOptions { HttpOnly = true, Secure = request.IsHttps, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true });
        response.Headers.Location = "/";
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    /// <summary><c>GET /api/killswitch</c></summary>
    public static async Task<IResult> ReadKillSwitchAsync(HttpRequest request) =>
        Results.Json(await Service<KillSwitch>(request).ReadAsync(request.HttpContext.RequestAborted), ReportJson.Options);

    /// <summary><c>POST /api/killswitch</c> with <c>engaged</c> (true or false) and <c>reason</c>. In force, and in the ledger, when it answers. Releasing is for the people whom the policy names.</summary>
    public static async Task<IResult> SetKillSwitchAsync(HttpRequest request)
    {
        var (engaged, reason) = await ReadAsync(request);
        if (engaged is null)
        {
            return WebErrors.Problem(request, StatusCodes.Status400BadRequest, "Send 'engaged' as true or false, and 'reason' if you like, as a form or as JSON.");
        }

        var caller = WebRoute.CallerOf(request);
        var change = await Service<KillSwitch>(request).SetAsync(
            engaged.Value, caller.Name, reason, caller.Proof, request.HttpContext.RequestAborted);
        if (change.Refusal is { } refusal)
        {
            return WebErrors.Problem(request, StatusCodes.Status403Forbidden, refusal);
        }

        Logs.KillSwitchSet(Service<ILoggerFactory>(request).CreateLogger("SelfDev.Web"), engaged.Value);
        if (!WebErrors.WantsPage(request))
        {
            return Results.Json(change.State, ReportJson.Options);
        }

        request.HttpContext.Response.Headers.Location = "/";
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static async Task<(bool? Engaged, string? Reason)> ReadAsync(HttpRequest request)
    {
        var cancellation = request.HttpContext.RequestAborted;
        if (request.HasFormContentType)
        {
            var form = await request.ReadFormAsync(cancellation);
            return (bool.TryParse(form["engaged"], out var value) ? value : null, Cut(form["reason"].ToString()));
        }

        if (!request.HasJsonContentType())
        {
            return (null, null);
        }

        try
        {
            var body = await request.ReadFromJsonAsync<KillSwitchBody>(ReportJson.Options, cancellation);
            return (body?.Engaged, Cut(body?.Reason));
        }
        catch (System.Text.Json.JsonException)
        {
            return (null, null);
        }
    }

    private static string? Cut(string? reason) =>
        string.IsNullOrWhiteSpace(reason) ? null : reason.Length <= Decision.MaxReasonChars ? reason : reason[..Decision.MaxReasonChars];

    private static T Service<T>(HttpRequest request)
        where T : notnull => request.HttpContext.RequestServices.GetRequiredService<T>();

    private sealed record KillSwitchBody(bool? Engaged, string? Reason);
}
