using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Approval requests, sealed and written once: <c>requests/&lt;planHash&gt;/</c> in the trust store, with a marker a
/// request sorted by expiry, for listing.
/// </summary>
public sealed class ApprovalRequests(ITrustStore store, SealedLog log, TamperReports tampering)
{
    private const string MarkerPrefix = "requests-by-expiry/";
    private const string MarkerTime = "yyyyMMddHHmmssfff";

    /// <summary>Requests that are kept in memory: they never change, and a click reads the same one several
    /// times.</summary>
    private const int MostKept = 512;

    private readonly ConcurrentDictionary<string, ApprovalRequest> _kept = new(StringComparer.Ordinal);

    /// <summary>
    /// Files a request. The first one filed for a plan stands: filing another one for the same plan changes nothing.
    /// </summary>
    /// <returns>The request that stands.</returns>
    /// <exception cref="ArgumentException">The hash is not that of the plan.</exception>
    public async Task<ApprovalRequest> WriteAsync(ApprovalRequest request, CancellationToken cancellation)
    {
        if (request.PlanHash != PlanHash.Of(request.Plan))
        {
            throw new ArgumentException($"The plan does not have the hash {request.PlanHash}.", nameof(request));
        }

        while (true)
        {
            var records = await log.ReadAsync<ApprovalRequest>(Folder(request.PlanHash), cancellation);
            if (
                records.Items.Count > 0
                || await log.TryAppendAsync(Folder(request.PlanHash), records, request, cancellation)
            )
            {
                var standing = records.Items.Count > 0 ? records.Items[0] : request;
                await store.TryCreateAsync(MarkerOf(standing), default, cancellation);
                return standing;
            }
        }
    }

    /// <summary>Reads a request. One that is not as it was filed is reported and is none.</summary>
    /// <returns>Null where there is none.</returns>
    public async Task<ApprovalRequest?> ReadAsync(string planHash, CancellationToken cancellation)
    {
        if (!PlanHash.IsWellFormed(planHash))
        {
            return null;
        }

        if (_kept.TryGetValue(planHash, out var kept))
        {
            return kept;
        }

        var records = await log.ReadAsync<ApprovalRequest>(Folder(planHash), cancellation);
        if (records.Items.Count == 0 || records.Damage is not null)
        {
            return null;
        }

        // The seal binds the record to its folder, and the folder is the plan's hash; a genuine record elsewhere is no
        // request of this plan.
        var request = records.Items[0];
        if (request.PlanHash != planHash || PlanHash.Of(request.Plan) != planHash)
        {
            await tampering.ReportAsync(
                Folder(planHash),
                "its plan does not have the hash that it is filed under",
                null,
                cancellation
            );
            return null;
        }

        if (_kept.Count >= MostKept)
        {
            _kept.Clear();
        }

        _kept[planHash] = request;
        return request;
    }

    /// <inheritdoc cref="ReadAsync"/>
    /// <exception cref="NonRetryableException">There is none.</exception>
    public async Task<ApprovalRequest> RequireAsync(string planHash, CancellationToken cancellation) =>
        await ReadAsync(planHash, cancellation)
        ?? throw new NonRetryableException(
            $"The request of plan {planHash} is not in the trust store, or not as it was filed."
        );

    /// <summary>Plan hashes of requests whose plan has not expired at <paramref name="now"/>, soonest expiry first,
    /// decided or not.</summary>
    public async IAsyncEnumerable<string> ListUnexpiredAsync(
        DateTimeOffset now,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var from = MarkerPrefix + now.UtcDateTime.ToString(MarkerTime, CultureInfo.InvariantCulture);
        var known = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var name in store.ListAsync(MarkerPrefix, from, cancellation))
        {
            if (
                name.Length > PlanHash.Length
                && PlanHash.IsWellFormed(name[^PlanHash.Length..])
                && known.Add(name[^PlanHash.Length..])
            )
            {
                yield return name[^PlanHash.Length..];
            }
        }
    }

    /// <summary>Whether the mark of this name is that of a genuine request.</summary>
    public async Task<bool> HasMarkerAsync(string name, CancellationToken cancellation) =>
        name.Length > PlanHash.Length
        && await ReadAsync(name[^PlanHash.Length..], cancellation) is { } request
        && MarkerOf(request) == name;

    /// <summary>Whether a genuine request has its mark, by which pending ones are listed.</summary>
    /// <returns>Null where there is no such request.</returns>
    public async Task<bool?> IsListedAsync(string planHash, CancellationToken cancellation) =>
        await ReadAsync(planHash, cancellation) is { } request
            ? await store.ReadAsync(MarkerOf(request), cancellation) is { Length: 0 }
            : null;

    private static string MarkerOf(ApprovalRequest request) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{MarkerPrefix}{request.Plan.ExpiresAt.UtcDateTime.ToString(MarkerTime, CultureInfo.InvariantCulture)}-{request.PlanHash}"
        );

    private static string Folder(string planHash) => $"requests/{planHash}";
}
