namespace SelfDev.Core.Findings;

/// <summary>Puts findings under the root that caused them.</summary>
public static class FindingGroups
{
    /// <summary>
    /// One group for each root: the root first, then everything that follows from it, directly or not, in order of
    /// place. A finding whose cause is not in the list is a root; of findings that name each other as cause the first
    /// one is. Every finding is in exactly one group. Groups are in falling order of their worst finding, then of their
    /// root's place; equal input gives equal output.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<Finding>> Of(IReadOnlyList<Finding> findings)
    {
        var byId = findings
            .DistinctBy(finding => finding.Id)
            .ToDictionary(finding => finding.Id, StringComparer.Ordinal);
        var order = findings
            .Select((finding, index) => (finding, index))
            .DistinctBy(pair => pair.finding.Id)
            .ToDictionary(pair => pair.finding.Id, pair => pair.index, StringComparer.Ordinal);
        var roots = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var finding in byId.Values)
        {
            SetRoot(finding, byId, order, roots);
        }

        return
        [
            .. byId
                .Values.GroupBy(finding => roots[finding.Id], StringComparer.Ordinal)
                .Select(group => (Root: byId[group.Key], Members: group))
                .OrderByDescending(group => group.Members.Max(finding => finding.Severity))
                .ThenBy(group => group.Root.From.Line)
                .ThenBy(group => order[group.Root.Id])
                .Select(group =>
                    (IReadOnlyList<Finding>)
                        [
                            group.Root,
                            .. group
                                .Members.Where(finding => finding.Id != group.Root.Id)
                                .OrderBy(finding => finding.From.Line)
                                .ThenBy(finding => order[finding.Id]),
                        ]
                ),
        ];
    }

    // Walks up once and remembers the root for the whole path, so that long chains stay linear.
    private static void SetRoot(
        Finding start,
        Dictionary<string, Finding> byId,
        Dictionary<string, int> order,
        Dictionary<string, string> roots
    )
    {
        var path = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var at = start;
        string root;
        while (true)
        {
            if (roots.TryGetValue(at.Id, out var known))
            {
                root = known;
                break;
            }

            if (!seen.Add(at.Id))
            {
                root = path.SkipWhile(id => id != at.Id).MinBy(id => order[id])!;
                break;
            }

            path.Add(at.Id);
            if (at.CausedBy is null || !byId.TryGetValue(at.CausedBy, out var cause))
            {
                root = at.Id;
                break;
            }

            at = cause;
        }

        foreach (var id in path)
        {
            roots[id] = root;
        }
    }
}
