using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Reports.Model;

namespace SelfDev.Core.Capabilities;

/// <summary>
/// A room of the house: it recognises its formats and turns an artifact into findings. Pure: streams and values in,
/// records out; the same input gives the same output. Implementations are stateless and safe to call concurrently.
/// </summary>
public interface ICapability
{
    /// <value>The artifact kind as paths and the command line name it: <c>training</c>, <c>evals</c>, <c>serving</c>,
    /// <c>traffic</c>, <c>rollouts</c>.</value>
    string Kind { get; }

    /// <value>Names of the formats it reads, for <c>--help</c> and for the message that rejects an unknown
    /// file.</value>
    IReadOnlyList<string> Formats { get; }

    /// <summary>Tells from content whether this room reads the file; the name only breaks ties.</summary>
    /// <returns>Null when it does not.</returns>
    FormatMatch? Sniff(ArtifactHead head);

    /// <summary>Reads the artifact once, front to back, in bounded memory, and reports.</summary>
    /// <exception cref="ArtifactUnreadableException">Nothing of it can be used; single bad lines are counted as
    /// rejected instead.</exception>
    Analysis Analyze(AnalysisRequest request, CancellationToken cancellation);
}

/// <param name="Kind">As <see cref="ICapability.Kind"/>.</param>
/// <param name="Format">Name of the format, e.g. <c>megatron</c>, <c>metrics-jsonl</c>.</param>
/// <param name="Confidence">0 to 1; the highest of all rooms wins. 0.9 and up: unmistakable content; under 0.5:
/// plausible text.</param>
public sealed record FormatMatch(string Kind, string Format, double Confidence);

/// <summary>What to analyse.</summary>
/// <param name="Files">At least one; several where an artifact is a folder or where runs are compared, in the given
/// order.</param>
public sealed record AnalysisRequest(IReadOnlyList<ArtifactFile> Files)
{
    /// <value>What to compare with (<c>--baseline</c>), empty where there is none.</value>
    public IReadOnlyList<ArtifactFile> Baseline { get; init; } = [];

    /// <value>The run, checkpoint, service or fleet that the intake path names; null outside the pipeline.</value>
    public string? Subject { get; init; }

    /// <value>As <see cref="Subject"/>, of the baseline.</value>
    public string? BaselineSubject { get; init; }

    public ReadLimits Limits { get; init; } = ReadLimits.Default;

    /// <value>Options of the room by name (<c>--set name=value</c>); each room documents its own and refuses unknown
    /// ones.</value>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
}

/// <summary>What a room found.</summary>
/// <param name="Artifact">What was read.</param>
/// <param name="Findings">In order of place; ids F1, F2, ...</param>
/// <param name="Summary">The envelope's <c>summary</c>: a record of the room's own, serialised with <see
/// cref="ReportJson.Options"/>.</param>
/// <param name="Document">What a person reads, beyond the findings themselves, which every renderer prints.</param>
public sealed record Analysis(
    ArtifactSummary Artifact,
    IReadOnlyList<Finding> Findings,
    object Summary,
    ReportDocument Document
)
{
    /// <value>
    /// Whether the artifact's lines are somebody's words and not a log's: then nobody is shown more of them than the
    /// findings quote, no analyst and no report. Default: false.
    /// </value>
    public bool QuotesOnly { get; init; }
}

/// <summary>The envelope's <c>artifact</c>.</summary>
/// <param name="Bytes">Decompressed bytes read.</param>
/// <param name="Lines">Lines read (entries, for formats without lines).</param>
/// <param name="Rejected">Lines or entries that could not be used; why stands in the report.</param>
/// <param name="Sha256">Lower-case hex of the decompressed content; of several files, of the concatenation of their
/// digests in order.</param>
public sealed record ArtifactSummary(
    string Name,
    string Kind,
    string Format,
    long Bytes,
    long Lines,
    long Rejected,
    string Sha256
);
