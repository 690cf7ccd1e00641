using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Analysts;

internal static class Questions
{
    public static Finding Finding(
        string id,
        string kind,
        long line,
        string text,
        string? causedBy = null,
        params Proposal[] proposals
    ) =>
        new()
        {
            Id = id,
            Kind = kind,
            Severity = Severity.Error,
            Role = causedBy is null ? FindingRole.Root : FindingRole.Cascade,
            Title = $"Something at line {line}",
            From = new Position(line, line * 10, null),
            To = new Position(line, line * 10, null),
            Evidence = [new Evidence(line, 0, text)],
            CausedBy = causedBy,
            Proposals = proposals,
        };

    public static AnalystQuestion Of(params string[] lines) =>
        new(
            "run-1",
            "run-1:1:1",
            [Finding("F1", FindingKinds.LossSpike, 1, lines[0])],
            [new EvidenceWindow(null, 1, lines)],
            [ScaleFleet.KindName]
        );

    public static ArtifactFile File(string content, string name = "run.log")
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        return new ArtifactFile(name, () => new MemoryStream(bytes), bytes.Length);
    }
}
