using System.Text.Json.Nodes;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;

namespace SelfDev.Workflows.Tests.Ledger;

/// <summary>A workflow's history has no seal: what comes from it may say what the workflow did, and nothing in a
/// person's name.</summary>
public sealed class RecordLedgerEntryTests : IDisposable
{
    private readonly InMemoryLedgerStore _ledger = new();

    [Theory]
    [InlineData("run7:findings", "run7", LedgerEntryTypes.Finding, "selfdev", "x", true)]
    [InlineData("run7:artifact", "run7", LedgerEntryTypes.Artifact, "ana@example.com", "x", true)]
    [InlineData("run7:decision:1", "run7", LedgerEntryTypes.Decision, "selfdev", "within-policy", true)]
    [InlineData("run7:decision:1", "run7", LedgerEntryTypes.Decision, "selfdev", "approve", false)]
    [InlineData("run7:decision:1", "run7", LedgerEntryTypes.Decision, "lead@example.com", "within-policy", false)]
    [InlineData("run7:tampering", "run7", LedgerEntryTypes.Tampering, "selfdev", "x", false)]
    [InlineData("run7:loss", "run7", LedgerEntryTypes.Loss, "selfdev", "x", false)]
    [InlineData("run8:effect:1", "run7", LedgerEntryTypes.Effect, "selfdev", "x", false)]
    [InlineData("run77:effect:1", "run7", LedgerEntryTypes.Effect, "selfdev", "x", false)]
    [InlineData("run7:effect:1", "run8", LedgerEntryTypes.Effect, "selfdev", "x", false)]
    public async Task A_workflow_writes_its_own_entries_and_nobodys_decision(
        string key,
        string instance,
        string type,
        string actor,
        string kind,
        bool expected
    )
    {
        var entry = new LedgerEntry(
            key,
            type,
            DateTimeOffset.UnixEpoch,
            instance,
            actor,
            new JsonObject { ["kind"] = kind }
        );

        var failure = await Record.ExceptionAsync(() =>
            new RecordLedgerEntry(_ledger).RunAsync(
                entry,
                new ActivityContext("run7", "key", TestContext.Current.CancellationToken)
            )
        );

        Assert.Equal(expected, failure is null);
        Assert.Equal(expected ? 1 : 0, _ledger.Entries.Count);
        Assert.True(expected || failure is NonRetryableException);
    }

    public void Dispose() => _ledger.Dispose();
}
