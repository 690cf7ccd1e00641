using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;

namespace SelfDev.Workflows.Tests.Diagnosis;

/// <summary>Finds the same fault in whatever it reads.</summary>
internal sealed class OneFinding(string findingKind = FindingKinds.GpuXid) : ICapability
{
    public string Kind => "training";

    public IReadOnlyList<string> Formats => ["one-finding"];

    public FormatMatch? Sniff(ArtifactHead head) => null;

    public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation)
    {
        using var content = request.Files[0].Open();
        content.CopyTo(Stream.Null);
        var position = new Position(1, 1, null);
        var finding = new Finding
        {
            Id = "F1",
            Kind = findingKind,
            Severity = Severity.Critical,
            Role = FindingRole.Root,
            Title = "Xid 79",
            From = position,
            To = position,
            Evidence = [new Evidence(1, 0, "one")],
            Proposals = [new Proposal(new WaitForRecovery(400), "why")],
        };
        return new Analysis(
            new ArtifactSummary("train.log", Kind, "one-finding", 3, 1, 0, "aa"),
            [finding],
            "summary",
            new ReportDocument("Training", "One fault.", [])
        );
    }
}
