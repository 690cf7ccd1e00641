namespace SelfDev.Core.Findings.Catalog;

/// <summary>What there is to know about a finding kind, whatever artifact it is found in.</summary>
public sealed record FindingRow
{
    /// <value>One of <see cref="FindingKinds"/>.</value>
    public required string Kind { get; init; }

    /// <value>A few words for a heading; a finding's own title says what was seen.</value>
    public required string Title { get; init; }

    /// <value>What usually causes it: whole sentences.</value>
    public required string Means { get; init; }

    /// <value>Where to look first; goes on behind "Check first: " and ends with a full stop.</value>
    public required string CheckFirst { get; init; }

    /// <value>What code reports in the usual case; null only where there is none, and then <see cref="SeverityNote"/>
    /// says what it depends on.</value>
    public required Severity? DefaultSeverity { get; init; }

    /// <value>When it is another severity; null where it is always <see cref="DefaultSeverity"/>.</value>
    public string? SeverityNote { get; init; }

    /// <value>Kinds of <see cref="ProposedAction"/> that a finding of this kind may propose; empty where
    /// none.</value>
    public IReadOnlyList<string> Proposals { get; init; } = [];
}
