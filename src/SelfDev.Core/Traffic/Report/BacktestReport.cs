using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Scaling.Backtesting;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Text;
using SelfDev.Core.Traffic.Model;

namespace SelfDev.Core.Traffic.Report;

/// <summary>The <c>summary</c> of a backtest's envelope.</summary>
public sealed record BacktestSummary
{
    public required string Verdict { get; init; }

    public required string Fleet { get; init; }

    public required long Requests { get; init; }

    public required double Seconds { get; init; }

    public required ServiceLevelSummary ServiceLevel { get; init; }

    public required double ColdStartSeconds { get; init; }

    public required double IntervalSeconds { get; init; }

    public required int InitialReplicas { get; init; }

    /// <value>Steady, ramp, on-off, diurnal or unknown.</value>
    public required TrafficClass TrafficClass { get; init; }

    /// <value>Whether any number of replicas holds the service level for the trace's mix of requests.</value>
    public required bool IsFeasible { get; init; }

    public required IReadOnlyList<PolicyFigures> Policies { get; init; }
}

public sealed record ServiceLevelSummary(double TimeToFirstTokenSeconds, double InterTokenSeconds, double Attainment);

/// <summary>What a person reads of a backtest.</summary>
public static class BacktestReport
{
    private static readonly string[] Drawn = ["selfdev", "hpa", "static-peak", "oracle"];

    public static Analysis Of(BacktestResult result, TrafficReading reading, string kind)
    {
        var summary = new BacktestSummary
        {
            Verdict = Verdict(result),
            Fleet = result.Fleet.Name,
            Requests = result.Trace.Count,
            Seconds = Math.Round(result.Trace.Seconds, 3),
            ServiceLevel = new ServiceLevelSummary(
                result.Fleet.ServiceLevel.TimeToFirstTokenSeconds,
                result.Fleet.ServiceLevel.InterTokenSeconds,
                result.Fleet.ServiceLevel.Attainment
            ),
            ColdStartSeconds = result.Fleet.ColdStartSeconds,
            IntervalSeconds = result.Fleet.IntervalSeconds,
            InitialReplicas = result.InitialReplicas,
            TrafficClass = result.Shape.Class,
            IsFeasible = result.IsFeasible,
            Policies = result.Policies,
        };
        return new Analysis(
            new ArtifactSummary(
                reading.Name,
                kind,
                reading.Format,
                reading.Bytes,
                reading.Lines,
                reading.Rejected,
                reading.Sha256
            ),
            [],
            summary,
            new ReportDocument("Backtest of scaling policies", summary.Verdict, Blocks(result, reading))
        );
    }

    private static string Verdict(BacktestResult result)
    {
        var ours = result.Policies[0];
        var target = result.Fleet.ServiceLevel.Attainment;
        var attained = string.Create(
            CultureInfo.InvariantCulture,
            $"selfdev attained the service level for {ours.SloAttainment:P2} of the requests with "
                + $"{ours.GpuHours:0.###} GPU-hours, {ours.OverOracle:0.00} times the best schedule that knows the "
                + $"future."
        );
        if (!result.IsFeasible)
        {
            return $"No number of replicas attains this service level for "
                + $"{target.ToString("P0", CultureInfo.InvariantCulture)} of these requests: their own prefill or step "
                + $"time is too long. "
                + attained;
        }

        var better = result
            .Policies.Where(policy =>
                policy.Name is not ("selfdev" or "oracle")
                && policy.SloAttainment >= Math.Min(target, ours.SloAttainment)
                && policy.GpuHours < ours.GpuHours * 0.9999
            )
            .Select(policy => policy.Name)
            .ToList();
        return attained
            + (
                better.Count == 0
                    ? " No baseline did as much with fewer."
                    : $" With fewer GPU-hours did as much: {string.Join(", ", better)}."
            );
    }

    private static List<ReportBlock> Blocks(BacktestResult result, TrafficReading reading)
    {
        var level = result.Fleet.ServiceLevel;
        var blocks = new List<ReportBlock>
        {
            new Paragraph(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{result.Trace.Count} requests over {result.Trace.Seconds:0} s on fleet "
                        + $"{SafeText.SingleLine(result.Fleet.Name)}: first token within "
                        + $"{level.TimeToFirstTokenSeconds:0.###} s and {level.InterTokenSeconds * 1000:0.#} ms a "
                        + $"token for {level.Attainment:P1} of them, cold start "
                        + $"{result.Fleet.ColdStartSeconds:0} s, a decision each "
                        + $"{result.Fleet.IntervalSeconds:0} s, {result.InitialReplicas} replicas at "
                        + $"the start. Traffic: {TrafficReport.Word(result.Shape.Class)}."
                )
            ),
            new Table(
                "Policies over the same trace",
                [
                    "policy",
                    "SLO attainment",
                    "TTFT p50 (s)",
                    "TTFT p99 (s)",
                    "GPU-hours",
                    "over oracle",
                    "scale actions",
                    "worst queue (s)",
                ],
                [
                    .. result.Policies.Select(policy =>
                        (IReadOnlyList<string>)
                            [
                                policy.Name,
                                policy.SloAttainment.ToString("P2", CultureInfo.InvariantCulture),
                                Text(policy.TtftP50, "0.000"),
                                Text(policy.TtftP99, "0.000"),
                                Text(policy.GpuHours, "0.000"),
                                Text(policy.OverOracle, "0.000"),
                                policy.ScaleActions.ToString(CultureInfo.InvariantCulture),
                                Text(policy.WorstQueueSeconds, "0.0"),
                            ]
                    ),
                ]
            )
            {
                NumericColumns = [1, 2, 3, 4, 5, 6, 7],
            },
            new Paragraph(
                "The oracle, static-peak and static-mean know the trace beforehand, and every policy begins with the "
                    + "replicas of static-peak unless the fleet names others. The targets of the other baselines are "
                    + "set from a load test with this trace's own average request."
            ),
            Curves(result, "Replicas", "replicas", observed => observed.Provisioned + observed.Draining, Drawn),
            Curves(
                result,
                "Demand",
                "requests a second",
                observed => observed.IntervalSeconds > 0 ? observed.Arrivals / observed.IntervalSeconds : 0,
                ["selfdev"]
            ),
            Curves(result, "Oldest request in the queue", "seconds", observed => observed.QueueAgeSeconds, Drawn),
        };
        if (reading.Rejected > 0)
        {
            blocks.Add(TrafficReport.RejectedLines(reading));
        }

        return blocks;
    }

    private static Chart Curves(
        BacktestResult result,
        string title,
        string label,
        Func<FleetObservation, double> value,
        string[] policies
    ) =>
        new(
            title,
            ChartForm.Line,
            "seconds",
            label,
            [
                .. result
                    .Runs.Where(run => policies.Contains(run.Policy))
                    .Select(run => new Series(policies.Length == 1 ? label : run.Policy, Thin(run.Timeline, value))),
            ]
        );

    /// <summary>At most as many points as a chart takes: of each stretch the highest, since peaks are what
    /// matters.</summary>
    private static List<ChartPoint> Thin(IReadOnlyList<FleetObservation> timeline, Func<FleetObservation, double> value)
    {
        var stretch = (timeline.Count + Series.MaxPoints - 1) / Series.MaxPoints;
        return
        [
            .. timeline.Chunk(Math.Max(1, stretch)).Select(chunk => new ChartPoint(chunk[0].Time, chunk.Max(value))),
        ];
    }

    private static string Text(double value, string format) =>
        double.IsFinite(value) ? value.ToString(format, CultureInfo.InvariantCulture) : "never";
}
