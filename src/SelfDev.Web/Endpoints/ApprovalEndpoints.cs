using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Web.Pages;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;

namespace SelfDev.Web.Endpoints;

/// <summary>Approval links for people, and the same by API. A GET shows and changes nothing, whoever sends it; only a
/// POST decides.</summary>
internal static class ApprovalEndpoints
{
    private const int MaxBodyBytes = 8 * 1024;
    private const int MinPrefixChars = 8;
    private const int ListedApprovals = 1000;

    private const string Gone =
        "There is no approval with this id, or several begin with it, or it is not as it was filed: then nobody can "
        + "decide about it.";

    /// <summary><c>GET /approvals/{token}</c></summary>
    public static async Task<IResult> ShowAsync(HttpRequest request)
    {
        var (claims, refusal) = ReadToken(request);
        if (claims is null)
        {
            return refusal!;
        }

        var (approval, problem) = await FindAsync(request, claims);
        if (approval is null)
        {
            return problem!;
        }

        return await ShowAsync(request, approval, new Viewer(claims.Approver, DecisionProof.Link(claims.Nonce)));
    }

    /// <summary><c>GET /decide/{id}</c>: the same page for whoever is signed in, where a link's word is not
    /// enough.</summary>
    public static async Task<IResult> ShowSignedInAsync(HttpRequest request)
    {
        var (approval, problem) = await FindByIdAsync(request);
        var caller = WebRoute.CallerOf(request);
        return approval is null ? problem! : await ShowAsync(request, approval, new Viewer(caller.Name, caller.Proof));
    }

    /// <summary><c>POST /approvals/{token}</c> with <c>decision=approve|reject</c> and <c>reason</c>, as form or
    /// JSON.</summary>
    public static async Task<IResult> DecideByLinkAsync(HttpRequest request)
    {
        var (claims, refusal) = ReadToken(request);
        if (claims is null)
        {
            return refusal!;
        }

        var (body, wrong) = await ReadBodyAsync(request);
        if (body is null)
        {
            return wrong!;
        }

        var (approval, problem) = await FindAsync(request, claims);
        return approval is null
            ? problem!
            : await DecideAsync(
                request,
                approval.PlanHash,
                body,
                claims.Approver,
                DecisionProof.Link(claims.Nonce),
                redirectTo: request.Path
            );
    }

    /// <summary><c>GET /api/approvals</c>: what waits for a decision, soonest expiry first; at most 1,000.</summary>
    public static async Task<IResult> ListAsync(HttpRequest request) =>
        Results.Json(
            (
                await Service<PendingApprovals>(request)
                    .ListAsync("", request.HttpContext.RequestAborted)
                    .Take(ListedApprovals)
                    .ToListAsync(request.HttpContext.RequestAborted)
            ).Select(pending => View(pending.Request, new RecordedDecisions(pending.Decisions, null))),
            SelfDevJson.Http
        );

    /// <summary><c>GET /api/approvals/{id}</c>; the id is the plan hash or its first 8 or more characters.</summary>
    public static async Task<IResult> GetAsync(HttpRequest request)
    {
        var (approval, problem) = await FindByIdAsync(request);
        return approval is null
            ? problem!
            : Results.Json(
                View(
                    approval,
                    await Service<DecisionStore>(request).ReadAsync(approval, request.HttpContext.RequestAborted)
                ),
                SelfDevJson.Http
            );
    }

    /// <summary><c>POST /api/approvals/{id}</c>: the caller's key or principal is who decides.</summary>
    public static async Task<IResult> DecideByKeyAsync(HttpRequest request)
    {
        var (body, wrong) = await ReadBodyAsync(request);
        if (body is null)
        {
            return wrong!;
        }

        var (approval, problem) = await FindByIdAsync(request);
        var caller = WebRoute.CallerOf(request);
        return approval is null
            ? problem!
            : await DecideAsync(request, approval.PlanHash, body, caller.Name, caller.Proof, redirectTo: null);
    }

    /// <summary><c>POST /decide/{id}</c>: the form of that page.</summary>
    public static async Task<IResult> DecideSignedInAsync(HttpRequest request)
    {
        var (body, wrong) = await ReadBodyAsync(request);
        if (body is null)
        {
            return wrong!;
        }

        var (approval, problem) = await FindByIdAsync(request);
        var caller = WebRoute.CallerOf(request);
        return approval is null
            ? problem!
            : await DecideAsync(request, approval.PlanHash, body, caller.Name, caller.Proof, redirectTo: request.Path);
    }

    private static async Task<IResult> ShowAsync(HttpRequest request, ApprovalRequest approval, Viewer viewer)
    {
        var decisions = await Service<DecisionStore>(request).ReadAsync(approval, request.HttpContext.RequestAborted);
        return WebErrors.WantsPage(request)
            ? ApprovalPage.Render(
                request,
                approval,
                decisions,
                viewer,
                Now(request),
                await ExplanationAsync(request, approval)
            )
            : Results.Json(View(approval, decisions), SelfDevJson.Http);
    }

    private static async Task<IResult> DecideAsync(
        HttpRequest request,
        string planHash,
        DecisionBody body,
        string approver,
        string proof,
        string? redirectTo
    )
    {
        var outcome = await Service<ApprovalDecisions>(request)
            .DecideAsync(planHash, body.Kind, approver, body.Reason, proof, request.HttpContext.RequestAborted);
        WebTelemetry.Decisions.Add(1, new KeyValuePair<string, object?>("outcome", outcome.Result.ToString()));
        var logger = Logger(request);
        Logs.DecisionTaken(logger, planHash, outcome.Result);
        return outcome.Result switch
        {
            // 303: the browser shows the page by GET, so that reloading it sends nothing again.
            DecisionResult.Recorded when redirectTo is not null && WebErrors.WantsPage(request) => SeeOther(
                request,
                redirectTo
            ),
            DecisionResult.Recorded => Results.Json(
                new DecisionAnswer(planHash, approver, body.Kind, outcome.State!.Value),
                SelfDevJson.Http
            ),
            DecisionResult.Unknown => WebErrors.Problem(request, StatusCodes.Status404NotFound, outcome.Message),
            DecisionResult.Forbidden => WebErrors.Problem(request, StatusCodes.Status403Forbidden, outcome.Message),
            _ => WebErrors.Problem(request, StatusCodes.Status409Conflict, outcome.Message),
        };
    }

    // Forged, altered and unknown read the same: an answer that tells them apart helps only whoever forges.
    private static (ApprovalClaims? Claims, IResult? Refusal) ReadToken(HttpRequest request)
    {
        var reading = ApprovalTokens.Verify(
            Service<ApprovalKeyRing>(request),
            (string)request.RouteValues["token"]!,
            Now(request),
            Service<WebOptions>(request).LinkExpiryTolerance
        );
        if (reading.Status == TokenStatus.Valid)
        {
            return (reading.Claims, null);
        }

        var logger = Logger(request);
        Logs.LinkRefused(logger, reading.Status);
        WebTelemetry.Refused.Add(1, new KeyValuePair<string, object?>("route", "ApprovalLink"));
        return (
            null,
            WebErrors.Unauthorized(
                request,
                reading.Status is TokenStatus.Expired
                    ? "This link has expired. No decision by then means no action."
                    : "This link is not valid. Open the newest one that you were sent, unchanged."
            )
        );
    }

    private static async Task<(ApprovalRequest? Approval, IResult? Problem)> FindAsync(
        HttpRequest request,
        ApprovalClaims claims
    )
    {
        var approval = await Service<ApprovalRequests>(request)
            .ReadAsync(claims.PlanHash, request.HttpContext.RequestAborted);
        return approval switch
        {
            null => (null, WebErrors.Problem(request, StatusCodes.Status404NotFound, Gone)),
            _ when !ApprovalLinks.IsFor(approval, claims) => (
                null,
                WebErrors.Problem(request, StatusCodes.Status409Conflict, "This link belongs to an earlier plan.")
            ),
            _ => (approval, null),
        };
    }

    private static async Task<Diagnosis?> ExplanationAsync(HttpRequest request, ApprovalRequest approval) =>
        approval is { ReportId: { } report, ExplanationGroup: { } group }
            ? await Service<Explanations>(request).ReadAsync(report, group, request.HttpContext.RequestAborted)
            : null;

    private static async Task<(ApprovalRequest? Approval, IResult? Problem)> FindByIdAsync(HttpRequest request)
    {
        var cancellation = request.HttpContext.RequestAborted;
        var id = (string)request.RouteValues["id"]!;
        if (!PlanHash.IsWellFormed(id) && id.Length >= MinPrefixChars)
        {
            var matching = await Service<PendingApprovals>(request)
                .ListAsync(id, cancellation)
                .Take(2)
                .ToListAsync(cancellation);
            id = matching.Count == 1 ? matching[0].Request.PlanHash : id;
        }

        var approval = await Service<ApprovalRequests>(request).ReadAsync(id, cancellation);
        return approval is null
            ? (null, WebErrors.Problem(request, StatusCodes.Status404NotFound, Gone))
            : (approval, null);
    }

    private static async Task<(DecisionBody? Body, IResult? Wrong)> ReadBodyAsync(HttpRequest request)
    {
        var body = await SmallBody.ReadAsync(request, MaxBodyBytes);
        var (decision, reason) = (body.Text("decision"), body.Text("reason"));
        return decision switch
        {
            "approve" => (new DecisionBody(DecisionKind.Approve, reason), null),
            "reject" => (new DecisionBody(DecisionKind.Reject, reason), null),
            _ => (
                null,
                WebErrors.Problem(
                    request,
                    StatusCodes.Status400BadRequest,
                    "Send 'decision' as 'approve' or 'reject', and 'reason' if you like, as a form or as JSON."
                )
            ),
        };
    }

    private static IResult SeeOther(HttpRequest request, string path)
    {
        request.HttpContext.Response.Headers.Location = path;
        return Results.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static ApprovalView View(ApprovalRequest approval, RecordedDecisions decisions) =>
        new(
            approval.PlanHash,
            decisions.StateUnder(approval.Terms()),
            approval.Subject,
            approval.Plan,
            approval.Proposal.Why,
            approval.Proposal.Cost,
            approval.Requirement.Quorum,
            approval.Requirement.Approvers,
            decisions.Items,
            approval.RequestedAt,
            approval.Plan.ExpiresAt,
            approval.ReportId
        )
        {
            QuorumBecause = approval.Requirement.Because,
            RequestHash = approval.Hash(),
            NeedsSignIn = approval.Requirement.NeedsSignIn,
        };

    private static T Service<T>(HttpRequest request)
        where T : notnull => request.HttpContext.RequestServices.GetRequiredService<T>();

    private static DateTimeOffset Now(HttpRequest request) => Service<TimeProvider>(request).GetUtcNow();

    private static ILogger Logger(HttpRequest request) => Service<ILoggerFactory>(request).CreateLogger("SelfDev.Web");

    private sealed record DecisionBody(DecisionKind Kind, string? Reason);
}

/// <summary>An approval as the API shows it.</summary>
/// <param name="Id">The plan hash.</param>
public sealed record ApprovalView(
    string Id,
    ApprovalState State,
    string? Subject,
    EffectPlan Plan,
    string Why,
    string? Cost,
    int Quorum,
    IReadOnlyList<string> Approvers,
    IReadOnlyList<Decision> Decisions,
    DateTimeOffset RequestedAt,
    DateTimeOffset ExpiresAt,
    string? ReportId
)
{
    /// <value>As <see cref="ApprovalRequirement.Because"/>.</value>
    public string? QuorumBecause { get; init; }

    /// <value>Of everything that an approver is shown; every decision names it.</value>
    public string RequestHash { get; init; } = "";

    /// <value>As <see cref="ApprovalRequirement.NeedsSignIn"/>.</value>
    public bool NeedsSignIn { get; init; }
}

/// <param name="State">Of the approval after this decision.</param>
public sealed record DecisionAnswer(string Id, string Approver, DecisionKind Decision, ApprovalState State);
