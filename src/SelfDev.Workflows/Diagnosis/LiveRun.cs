using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training.Model;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>Training logs that grow while the run goes on: when does silence mean that it has stalled?</summary>
internal static class LiveRun
{
    /// <summary>Upload gaps that may pass without news: uploads come late, and a late one is no stall.</summary>
    private const int UploadGaps = 3;

    /// <param name="longestGap">As <see cref="FindingMemory.LongestGapAsync"/>.</param>
    /// <returns>Seconds without a newer version after which the run counts as stalled; null where silence says nothing
    /// or the end is known.</returns>
    public static double? SilentAfterSeconds(Analysis analysis, TimeSpan? longestGap)
    {
        var hasEnded = analysis.Findings.Any(finding =>
            finding.Severity == Severity.Critical || finding.Kind == FindingKinds.ProcessExit
        );
        return
            !hasEnded
            && longestGap is { } gap
            && LastRun(analysis) is { SilentAfterSeconds: { } learnt, LastTime: not null }
            ? Math.Max(learnt, UploadGaps * gap.TotalSeconds)
            : null;
    }

    /// <summary>The options that make the room judge the silence. The log's own clock counts on from its last line, so
    /// that its time zone does not matter.</summary>
    public static IReadOnlyDictionary<string, string> Options(Analysis analysis, TimeSpan silence) =>
        LastRun(analysis)?.LastTime is { } last
            ? new Dictionary<string, string> { ["now"] = (last + silence).ToString("O", CultureInfo.InvariantCulture) }
            : new Dictionary<string, string>();

    private static RunSummary? LastRun(Analysis analysis) =>
        analysis.Summary is TrainingSummary { Runs: [.., var last] } ? last : null;
}
