namespace SelfDev.Core.Findings;

/// <summary>Brings the proposals of many findings down to the few that people should decide on.</summary>
public static class ProposalMerging
{
    /// <summary>Approvals that one artifact may ask for; more would be noise, and a log could use it to flood
    /// people.</summary>
    public const int MaxProposals = 8;

    /// <summary>
    /// Merges equal actions, most severe finding first; the merged one names all findings behind it. Actions for one
    /// fleet that both restore lost nodes become one that restores the larger number.
    /// </summary>
    /// <returns>At most <see cref="MaxProposals"/>, and how many more there were.</returns>
    public static (IReadOnlyList<Proposal> Proposals, int LeftOut) Merge(IReadOnlyList<Finding> findings)
    {
        var merged = findings
            .OrderByDescending(finding => finding.Severity)
            .ThenBy(finding => finding.Role)
            .SelectMany(finding => finding.Proposals.Select(proposal => (finding.Id, Proposal: proposal)))
            .GroupBy(pair => MergeKey(pair.Proposal.Action))
            .Select(group => Combine([.. group]))
            .ToList();
        return (merged.Take(MaxProposals).ToList(), Math.Max(0, merged.Count - MaxProposals));
    }

    private static ProposedAction MergeKey(ProposedAction action) =>
        action is ScaleFleet { Capacity: null } restore ? restore with { RestoreNodes = null } : action;

    private static Proposal Combine(IReadOnlyList<(string FindingId, Proposal Proposal)> group)
    {
        var first = group.MaxBy(pair => (pair.Proposal.Action as ScaleFleet)?.RestoreNodes ?? 0).Proposal;
        return first with { FindingIds = [.. group.Select(pair => pair.FindingId).Distinct()] };
    }
}
