using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Ledger;

/// <summary>Appends one entry to the ledger. Repeated with the same key it finds the entry instead.</summary>
public sealed class RecordLedgerEntry(ILedgerStore ledger) : IActivity<LedgerEntry, LedgerReceipt>
{
    public static readonly Activity<LedgerEntry, LedgerReceipt> Handle = new("RecordLedgerEntry");

    /// <exception cref="NonRetryableException">
    /// The entry is not one of its own instance, or speaks of a person's decision: those are written where they are
    /// recorded, and a workflow's history, which has no seal, is no place to take them from.
    /// </exception>
    public Task<LedgerReceipt> RunAsync(LedgerEntry input, ActivityContext context)
    {
        var isOwn =
            input.InstanceId == context.InstanceId
            && input.Key.StartsWith(context.InstanceId + ":", StringComparison.Ordinal);
        var isPersons =
            input.Type is LedgerEntryTypes.Tampering or LedgerEntryTypes.Loss
            || (
                input.Type == LedgerEntryTypes.Decision
                && (input.Actor != LedgerActors.SelfDev || (string?)input.Body["kind"] != "within-policy")
            );
        return isOwn && !isPersons
            ? ledger.AppendAsync(input, context.Cancellation)
            : throw new NonRetryableException($"The entry '{input.Key}' is not this workflow's to write.");
    }
}

/// <summary>How a workflow writes to the ledger.</summary>
public static class LedgerWriting
{
    /// <summary>Records a step of this instance; <paramref name="step"/> is unique within it, so that a replay finds
    /// the same entry.</summary>
    /// <param name="body">A small record: hashes, references, numbers, our own words.</param>
    public static Task<LedgerReceipt> RecordAsync<T>(
        this IWorkflowContext context,
        string type,
        string step,
        string actor,
        T body
    ) =>
        context.CallActivityAsync(
            RecordLedgerEntry.Handle,
            new LedgerEntry(
                $"{context.InstanceId}:{step}",
                type,
                new DateTimeOffset(context.CurrentUtcDateTime, TimeSpan.Zero),
                context.InstanceId,
                actor,
                JsonSerializer.SerializeToNode(body, SelfDevJson.Signed) as JsonObject
                    ?? throw new ArgumentException("A ledger body is an object.", nameof(body))
            ),
            Retries.Transient
        );
}
