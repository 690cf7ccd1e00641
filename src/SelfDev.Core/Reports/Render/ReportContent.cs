using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;

namespace SelfDev.Core.Reports.Render;

/// <summary>
/// Everything a renderer prints. An analysis is enough for one (<see cref="From"/>); the pipeline puts what came
/// afterwards into <see cref="Conclusions"/>.
/// </summary>
/// <param name="Artifact">What was read.</param>
/// <param name="Findings">In order of place, as the room reported them.</param>
/// <param name="Document">The room's own account.</param>
public sealed record ReportContent(ArtifactSummary Artifact, IReadOnlyList<Finding> Findings, ReportDocument Document)
{
    /// <value>
    /// What followed the analysis: explanations, proposals, decisions, effects. Printed after the room's own blocks and
    /// before the findings' evidence.
    /// </value>
    public IReadOnlyList<ReportBlock> Conclusions { get; init; } = [];

    /// <value>Findings with the worst first: by severity, then roots before what follows from them, then by
    /// place.</value>
    public IEnumerable<Finding> ByUrgency =>
        Findings.OrderByDescending(finding => finding.Severity).ThenBy(finding => finding.Role);

    public static ReportContent From(Analysis analysis) => new(analysis.Artifact, analysis.Findings, analysis.Document);
}
