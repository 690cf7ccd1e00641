using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Reports;
using SelfDev.Web.Pages;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Web.Endpoints;

/// <summary>What an auditor needs over HTTP: the newest signed head, to be noted elsewhere, proofs against it, and the whole ledger to check oneself.</summary>
internal static class LedgerEndpoints
{
    private static readonly byte[] LineFeed = [(byte)'\n'];

    /// <summary><c>GET /api/ledger/head</c></summary>
    public static async Task<IResult> HeadAsync(HttpRequest request)
    {
        var head = await Ledger(request).LatestHeadAsync(request.HttpContext.RequestAborted);
        return head is null
            ? WebErrors.Problem(request, StatusCodes.Status404NotFound, "The ledger is empty.")
            : Results.Json(head, ReportJson.Options);
    }

    /// <summary><c>GET /api/ledger/heads</c>: all signed heads, oldest first.</summary>
    public static Task<IResult> HeadsAsync(HttpRequest request) =>
        Task.FromResult(Results.Json(Ledger(request).ReadHeadsAsync(request.HttpContext.RequestAborted), ReportJson.Options));

    /// <summary><c>GET /api/ledger/entries</c>: all entries as stored, a line each. These bytes, without the line feed, are the Merkle leaves.</summary>
    public static Task<IResult> EntriesAsync(HttpRequest request) => Task.FromResult(Results.Stream(
        async body =>
        {
            await foreach (var line in Ledger(request).ReadAsync(0, request.HttpContext.RequestAborted))
            {
                await body.WriteAsync(line, request.HttpContext.RequestAborted);
                await body.WriteAsync(LineFeed, request.HttpContext.RequestAborted);
            }
        },
        "application/x-ndjson"));

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

    /// <summary>
    /// <c>GET /api/audit</c>: reads everything that SelfDev alone may write, and gives a line for each thing that is not as it was written. None
    /// means that all was read and is genuine; a last line <c>audited</c> says that it came to its end.
    /// </summary>
    public static Task<IResult> AuditAsync(HttpRequest request) => Task.FromResult(Results.Stream(
        async body =>
        {
            var cancellation = request.HttpContext.RequestAborted;
            await foreach (var line in request.HttpContext.RequestServices.GetRequiredService<StorageAudit>().RunAsync(cancellation))
            {
                await WriteAsync(body, new { problem = line }, cancellation);
            }

            await WriteAsync(body, new { audited = true }, cancellation);
        },
        "application/x-ndjson"));

    private static async Task WriteAsync<T>(Stream body, T line, CancellationToken cancellation)
    {
        await JsonSerializer.SerializeAsync(body, line, ReportJson.Options, cancellation);
        await body.WriteAsync(LineFeed, cancellation);
    }

    private static ILedgerStore Ledger(HttpRequest request) => request.HttpContext.RequestServices.GetRequiredService<ILedgerStore>();
}
