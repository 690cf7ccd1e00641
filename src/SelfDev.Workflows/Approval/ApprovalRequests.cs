using System.Globalization;
using System.Runtime.CompilerServices;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Approval;

/// <summary>Approval requests as blobs: <c>evidence/approvals/&lt;planHash&gt;.json</c>, with a marker a request sorted by expiry, for listing.</summary>
public sealed class ApprovalRequests(IArtifactStore store)
{
    private const string MarkerPrefix = "approvals-by-expiry/";
    private const string MarkerTime = "yyyyMMddHHmmssfff";

    /// <summary>Writes or rewrites the same request.</summary>
    /// <exception cref="ArgumentException">The hash is not that of the plan.</exception>
    public async Task WriteAsync(ApprovalRequest request, CancellationToken cancellation)
    {
        if (request.PlanHash != PlanHash.Of(request.Plan))
        {
            throw new ArgumentException($"The plan does not have the hash {request.PlanHash}.", nameof(request));
        }

        await store.WriteJsonAsync(Containers.Evidence, Name(request.PlanHash), request, cancellation);
        var time = request.Plan.ExpiresAt.UtcDateTime.ToString(MarkerTime, CultureInfo.InvariantCulture);
        await store.TryCreateAsync(Containers.Evidence, $"{MarkerPrefix}{time}-{request.PlanHash}", default, "text/plain", cancellation);
    }

    /// <summary>Reads a request and checks that its plan still has the hash that it is filed under.</summary>
    /// <returns>Null where there is none.</returns>
    public async Task<StoredRequest?> ReadAsync(string planHash, CancellationToken cancellation)
    {
        if (!PlanHash.IsWellFormed(planHash))
        {
            return null;
        }

        var request = await store.TryReadJsonAsync<ApprovalRequest>(Containers.Evidence, Name(planHash), cancellation);
        return request is null
            ? null
            : new StoredRequest(request, request.PlanHash == planHash && PlanHash.Of(request.Plan) == planHash);
    }

    /// <summary>Requests whose plan has not expired at <paramref name="now"/>, soonest expiry first, decided or not.</summary>
    public async IAsyncEnumerable<ApprovalRequest> ListUnexpiredAsync(DateTimeOffset now, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var from = MarkerPrefix + now.UtcDateTime.ToString(MarkerTime, CultureInfo.InvariantCulture);
        await foreach (var marker in store.ListAsync(Containers.Evidence, MarkerPrefix, cancellation))
        {
            var name = marker.Blob.Name;
            if (string.CompareOrdinal(name, from) >= 0
                && name.Length > PlanHash.Length
                && await ReadAsync(name[^PlanHash.Length..], cancellation) is { IsUnchanged: true } stored)
            {
                yield return stored.Request;
            }
        }
    }

    private static string Name(string planHash) => $"approvals/{planHash}.json";
}

/// <param name="IsUnchanged">False where somebody edited the stored plan: nobody may decide about it.</param>
public sealed record StoredRequest(ApprovalRequest Request, bool IsUnchanged);
