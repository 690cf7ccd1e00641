using System.Globalization;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Planning;
using SelfDev.Core.Traffic.Findings;
using SelfDev.Core.Traffic.Model;

namespace SelfDev.Core.Traffic.Report;

/// <summary>The <c>summary</c> of a traffic artifact's envelope.</summary>
public sealed record TrafficSummary
{
    public required string Verdict { get; init; }

    public required long Requests { get; init; }

    public required double Seconds { get; init; }

    public required long Failures { get; init; }

    /// <value>Mean over the whole time; 0 where nobody counted.</value>
    public required double RequestsPerSecond { get; init; }

    /// <value>The highest minute.</value>
    public required double PeakRequestsPerSecond { get; init; }

    public required double PrefillTokensPerSecond { get; init; }

    public required double OutputTokensPerSecond { get; init; }

    /// <value>Share of prompt tokens that a cache had, where the log tells; else null.</value>
    public double? CachedShare { get; init; }

    /// <value>Steady, ramp, on-off, diurnal or unknown.</value>
    public required TrafficClass TrafficClass { get; init; }

    /// <value>Variance of the change from one interval to the next over that of independent users; null where too
    /// little was seen.</value>
    public double? Dispersion { get; init; }

    public double? IdleShare { get; init; }

    /// <value>What the planner wants of the fleet at the end of the traffic; null where the fleet is not known.</value>
    public FleetPlan? Plan { get; init; }
}

/// <summary>What a person reads of a traffic artifact.</summary>
internal static class TrafficReport
{
    public static TrafficSummary Summarise(TrafficReading reading, TrafficDetector detector)
    {
        var known = detector
            .Intervals.Select(interval => interval.Sample)
            .Where(sample => sample.Seconds > 0 && double.IsFinite(sample.Requests))
            .ToList();
        var seconds = known.Sum(sample => sample.Seconds);
        var requests = known.Sum(sample => sample.Requests);
        var step = known.Count > 0 ? known[0].Seconds : 1;
        var minute = Math.Max(1, (int)Math.Round(60 / step));
        var peak = 0.0;
        for (var i = minute - 1; i < known.Count; i++)
        {
            peak = Math.Max(
                peak,
                known.Skip(i - minute + 1).Take(minute).Sum(sample => sample.Requests) / minute / step
            );
        }

        // As independent requests of a second each would come.
        var shape = TrafficClassifier.Classify(
            [.. known.Select(sample => sample.Requests / sample.Seconds)],
            step,
            1,
            0
        );
        var prompt = reading.PrefillTokens + reading.CachedTokens;
        double PerSecond(Func<DemandSample, double> tokens) =>
            seconds > 0 ? Math.Round(known.Select(tokens).Where(double.IsFinite).Sum() / seconds, 3) : 0;
        var summary = new TrafficSummary
        {
            Verdict = "",
            Requests = (long)requests,
            Seconds = Math.Round(seconds, 3),
            Failures = reading.Failures,
            RequestsPerSecond = seconds > 0 ? Math.Round(requests / seconds, 6) : 0,
            PeakRequestsPerSecond = Math.Round(peak, 6),
            PrefillTokensPerSecond = PerSecond(sample => sample.PrefillTokens),
            OutputTokensPerSecond = PerSecond(sample => sample.OutputTokens),
            CachedShare =
                reading.WithCachedTokens > 0 && prompt > 0
                    ? Math.Round((double)reading.CachedTokens / prompt, 6)
                    : null,
            TrafficClass = shape.Class,
            Dispersion = double.IsFinite(shape.Dispersion) ? Math.Round(shape.Dispersion, 3) : null,
            IdleShare = double.IsFinite(shape.IdleShare) ? Math.Round(shape.IdleShare, 3) : null,
            Plan = detector.Plan,
        };
        return summary with { Verdict = Verdict(summary) };
    }

    public static ReportDocument Document(
        TrafficReading reading,
        TrafficSummary summary,
        TrafficDetector detector,
        IReadOnlyList<Finding> findings
    )
    {
        var start = detector.Intervals.Count > 0 ? detector.Intervals[0].Sample.Time : 0;
        var surges = findings
            .Where(finding => finding is { Kind: FindingKinds.Surge, From.Time: not null, To.Time: not null })
            .Select(finding => new ChartMark(
                finding.From.Time!.Value.Subtract(DateTimeOffset.UnixEpoch).TotalSeconds - start,
                finding.To.Time!.Value.Subtract(DateTimeOffset.UnixEpoch).TotalSeconds - start,
                finding.Id
            ));
        var blocks = new List<ReportBlock>
        {
            new Chart(
                "Requests",
                ChartForm.Line,
                "seconds",
                "requests a second",
                [new Series("requests", Points(detector, start, sample => sample.Requests / sample.Seconds))]
            )
            {
                Marks = [.. surges],
            },
            new Chart(
                "Prompt tokens",
                ChartForm.Line,
                "seconds",
                "uncached tokens a second",
                [new Series("prompt tokens", Points(detector, start, sample => sample.PrefillTokens / sample.Seconds))]
            ),
        };
        if (summary.Plan is { } plan)
        {
            blocks.Insert(
                0,
                new Paragraph(
                    string.Create(CultureInfo.InvariantCulture, $"Plan: {plan.Replicas} replicas. {plan.Why}")
                )
            );
        }

        if (reading.Rejected > 0)
        {
            blocks.Add(RejectedLines(reading));
        }

        return new ReportDocument("Traffic of a fleet", summary.Verdict, blocks);
    }

    public static Table RejectedLines(TrafficReading reading) =>
        new(
            "Lines that were not used",
            ["reason", "lines", "first at line"],
            [
                .. reading.Rejections.Select(rejection =>
                    (IReadOnlyList<string>)
                        [
                            rejection.Key,
                            rejection.Value.Count.ToString(CultureInfo.InvariantCulture),
                            rejection.Value.First.Line.ToString(CultureInfo.InvariantCulture),
                        ]
                ),
            ]
        )
        {
            NumericColumns = [1, 2],
        };

    public static string Word(TrafficClass kind) =>
        kind switch
        {
            TrafficClass.Steady => "steady",
            TrafficClass.Ramp => "a ramp",
            TrafficClass.OnOff => "on and off, in bursts that no forecast sees coming",
            TrafficClass.Diurnal => "with a rhythm",
            _ => "too little to tell what it is like",
        };

    private static string Verdict(TrafficSummary summary) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Requests} requests in {summary.Seconds:0} s, {summary.RequestsPerSecond:0.##} a second and "
                + $"{summary.PeakRequestsPerSecond:0.##} in the highest minute. The traffic is "
                + $"{Word(summary.TrafficClass)}."
        );

    private static List<ChartPoint> Points(TrafficDetector detector, double start, Func<DemandSample, double> value)
    {
        // At most as many points as a chart takes: of each stretch the highest, since peaks are what matters.
        var stretch = Math.Max(1, (detector.Intervals.Count + Series.MaxPoints - 1) / Series.MaxPoints);
        return
        [
            .. detector
                .Intervals.Where(interval => interval.Sample.Seconds > 0)
                .Chunk(stretch)
                .Select(chunk =>
                {
                    var highest = chunk
                        .Select(interval => value(interval.Sample))
                        .Where(double.IsFinite)
                        .DefaultIfEmpty(double.NaN)
                        .Max();
                    return new ChartPoint(chunk[0].Sample.Time - start, double.IsFinite(highest) ? highest : null);
                }),
        ];
    }
}
