using System.Globalization;

namespace SelfDev.Core.Findings;

/// <summary>One time that a cause hit a node.</summary>
/// <param name="Cause">Signature, with the number for Xids: <c>nvrm-xid/63</c>.</param>
/// <param name="Identity"><see cref="FindingIdentity"/>, so that one occurrence read twice counts once.</param>
public sealed record CauseOccurrence(string Cause, string Node, string Identity);

/// <summary>Memory over artifacts: a cause that comes back on a node changes what is proposed.</summary>
public static class Recurrence
{
    /// <summary>
    /// Times from which a node is replaced whatever the single occurrence would ask for: a row that is marked for
    /// remapping again and again will not hold (NVIDIA GPU memory error management; Meta's and Hugging Face's logbooks
    /// removed such nodes).
    /// </summary>
    public const int ReplaceFrom = 3;

    /// <summary>What an analysis adds to the memory.</summary>
    public static IReadOnlyList<CauseOccurrence> OccurrencesOf(IReadOnlyList<Finding> findings) =>
        [
            .. findings
                .Where(finding =>
                    finding.Role == FindingRole.Root
                    && finding.Metrics.ContainsKey("node")
                    && finding.Metrics.ContainsKey("signature")
                )
                .Select(finding => new CauseOccurrence(
                    Cause(finding),
                    finding.Metrics["node"].ToString(),
                    FindingIdentity.Of(finding)
                )),
        ];

    /// <summary>The findings with a proposal to replace the node where the memory and they together reach <see
    /// cref="ReplaceFrom"/>.</summary>
    /// <param name="memory">Occurrences of earlier artifacts, of any run.</param>
    public static IReadOnlyList<Finding> Escalate(
        IReadOnlyList<Finding> findings,
        IReadOnlyList<CauseOccurrence> memory
    )
    {
        var all = memory.Concat(OccurrencesOf(findings)).DistinctBy(occurrence => occurrence.Identity).ToList();
        return [.. findings.Select(finding => Escalate(finding, all))];
    }

    private static Finding Escalate(Finding finding, List<CauseOccurrence> all)
    {
        // Whoever writes lines into a log must not have a node taken away by them.
        if (
            finding.Role != FindingRole.Root
            || finding.Kind == FindingKinds.InjectionAttempt
            || !finding.Metrics.TryGetValue("node", out var node)
            || !finding.Metrics.ContainsKey("signature")
            || NodeName.TryParse(node.ToString()) is not { } name
        )
        {
            return finding;
        }

        var times = all.Count(occurrence =>
            occurrence.Cause == Cause(finding)
            && string.Equals(occurrence.Node, name.Value, StringComparison.OrdinalIgnoreCase)
        );
        var metrics = new Dictionary<string, MetricValue>(finding.Metrics) { ["timesOnNode"] = times };
        if (
            times < ReplaceFrom
            || finding.Proposals.Any(proposal => proposal.Action is ReplaceNode { Mode: NodeReplacement.Delete })
        )
        {
            return finding with { Metrics = metrics };
        }

        return finding with
        {
            Metrics = metrics,
            Severity = finding.Severity > Severity.Error ? finding.Severity : Severity.Error,
            Proposals =
            [
                new Proposal(
                    new ReplaceNode(name, NodeReplacement.Delete),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{finding.Title} on {name} for the {times}th time: the node does not heal."
                    )
                )
                {
                    ExpectedOutcome =
                        $"No further finding of this cause on the instance that takes the place of {name}.",
                    Cost = "A new instance takes minutes to provision; what runs on the node is interrupted.",
                    Risk = "If the program provokes the error, it comes back on the new node.",
                    FindingIds = [finding.Id],
                },
                .. finding.Proposals.Where(proposal => proposal.Action is not ReplaceNode),
            ],
        };
    }

    private static string Cause(Finding finding) =>
        finding.Metrics.TryGetValue("xid", out var xid)
            ? $"{finding.Metrics["signature"]}/{xid}"
            : finding.Metrics["signature"].ToString();
}
