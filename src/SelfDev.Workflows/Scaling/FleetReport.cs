using System.Globalization;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling;

/// <summary>What the people who are asked about a fleet's size get to read.</summary>
internal static class FleetReport
{
    public static ReportDocument Of(
        AskAboutFleetInput input,
        IReadOnlyList<FleetSample> history,
        Finding finding,
        FleetReplay? replay
    )
    {
        var blocks = new List<ReportBlock>();
        if (replay is not null)
        {
            blocks.Add(new Heading("The last hours, replayed"));
            blocks.Add(
                new Table(
                    "Share of requests within the service level, with the present size and with the proposed one",
                    ["instances", "within service level", "p99 time to first token", "longest wait", "GPU-hours"],
                    [Row(replay.Present), Row(replay.Proposed)]
                )
            );
            blocks.Add(
                new Paragraph(
                    "Samples tell neither single arrivals nor single lengths: arrivals are taken as even over each "
                        + "sample and lengths as its mean, which flatters both sizes."
                )
            );
        }

        if (history.Count > 1)
        {
            blocks.Add(new Heading("Demand"));
            blocks.Add(
                new Chart(
                    "Requests a second",
                    ChartForm.Line,
                    "minutes before now",
                    "requests a second",
                    [
                        new Series(
                            "requests",
                            [
                                .. history.Select(sample => new ChartPoint(
                                    (sample.Time - input.Now).TotalMinutes,
                                    sample.Requests / sample.Seconds
                                )),
                            ]
                        ),
                    ]
                )
            );
            blocks.Add(
                new Chart(
                    "Waiting requests",
                    ChartForm.Line,
                    "minutes before now",
                    "requests",
                    [
                        new Series(
                            "waiting",
                            [
                                .. history.Select(sample => new ChartPoint(
                                    (sample.Time - input.Now).TotalMinutes,
                                    sample.Queue
                                )),
                            ]
                        ),
                    ]
                )
            );
        }

        return new ReportDocument($"Fleet {input.Fleet}", finding.Title, blocks);
    }

    /// <returns>Null without a replay.</returns>
    public static string? Expectation(FleetReplay? replay) =>
        replay is null
            ? null
            : string.Create(
                CultureInfo.InvariantCulture,
                $"Replayed over the last {replay.Duration.TotalHours:0.0} h ({replay.Requests} requests, even arrivals "
                    + $"and mean lengths): {Words(replay.Present)} as it is; {Words(replay.Proposed)} as proposed."
            );

    private static string Words(ReplayedSize size) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{size.Replicas} instances hold the service level for {size.Attainment * 100:0.0} % of requests at "
                + $"{size.GpuHours:0.0} GPU-hours"
        );

    private static IReadOnlyList<string> Row(ReplayedSize size) =>
        [
            size.Replicas.ToString(CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{size.Attainment * 100:0.00} %"),
            double.IsFinite(size.FirstTokenP99)
                ? string.Create(CultureInfo.InvariantCulture, $"{size.FirstTokenP99:0.00} s")
                : "never",
            string.Create(CultureInfo.InvariantCulture, $"{size.WorstQueueSeconds:0.0} s"),
            string.Create(CultureInfo.InvariantCulture, $"{size.GpuHours:0.0}"),
        ];
}
