using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Core.Approvals;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Lineage;
using SelfDev.Core.Reports.Model;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Testing;

/// <summary>
/// One report on one evaluation over a store in memory, with two groups of findings that wait for an explanation: the
/// genuine activity asks the given analyst, the genuine gate weighs what became of it.
/// </summary>
public sealed class ExplainedReport(IAnalyst analyst)
{
    public const string Id = "report-1";
    public const string Checkpoint = "step-2";
    public const string Subject = "evals/" + Checkpoint;
    public const int Groups = 2;

    /// <summary>Text of line 7, the only one that an explanation can rest on.</summary>
    public const string Line = "NVRM: Xid (PCI:0000:10:1c): 79, pid=1896, GPU has fallen off the bus.";

    public InMemoryArtifactStore Store { get; } = new();

    public ExplanationPlaces Places { get; } = new(2);

    /// <value>What the policy file says of models; the rest of it plays no part here.</value>
    public ApprovalPolicy Policy { get; set; } = ApprovalPolicy.DenyAll;

    /// <summary>Asks about a group, as the workflow does.</summary>
    public async Task<ExplainedFindings> ExplainAsync(int group = 1, bool isLast = false)
    {
        await StoreAsync(Store, Id);
        var activity = new ExplainFindings(
            Store,
            new Explanations(Store),
            analyst,
            new RulesAnalyst(),
            Places,
            NullLogger<ExplainFindings>.Instance
        );
        return await activity.RunAsync(
            new ExplainFindingsInput(Id, group, isLast),
            new ActivityContext(Id, $"{Id}:1:{group}", CancellationToken.None)
        );
    }

    public Task<Diagnosis?> ReadAsync(int group = 1) =>
        new Explanations(Store).ReadAsync(Id, group, CancellationToken.None);

    /// <summary>Why a second person is asked for; null where none is.</summary>
    public Task<string?> SecondPersonAsync(string subject = Subject) =>
        new SelfAnalysisGate(new Explanations(Store), new CheckpointManifests(Store), analyst).ReasonAsync(
            Policy,
            Id,
            subject,
            CancellationToken.None
        );

    /// <summary>The report as people read it.</summary>
    public async Task<string> MarkdownAsync()
    {
        await ReportComposition.WriteAsync(Store, Id, CancellationToken.None);
        return Store.Text(Containers.Reports, DiagnosisBlobs.Report(Id, "md"));
    }

    public ExplainedReport Manifest(string checkpoint, string json)
    {
        Store.Put(Containers.Intake, $"evals/{checkpoint}/{CheckpointManifest.FileName}", json);
        return this;
    }

    public ExplainedReport Vouch(string model, string checkpoint, params string[] trainedFrom)
    {
        var analysts = new Dictionary<string, PolicyAnalyst>(Policy.Analysts, ModelName.Comparer)
        {
            [model] = new(checkpoint, trainedFrom),
        };
        Policy = Policy with { Analysts = analysts };
        return this;
    }

    /// <summary>Leaves what the analysis of an artifact leaves for the steps after it.</summary>
    public static async Task StoreAsync(IArtifactStore store, string reportId)
    {
        await store.WriteJsonAsync(
            Containers.Evidence,
            DiagnosisBlobs.Analysis(reportId),
            Stored(),
            CancellationToken.None
        );
        for (var group = 1; group <= Groups; group++)
        {
            var windows = new StoredWindows([new EvidenceWindow(null, 7, [Line])]);
            await store.WriteJsonAsync(
                Containers.Evidence,
                DiagnosisBlobs.Windows(reportId, group),
                windows,
                CancellationToken.None
            );
        }
    }

    private static StoredAnalysis Stored()
    {
        var findings = new[] { Finding("F1"), Finding("F2") };
        var analysis = new Analysis(
            new ArtifactSummary("scores.csv", "evals", "csv", 1, 1, 0, new string('a', 64)),
            findings,
            new { },
            new ReportDocument("Evaluation", "Something is wrong.", [])
        );
        var blob = new BlobRef(Containers.Intake, $"{Subject}/scores.csv", null);
        return new StoredAnalysis(
            blob,
            Subject,
            null,
            analysis,
            [
                ["F1"],
                ["F2"],
            ],
            [],
            0
        );
    }

    private static Finding Finding(string id) =>
        new()
        {
            Id = id,
            Kind = FindingKinds.GpuXid,
            Severity = Severity.Critical,
            Role = FindingRole.Root,
            Title = "A GPU fell off the bus",
            From = new Position(7, null, null),
            To = new Position(7, null, null),
            Evidence = [new Evidence(7, 0, Line)],
        };
}
