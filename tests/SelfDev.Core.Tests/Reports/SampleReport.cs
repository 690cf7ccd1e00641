using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Reports.Render;

namespace SelfDev.Core.Tests.Reports;

/// <summary>A report with every kind of block, and hostile text wherever an artifact's text can come through.</summary>
internal static class SampleReport
{
    public const string Hostile =
        "</script><img src=x onerror=alert(1)> `tick` ```` | pipe [a](javascript:alert(1)) "
        + "=HYPERLINK(\"x\")\u001b[31m\u202Egnp.exe\r\n# end";

    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static Finding Spike { get; } =
        new()
        {
            Id = "F2",
            Kind = FindingKinds.LossSpike,
            Severity = Severity.Warning,
            Role = FindingRole.Symptom,
            Title = "Loss rose from 2.77 to 8.71 within 6 steps and recovered after 40.",
            From = new Position(1712, 3100, Start),
            To = new Position(1758, 3146, Start.AddMinutes(9)),
            Evidence =
            [
                new Evidence(1712, 204_811, "iteration 3100/ 5000 | lm loss: 2.771E+00 |"),
                new Evidence(1718, 205_600, Hostile),
            ],
            Metrics = new Dictionary<string, MetricValue>
            {
                ["peak"] = 8.71,
                ["robustZ"] = double.PositiveInfinity,
                ["class"] = "fast-recovering",
                ["recovered"] = true,
            },
            CausedBy = "F1",
        };

    public static Finding Xid { get; } =
        new()
        {
            Id = "F1",
            Kind = FindingKinds.GpuXid,
            Severity = Severity.Critical,
            Role = FindingRole.Root,
            Title = "GPU 0000:10:1c left the bus (Xid 79).",
            From = new Position(1700, null, Start),
            To = new Position(1700, null, Start),
            Evidence =
            [
                new Evidence(1700, 200_000, "NVRM: Xid (PCI:0000:10:1c): 79, GPU has fallen off the bus.")
                {
                    File = "node-7/<kern>.log",
                },
            ],
            Proposals =
            [
                new Proposal(
                    new ReplaceNode(NodeName.TryParse("node-7")!.Value, NodeReplacement.Delete),
                    "Xid 79 does not heal: the vendor asks for a new node."
                )
                {
                    ExpectedOutcome = "A healthy node within 15 minutes.",
                    Cost = "none beyond the running fleet",
                    Risk = "The job restarts from step 3,000.",
                },
                new Proposal(new RollBackAndSkip(3000, 40), "The spike follows the lost rank."),
            ],
        };

    public static ReportContent Content { get; } =
        new(
            new ArtifactSummary(
                "training/run-1/<b>log</b>.txt",
                "training",
                "megatron",
                2_400_000,
                5_012,
                3,
                new string('a', 64)
            ),
            [Xid, Spike],
            new ReportDocument(
                "Training run diagnosis",
                "A GPU was lost at 12:00; the loss spike after it recovered by itself.",
                [
                    new Heading("Curves"),
                    new Chart(
                        "Loss",
                        ChartForm.Line,
                        "step",
                        "loss",
                        [
                            new Series(
                                "train",
                                [
                                    new(3090, 2.78),
                                    new(3100, 2.77),
                                    new(3106, 8.71),
                                    new(3110, double.NaN),
                                    new(3120, null),
                                    new(3146, 2.79),
                                ]
                            ),
                        ]
                    )
                    {
                        Marks = [new ChartMark(3100, 3146, "F2"), new ChartMark(3100, 3100, "F-unknown")],
                        LogarithmicY = true,
                    },
                    new Chart(
                        "Steps by cause",
                        ChartForm.StackedBar,
                        "run",
                        "seconds",
                        [
                            new Series(Hostile, [new(0, 12) { Label = Hostile }]),
                            new Series("checkpoint", [new(0, 30) { Label = Hostile }]),
                        ]
                    ),
                    new Chart(
                        "Change by task",
                        ChartForm.Interval,
                        "task",
                        "difference",
                        [
                            new Series(
                                "difference",
                                [
                                    new(0, -0.02)
                                    {
                                        Label = "arc_easy",
                                        Low = -0.05,
                                        High = 0.01,
                                    },
                                ]
                            ),
                        ]
                    ),
                    new Paragraph("- 1 segment, *no* restart. See https://example.org & <b>www.example.org</b>."),
                    new Table(
                        "Slow steps | by cause",
                        ["cause", "seconds"],
                        [
                            ["checkpoint", "30"],
                            [Hostile, "12"],
                        ]
                    )
                    {
                        NumericColumns = [1],
                    },
                    new Quote("explanation by gpt-5", "1. The GPU was lost.\n- " + Hostile),
                ]
            )
        )
        {
            Conclusions = [new Heading("Decisions"), new Paragraph("ada approved scale-fleet at 12:20.")],
        };
}
