using System.Text;
using System.Text.Json.Nodes;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Diagnosis;

/// <summary>A report that somebody keeps says what the ledger was when it was written.</summary>
public class ReportHeadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_form_of_a_report_ends_with_the_ledgers_head()
    {
        var store = new InMemoryArtifactStore();
        using var ledger = new InMemoryLedgerStore();
        var receipt = await ledger.AppendAsync(
            new LedgerEntry("k", "finding", DateTimeOffset.UnixEpoch, "i", "selfdev", new JsonObject()),
            Cancellation
        );
        var blob = await store.WriteAsync(
            Containers.Intake,
            "training/run7/train.log",
            Encoding.UTF8.GetBytes("one"),
            "text/plain",
            Cancellation
        );
        var context = new ActivityContext("intake-1", "1", Cancellation);
        await new AnalyzeArtifact(
            store,
            new Capabilities([new OneFinding()]),
            new FindingMemory(store),
            new EvaluationFolder(store, new CheckpointManifests(store), ReadLimits.Default),
            ReadLimits.Default
        ).RunAsync(
            new AnalyzeArtifactInput(
                "intake-1",
                new AcceptedArtifact(blob, "training", "one-finding", "run7", 3, 3, "aa"),
                null
            ),
            context
        );

        await new ComposeReport(store, ledger).RunAsync(new ReportReference("intake-1"), context);

        Assert.Equal(
            receipt.RootHash,
            (string?)JsonNode.Parse(store.Text(Containers.Reports, "intake-1/report.json"))!["ledger"]!["rootHash"]
        );
        foreach (var form in new[] { "html", "md" })
        {
            Assert.Contains(
                $"1 entries, root {receipt.RootHash}",
                store.Text(Containers.Reports, $"intake-1/report.{form}"),
                StringComparison.Ordinal
            );
        }
    }
}
