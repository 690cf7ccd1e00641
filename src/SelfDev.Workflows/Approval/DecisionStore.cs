using System.Globalization;
using System.Text.Json;
using SelfDev.Core.Approvals;
using SelfDev.Core.Reports;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Decisions about a plan as a numbered log of create-only blobs, <c>evidence/decisions/&lt;planHash&gt;/0001.json</c> and on. A number
/// can be taken once, so of any race (two people, a double click, approve against reject against expiry) there is one order,
/// the same for everybody and for ever.
/// </summary>
public sealed class DecisionStore(IArtifactStore store)
{
    /// <summary>All decisions of a plan in their order.</summary>
    public async Task<IReadOnlyList<Decision>> ReadAsync(string planHash, CancellationToken cancellation)
    {
        var decisions = new List<Decision>();
        while (await store.TryReadJsonAsync<Decision>(Containers.Evidence, Name(planHash, decisions.Count + 1), cancellation) is { } decision)
        {
            decisions.Add(decision);
        }

        return decisions;
    }

    /// <summary>
    /// Records a decision if <see cref="ApprovalLifecycle.Weigh"/> lets it count after all that were recorded before. Durable
    /// when it returns. Of concurrent calls by one person exactly one is recorded.
    /// </summary>
    public async Task<RecordedDecision> RecordAsync(EffectPlan plan, ApprovalRequirement requirement, Decision decision, CancellationToken cancellation)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(decision, ReportJson.Options);
        while (true)
        {
            var decisions = await ReadAsync(decision.PlanHash, cancellation);
            var verdict = ApprovalLifecycle.Weigh(plan, requirement, decisions, decision);
            if (verdict.Refusal is not null)
            {
                return new RecordedDecision(verdict, null, decisions);
            }

            // Somebody else may take the number first: then the decision is weighed anew, after theirs.
            var number = decisions.Count + 1;
            if (await store.TryCreateAsync(Containers.Evidence, Name(decision.PlanHash, number), content, StoreJson.ContentType, cancellation))
            {
                return new RecordedDecision(verdict, number, [.. decisions, decision]);
            }
        }
    }

    /// <summary>Closes an approval whose time is up, unless a final decision came first; then that one stands.</summary>
    public Task<RecordedDecision> ExpireAsync(EffectPlan plan, ApprovalRequirement requirement, DateTimeOffset now, CancellationToken cancellation) =>
        RecordAsync(plan, requirement, Decision.Expiry(PlanHash.Of(plan), now), cancellation);

    private static string Name(string planHash, int number) =>
        string.Create(CultureInfo.InvariantCulture, $"decisions/{planHash}/{number:0000}.json");
}

/// <param name="Number">1-based place in the log; null when refused.</param>
/// <param name="Decisions">All recorded, this one included if it counts.</param>
public sealed record RecordedDecision(DecisionVerdict Verdict, int? Number, IReadOnlyList<Decision> Decisions);
