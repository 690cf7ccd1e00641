using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Traffic.Findings;
using SelfDev.Core.Traffic.Formats;
using SelfDev.Core.Traffic.Model;
using SelfDev.Core.Traffic.Report;

namespace SelfDev.Core.Traffic;

/// <summary>Diagnosis of a fleet's traffic: inference traces, request logs, metrics and samples. With the fleet (option
/// <c>fleet</c>) it says also whether its size holds the service level.</summary>
public sealed class TrafficCapability : ICapability
{
    public const string KindName = "traffic";

    public string Kind => KindName;

    public IReadOnlyList<string> Formats => TrafficFormats.All;

    public FormatMatch? Sniff(ArtifactHead head) =>
        TrafficFormats.Sniff(head) is var (format, confidence) ? new FormatMatch(KindName, format, confidence) : null;

    /// <summary>One file. Options: <see cref="TrafficOptions.Parse"/>.</summary>
    /// <exception cref="ArtifactUnreadableException">An option is wrong, there are several files, or the file holds no
    /// traffic that is known here.</exception>
    public Analysis Analyze(AnalysisRequest request, CancellationToken cancellation)
    {
        var options = TrafficOptions.Parse(request.Options);
        if (request.Files.Count > 1)
        {
            throw new ArtifactUnreadableException(
                $"Traffic is diagnosed one file at a time, and there are {request.Files.Count}. To replay several at "
                    + $"once: selfdev backtest A B --fleet FILE."
            );
        }

        var file = request.Files[0];
        var reading = TrafficFormats.Read(file, request.Limits, cancellation, options.IntervalSeconds);
        if (reading.Requests == 0 && reading.Samples.Count == 0)
        {
            throw new ArtifactUnreadableException(
                $"'{file.Name}' holds no request and no sample that can be used: of {reading.Lines} lines "
                    + $"{reading.Rejected} were "
                    + $"refused{(reading.Rejections.Count > 0 ? $", most as '{reading.Rejections.MaxBy(rejection => rejection.Value.Count).Key}'" : "")}."
            );
        }

        var detector = new TrafficDetector(reading, options);
        var findings = detector.Detect(request.Subject);
        var summary = TrafficReport.Summarise(reading, detector);
        return new Analysis(
            new ArtifactSummary(
                file.Name,
                KindName,
                reading.Format,
                reading.Bytes,
                reading.Lines,
                reading.Rejected,
                reading.Sha256
            ),
            findings,
            summary,
            TrafficReport.Document(reading, summary, detector, findings)
        );
    }
}
