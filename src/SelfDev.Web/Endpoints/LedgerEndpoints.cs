using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Web.Pages;
using SelfDev.Workflows.Audit;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Web.Endpoints;

/// <summary>What an auditor needs over HTTP: the newest signed head, to be noted elsewhere, proofs against it, and the
/// whole ledger to check oneself.</summary>
internal static class LedgerEndpoints
{
    private static readonly byte[] LineFeed = [(byte)'\n'];

    /// <summary><c>GET /api/ledger/head</c></summary>
    public static async Task<IResult> HeadAsync(HttpRequest request)
    {
        var head = await Ledger(request).LatestHeadAsync(request.HttpContext.RequestAborted);
        return head is null
            ? WebErrors.Problem(request, StatusCodes.Status404NotFound, "The ledger is empty.")
            : Results.Json(head, SelfDevJson.Http);
    }

    /// <summary><c>GET /api/ledger/heads</c>: all signed heads, oldest first.</summary>
    public static Task<IResult> HeadsAsync(HttpRequest request) =>
        Task.FromResult(
            Results.Json(Ledger(request).ReadHeadsAsync(request.HttpContext.RequestAborted), SelfDevJson.Http)
        );

    /// <summary>
    /// <c>GET /api/ledger/entries?from=&amp;limit=</c>: entries as stored, a line each, from the 0-based one on;
    /// without a limit all of them. These bytes, without the line feed, are the Merkle leaves.
    /// </summary>
    public static Task<IResult> EntriesAsync(HttpRequest request)
    {
        if (Number(request, "from", 0) is not { } from || Number(request, "limit", long.MaxValue) is not { } limit)
        {
            return Task.FromResult(
                WebErrors.Problem(
                    request,
                    StatusCodes.Status400BadRequest,
                    "'from' is the 0-based number of an entry, 'limit' how many are wanted at most."
                )
            );
        }

        return Task.FromResult(Results.Stream(body => WriteAsync(request, from, limit, body), "application/x-ndjson"));
    }

    /// <summary><c>GET /api/ledger/entries/{n}</c>: the entry with its inclusion proof and the head that it leads
    /// to.</summary>
    public static async Task<IResult> EntryAsync(HttpRequest request)
    {
        if (
            !long.TryParse(
                (string)request.RouteValues["n"]!,
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var index
            )
        )
        {
            return WebErrors.Problem(
                request,
                StatusCodes.Status400BadRequest,
                "An entry is named by its 0-based number."
            );
        }

        var proof = await Ledger(request).ProveAsync(index, request.HttpContext.RequestAborted);
        return proof is null
            ? WebErrors.Problem(request, StatusCodes.Status404NotFound, "No signed head covers such an entry.")
            : Results.Json(proof, SelfDevJson.Http);
    }

    /// <summary>
    /// <c>GET /api/audit</c>: reads everything that SelfDev alone may write, and gives a line for each thing that is
    /// not as it was written. None means that all was read and is genuine; a last line <c>audited</c> says that it came
    /// to its end.
    /// </summary>
    public static Task<IResult> AuditAsync(HttpRequest request) =>
        Task.FromResult(
            Results.Stream(
                async body =>
                {
                    var cancellation = request.HttpContext.RequestAborted;
                    await foreach (
                        var line in request
                            .HttpContext.RequestServices.GetRequiredService<StorageAudit>()
                            .RunAsync(cancellation)
                    )
                    {
                        await WriteAsync(body, new { problem = line }, cancellation);
                    }

                    await WriteAsync(body, new { audited = true }, cancellation);
                },
                "application/x-ndjson"
            )
        );

    private static async Task WriteAsync<T>(Stream body, T line, CancellationToken cancellation)
    {
        await JsonSerializer.SerializeAsync(body, line, SelfDevJson.Http, cancellation);
        await body.WriteAsync(LineFeed, cancellation);
    }

    private static async Task WriteAsync(HttpRequest request, long from, long limit, Stream body)
    {
        var cancellation = request.HttpContext.RequestAborted;
        if (limit == 0)
        {
            return;
        }

        await foreach (var line in Ledger(request).ReadAsync(from, cancellation))
        {
            await body.WriteAsync(line, cancellation);
            await body.WriteAsync(LineFeed, cancellation);
            if (--limit == 0)
            {
                return;
            }
        }
    }

    /// <returns>Null where something else than a number from 0 on was given.</returns>
    private static long? Number(HttpRequest request, string name, long fallback) =>
        !request.Query.TryGetValue(name, out var text) ? fallback
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : null;

    private static ILedgerStore Ledger(HttpRequest request) =>
        request.HttpContext.RequestServices.GetRequiredService<ILedgerStore>();
}
