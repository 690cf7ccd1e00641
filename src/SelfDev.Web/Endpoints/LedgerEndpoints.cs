using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Reports;
using SelfDev.Web.Pages;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Web.Endpoints;

/// <summary>What an auditor needs over HTTP: the newest signed head, to be noted elsewhere, and proofs against it.</summary>
internal static class LedgerEndpoints
{
    /// <summary><c>GET /api/ledger/head</c></summary>
    public static async Task<IResult> HeadAsync(HttpRequest request)
    {
        var head = await Ledger(request).LatestHeadAsync(request.HttpContext.RequestAborted);
        return head is null
            ? WebErrors.Problem(request, StatusCodes.Status404NotFound, "The ledger is empty.")
            : Results.Json(head, ReportJson.Options);
    }

    /// <summary><c>GET /api/ledger/entries/{n}</c>: the entry with its inclusion proof and the head that it leads to.</summary>
    public static async Task<IResult> EntryAsync(HttpRequest request)
    {
        if (!long.TryParse((string)request.RouteValues["n"]!, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            return WebErrors.Problem(request, StatusCodes.Status400BadRequest, "An entry is named by its 0-based number.");
        }

        var proof = await Ledger(request).ProveAsync(index, request.HttpContext.RequestAborted);
        return proof is null
            ? WebErrors.Problem(request, StatusCodes.Status404NotFound, "No signed head covers such an entry.")
            : Results.Json(proof, ReportJson.Options);
    }

    private static ILedgerStore Ledger(HttpRequest request) => request.HttpContext.RequestServices.GetRequiredService<ILedgerStore>();
}
