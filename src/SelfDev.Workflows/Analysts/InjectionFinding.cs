using System.Globalization;
using SelfDev.Core.Findings;

namespace SelfDev.Workflows.Analysts;

/// <summary>Reports that an artifact tries to instruct the model or to fake an approval. It changes nothing
/// else.</summary>
public static class InjectionFinding
{
    /// <param name="id">Free in the report that it is added to.</param>
    /// <returns>Null where no line is suspect.</returns>
    public static Finding? Of(IReadOnlyList<SuspectLine> suspects, string id)
    {
        if (suspects.Count == 0)
        {
            return null;
        }

        var first = suspects.MinBy(suspect => suspect.Line.Line)!.Line;
        var last = suspects.MaxBy(suspect => suspect.Line.Line)!.Line;
        var kinds = suspects
            .SelectMany(suspect => suspect.Kinds)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .ToList();
        return new Finding
        {
            Id = id,
            Kind = FindingKinds.InjectionAttempt,
            Severity = Severity.Warning,
            Role = FindingRole.Root,
            Title = string.Create(
                CultureInfo.InvariantCulture,
                $"{suspects.Count} {(suspects.Count == 1 ? "line" : "lines")} of the artifact address a model or an "
                    + $"approver instead of describing the run ({string.Join(", ", kinds)}); treated as data"
            ),
            From = new Position(first.Line, null, null),
            To = new Position(last.Line, null, null),
            Evidence =
            [
                .. suspects
                    .OrderBy(suspect => suspect.Line.Line)
                    .Take(Limits.EvidencePerFinding)
                    .Select(suspect => suspect.Line),
            ],
            Metrics = new Dictionary<string, MetricValue>
            {
                ["lines"] = suspects.Count,
                ["kinds"] = string.Join(" ", kinds),
            },
        };
    }
}
