using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings.Catalog;

namespace SelfDev.Core.Capabilities;

/// <summary>
/// A room that reports only kinds that <see cref="FindingCatalog"/> has a row for. Pipeline and command line have rooms
/// in this form only, so that nobody is told of a finding that no page explains.
/// </summary>
public sealed class CatalogedCapability(ICapability room) : ICapability
{
    public string Kind => room.Kind;

    public IReadOnlyList<string> Formats => room.Formats;

    public FormatMatch? Sniff(ArtifactHead head) => room.Sniff(head);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A finding is of a kind without a row; the message names
    /// it.</exception>
    public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation)
    {
        var analysis = room.Analyze(request, cancellation);
        foreach (var finding in analysis.Findings)
        {
            FindingCatalog.Require(finding.Kind);
        }

        return analysis;
    }
}
