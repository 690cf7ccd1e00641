using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SelfDev.Core.Approvals;

namespace SelfDev.Workflows.Approval;

/// <summary>What waits for people. What it reads does not grow with what was decided: an approval that ended is not
/// read again.</summary>
public sealed class PendingApprovals(ApprovalRequests requests, DecisionStore decisions, TimeProvider clock)
{
    // Of unexpired requests only; an expired one is not listed, so what is kept here is bounded by what can be pending
    // at once.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _ended = new(StringComparer.Ordinal);

    /// <summary>Unexpired requests that are not decided yet, soonest expiry first.</summary>
    /// <param name="hashPrefix">Only those whose plan hash begins so; empty for all.</param>
    public async IAsyncEnumerable<PendingApproval> ListAsync(
        string hashPrefix,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var now = clock.GetUtcNow();
        Forget(now);
        await foreach (var planHash in requests.ListUnexpiredAsync(now, cancellation))
        {
            if (
                _ended.ContainsKey(planHash)
                || !planHash.StartsWith(hashPrefix, StringComparison.Ordinal)
                || await requests.ReadAsync(planHash, cancellation) is not { } request
            )
            {
                continue;
            }

            var recorded = await decisions.ReadAsync(request, cancellation);
            if (ApprovalLifecycle.IsFinal(recorded.StateUnder(request.Terms())))
            {
                _ended[planHash] = request.Plan.ExpiresAt;
                continue;
            }

            yield return new PendingApproval(request, recorded.Items);
        }
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (planHash, expiresAt) in _ended)
        {
            if (expiresAt <= now)
            {
                _ended.TryRemove(planHash, out _);
            }
        }
    }
}

/// <param name="Decisions">Genuine ones so far, in their order.</param>
public sealed record PendingApproval(ApprovalRequest Request, IReadOnlyList<Decision> Decisions)
{
    /// <value>People who said yes so far and count.</value>
    public int Approvals => Decisions.Count(decision => decision.Kind == DecisionKind.Approve);
}
