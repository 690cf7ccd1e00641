using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;

namespace SelfDev.Core.Redaction;

/// <summary>
/// A room whose analyses hold no secret of the artifact. Pipeline and command line have rooms in this form only, so
/// that no report, ledger entry or notification has to take care by itself.
/// </summary>
public sealed class RedactedCapability(ICapability room) : ICapability
{
    public string Kind => room.Kind;

    public IReadOnlyList<string> Formats => room.Formats;

    public FormatMatch? Sniff(ArtifactHead head) => room.Sniff(head);

    /// <inheritdoc/>
    public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation) =>
        RedactedAnalysis.Of(room.Analyze(request, cancellation));
}
