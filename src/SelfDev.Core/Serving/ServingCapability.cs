using System.Security.Cryptography;
using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Findings;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Reading;
using SelfDev.Core.Serving.Report;

namespace SelfDev.Core.Serving;

/// <summary>
/// Diagnosis of serving: why prompt tokens miss the cache, what prompts rendered to, and how conversations went. Reads
/// request logs, usage and metadata, block traces, agent traces, engine logs and metrics, alone or together.
/// </summary>
public sealed class ServingCapability : ICapability
{
    public const string KindName = "serving";

    public string Kind => KindName;

    public IReadOnlyList<string> Formats => ServingFormats.All;

    public FormatMatch? Sniff(ArtifactHead head) =>
        ServingFormats.Sniff(head) is var (format, confidence) ? new FormatMatch(KindName, format, confidence) : null;

    /// <summary>
    /// Several files are one traffic, in the given order. With a baseline, the interaction quality of its checkpoints
    /// is compared with that of the files'. Options: <see cref="ServingOptions.Parse"/>.
    /// </summary>
    /// <exception cref="ArtifactUnreadableException">An option is wrong, or nothing in the files is of a format that is
    /// read here.</exception>
    public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation)
    {
        var options = ServingOptions.Parse(request.Options);
        var traffic = new ServingTraffic(options);
        var reading = new ServingReading(traffic, options);
        foreach (var file in request.Files)
        {
            reading.Read(file, request.Limits, cancellation);
        }

        if (traffic.Requests == 0 && reading.TraceTotals.Requests == 0 && reading.Engine is null)
        {
            throw new ArtifactUnreadableException(
                $"'{request.Files[0].Name}' holds no request, no block trace and no cache figures. Known formats: "
                    + $"{string.Join(", ", Formats)}."
            );
        }

        var baseline = request.Baseline.Count > 0 ? ReadBaseline(request, options, cancellation) : null;
        var summary = ServingReport.Summarise(traffic, reading.TraceTotals, reading.Engine);
        summary = summary with { QualityComparisons = traffic.Quality.Compare(baseline?.Quality) };
        var detector = new ServingDetector(traffic, summary, request.Files.Count > 1);
        IReadOnlyList<Finding> findings = [.. detector.Detect().Select(finding => finding.For(request.Subject))];
        return new Analysis(
            Artifact(request, reading),
            findings,
            summary,
            ServingReport.Document(traffic, summary, detector)
        )
        {
            QuotesOnly = true,
        };
    }

    private static ServingTraffic ReadBaseline(
        AnalysisRequest request,
        ServingOptions options,
        CancellationToken cancellation
    )
    {
        var baseline = new ServingTraffic(options);
        var reading = new ServingReading(baseline, options);
        foreach (var file in request.Baseline)
        {
            reading.Read(file, request.Limits, cancellation);
        }

        return baseline;
    }

    private static ArtifactSummary Artifact(AnalysisRequest request, ServingReading reading)
    {
        var name =
            request.Files.Count == 1
                ? request.Files[0].Name
                : $"{request.Files[0].Name} and {request.Files.Count - 1} more";
        var digest =
            reading.Digests.Count == 1
                ? reading.Digests[0]
                : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(reading.Digests))));
        return new ArtifactSummary(
            name,
            KindName,
            string.Join('+', reading.Formats.Distinct(StringComparer.Ordinal)),
            reading.Bytes,
            reading.Lines,
            reading.Rejected,
            digest
        );
    }
}
