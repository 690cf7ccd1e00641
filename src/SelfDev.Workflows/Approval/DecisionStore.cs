using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Decisions about a plan: a sealed log, <c>decisions/&lt;planHash&gt;/000001</c> and on in the trust store. A number
/// can be taken once, so of any race (two people, a double click, approve against reject against expiry) there is one
/// order, the same for everybody and for ever. Each stands in the ledger before anybody is told that it is recorded.
/// </summary>
public sealed class DecisionStore(SealedLog log, ILedgerStore ledger, TamperReports tampering)
{
    private const int MostCompared = 10_000;

    // Decisions never change: one that agreed with the ledger once in this process does so for ever.
    private readonly ConcurrentDictionary<string, string> _compared = new(StringComparer.Ordinal);

    /// <summary>
    /// All genuine decisions of a request in their order. What is forged or edited is reported and not among them;
    /// whether each counts is for <see cref="ApprovalLifecycle"/> to say.
    /// </summary>
    public async Task<RecordedDecisions> ReadAsync(ApprovalRequest request, CancellationToken cancellation) =>
        await CheckAsync(request, await ReadLogAsync(request, cancellation), cancellation);

    /// <summary>
    /// Records a decision if <see cref="ApprovalLifecycle.Weigh"/> lets it count after all that were recorded before.
    /// In the trust store and in the ledger when it returns. Of concurrent calls by one person exactly one is recorded.
    /// </summary>
    public async Task<RecordedDecision> RecordAsync(
        ApprovalRequest request,
        Decision decision,
        CancellationToken cancellation
    )
    {
        while (true)
        {
            var records = await ReadLogAsync(request, cancellation);
            var known = await CheckAsync(request, records, cancellation);
            var verdict = known.Damage is { } damage
                ? new DecisionVerdict(
                    DecisionRefusal.Damaged,
                    known.StateUnder(request.Terms()),
                    $"Nobody can decide about it any more: {damage}"
                )
                : ApprovalLifecycle.Weigh(request.Terms(), records.Items, decision);
            if (verdict.Refusal is not null)
            {
                return new RecordedDecision(verdict, null, records.Items);
            }

            // Somebody else may take the slot first: then the decision is weighed anew, after theirs.
            if (await log.TryAppendAsync(Folder(request), records, decision, cancellation))
            {
                var number = records.Items.Count + 1;
                await WriteToLedgerAsync(request, decision, number, cancellation);
                return new RecordedDecision(verdict, number, [.. records.Items, decision]);
            }
        }
    }

    /// <summary>Closes an approval whose time is up, unless a final decision came first; then that one
    /// stands.</summary>
    public Task<RecordedDecision> ExpireAsync(
        ApprovalRequest request,
        DateTimeOffset now,
        CancellationToken cancellation
    ) => RecordAsync(request, Decision.Expiry(request.PlanHash, request.Hash(), now), cancellation);

    // Trust store and ledger have to agree: whoever may write to one of them has to write to both, and the ledger is
    // signed.
    private async Task<RecordedDecisions> CheckAsync(
        ApprovalRequest request,
        SealedRecords<Decision> records,
        CancellationToken cancellation
    )
    {
        var damage = records.Damage;
        for (var number = 1; number <= records.Items.Count && damage is null; number++)
        {
            damage = await CompareAsync(request, records.Items[number - 1], number, cancellation);
        }

        if (
            damage is null
            && await ledger.FindAsync(LedgerKey(request, records.Items.Count + 1), cancellation) is not null
            && (await ReadLogAsync(request, cancellation)).Items.Count == records.Items.Count
        )
        {
            damage = string.Create(
                CultureInfo.InvariantCulture,
                $"The ledger has decision {records.Items.Count + 1} about this plan; the trust store has lost it."
            );
            await tampering.ReportAsync(Folder(request), damage, null, cancellation);
        }

        return new RecordedDecisions(records.Items, damage);
    }

    private async Task<string?> CompareAsync(
        ApprovalRequest request,
        Decision decision,
        int number,
        CancellationToken cancellation
    )
    {
        var (key, digest) = (LedgerKey(request, number), Digest(decision));
        if (_compared.TryGetValue(key, out var known) && known == digest)
        {
            return null;
        }

        if (await ledger.FindAsync(key, cancellation) is not { } index)
        {
            // A process may have died between the record and the ledger: whoever reads next makes up for it.
            await WriteToLedgerAsync(request, decision, number, cancellation);
        }
        else if (await DigestAtAsync(index, cancellation) != digest)
        {
            var damage = string.Create(
                CultureInfo.InvariantCulture,
                $"Decision {number} about this plan is not the one that the ledger has."
            );
            await tampering.ReportAsync(Folder(request), damage, null, cancellation);
            return damage;
        }

        if (_compared.Count >= MostCompared)
        {
            _compared.Clear();
        }

        _compared[key] = digest;
        return null;
    }

    private async Task<string?> DigestAtAsync(long index, CancellationToken cancellation)
    {
        await foreach (var line in ledger.ReadAsync(index, cancellation))
        {
            return (string?)LedgerEntryFormat.Parse(line.Span).Entry?.Body["digest"];
        }

        return null;
    }

    private Task<SealedRecords<Decision>> ReadLogAsync(ApprovalRequest request, CancellationToken cancellation) =>
        log.ReadAsync<Decision>(Folder(request), cancellation);

    private Task<LedgerReceipt> WriteToLedgerAsync(
        ApprovalRequest request,
        Decision decision,
        int number,
        CancellationToken cancellation
    ) =>
        ledger.AppendAsync(
            new LedgerEntry(
                LedgerKey(request, number),
                LedgerEntryTypes.Decision,
                decision.At,
                request.ApprovalInstanceId,
                decision.Approver,
                Body(decision)
            ),
            cancellation
        );

    private static JsonObject Body(Decision decision)
    {
        var body = JsonSerializer.SerializeToNode(decision, SelfDevJson.Signed)!.AsObject();
        body["identified"] = DecisionProof.Describe(decision.Proof);
        body["digest"] = Digest(decision);
        return body;
    }

    private static string Digest(Decision decision) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(decision, SelfDevJson.Signed)));

    private static string LedgerKey(ApprovalRequest request, int number) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{request.ApprovalInstanceId}:{request.PlanHash}:decision:{number}"
        );

    private static string Folder(ApprovalRequest request) => $"decisions/{request.PlanHash}";
}

/// <param name="Items">Genuine ones in their order.</param>
/// <param name="Damage">Why they are not all there are, in words; null where nothing is known to be missing. With
/// damage nothing is approved.</param>
public sealed record RecordedDecisions(IReadOnlyList<Decision> Items, string? Damage)
{
    /// <summary>Where the request stands; a request of which a decision is missing is never approved.</summary>
    public ApprovalState StateUnder(ApprovalTerms terms)
    {
        var state = ApprovalLifecycle.StateAfter(terms, Items);
        return Damage is not null && state == ApprovalState.Approved ? ApprovalState.Pending : state;
    }
}

/// <param name="Number">1-based place in the log; null when refused.</param>
/// <param name="Decisions">All recorded, this one included if it counts.</param>
public sealed record RecordedDecision(DecisionVerdict Verdict, int? Number, IReadOnlyList<Decision> Decisions);
