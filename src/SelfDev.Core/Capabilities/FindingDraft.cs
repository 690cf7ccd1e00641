using SelfDev.Core.Findings;

namespace SelfDev.Core.Capabilities;

/// <summary>A finding while it is being put together: causes and proposals come after detection.</summary>
internal sealed class FindingDraft
{
    public required string Kind { get; init; }

    public required Severity Severity { get; set; }

    public FindingRole Role { get; set; } = FindingRole.Root;

    public required string Title { get; set; }

    /// <value>Words a title that changes with every row when the finding is built.</value>
    public Func<FindingDraft, string>? TitleOf { get; set; }

    public bool HasRoomForEvidence => Evidence.Count < Limits.EvidencePerFinding;

    public required Position From { get; set; }

    public required Position To { get; set; }

    public List<Evidence> Evidence { get; } = [];

    public Dictionary<string, MetricValue> Metrics { get; } = [];

    public List<Proposal> Proposals { get; } = [];

    public FindingDraft? CausedBy { get; set; }

    /// <value>Index of the file in the request.</value>
    public int File { get; set; }

    /// <value>Hosts that the evidence names, in order of first appearance.</value>
    public List<string> Hosts { get; } = [];

    /// <value>Ranks that the evidence names.</value>
    public SortedSet<int> Ranks { get; } = [];

    /// <value>Id of the signature in the table that it came from; null where code found it.</value>
    public string? SignatureId { get; init; }

    /// <value>What to propose: <c>replace-node</c>, <c>scale-fleet</c> or null.</value>
    public string? Remedy { get; set; }

    public void Cite(Evidence evidence)
    {
        if (
            Evidence.Count < Limits.EvidencePerFinding
            && !Evidence.Exists(cited => cited.Line == evidence.Line && cited.File == evidence.File)
        )
        {
            Evidence.Add(evidence);
        }
    }

    public Finding Build(string id, string? causedBy) =>
        new()
        {
            Id = id,
            Kind = Kind,
            Severity = Severity,
            Role = Role,
            Title = TitleOf?.Invoke(this) ?? Title,
            From = From,
            To = To,
            Evidence = [.. Evidence.OrderBy(evidence => evidence.Line)],
            Metrics = Metrics,
            Proposals = [.. Proposals.Select(proposal => proposal with { FindingIds = [id] })],
            CausedBy = causedBy,
        };
}
