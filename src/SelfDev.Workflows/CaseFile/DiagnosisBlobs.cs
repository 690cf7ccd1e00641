using SelfDev.Core.Approvals;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.CaseFile;

/// <summary>Where the pieces of one diagnosis lie in <c>evidence</c> and <c>reports</c>. Ids are ours, never text of an
/// artifact.</summary>
public static class DiagnosisBlobs
{
    public static string Analysis(string reportId) => $"{reportId}/analysis.json";

    public static string Windows(string reportId, int group) => $"{reportId}/windows-{group}.json";

    public static string Diagnosis(string reportId, int group) => $"{reportId}/diagnosis-{group}.json";

    public static string Action(string reportId, int proposal) => $"{reportId}/action-{proposal}.json";

    public static string Report(string reportId, string extension) => $"{reportId}/report.{extension}";
}

/// <summary>What analysis left for the steps after it.</summary>
/// <param name="Subject"><c>kind/name</c>, e.g. <c>training/run7</c>.</param>
/// <param name="Groups">Ids of findings, the root first; the groups are explained one by one.</param>
/// <param name="LeftOutProposals">Proposals beyond <see cref="ProposalMerging.MaxProposals"/>.</param>
public sealed record StoredAnalysis(
    BlobRef Blob,
    string Subject,
    string? DroppedBy,
    Analysis Analysis,
    IReadOnlyList<IReadOnlyList<string>> Groups,
    IReadOnlyList<Proposal> Proposals,
    int LeftOutProposals
);

/// <summary>The lines that one group's explanation may rest on, redacted already.</summary>
public sealed record StoredWindows(IReadOnlyList<EvidenceWindow> Windows)
{
    public static StoredWindows Of(IReadOnlyList<EvidenceWindow> windows) => new(ShownEvidence.From(windows).Windows);
}

/// <summary>How one proposal has fared so far, plan by plan.</summary>
public sealed record StoredAction(int Number, Proposal Proposal, IReadOnlyList<StoredActionRound> Rounds);

/// <param name="Plan">Null where an obstacle kept it from being planned.</param>
/// <param name="Effect">Null until ended.</param>
public sealed record StoredActionRound(
    int Round,
    EffectPlan? Plan,
    string? PlanHash,
    string? Obstacle,
    IReadOnlyList<Decision> Decisions,
    Effect? Effect
);
