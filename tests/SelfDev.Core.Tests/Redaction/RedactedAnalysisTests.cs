using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Redaction;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Reports.Render;
using SelfDev.Core.Tests.Training;
using SelfDev.Core.Text;
using SelfDev.Core.Training;

namespace SelfDev.Core.Tests.Redaction;

public sealed class RedactedAnalysisTests
{
    // Made up; put together here so that no scanner of repositories takes it for a real one.
    private const string Key = "AKIA" + "IOSFODNN7EXAMPLE";
    private const string GitHub = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a";

    [Fact]
    public void No_report_in_any_form_holds_a_secret_of_the_artifact()
    {
        var analysis = RedactedAnalysis.Of(Planted());

        var content = ReportContent.From(analysis);
        string[] forms =
        [
            ReportEnvelope.Of(analysis).ToJsonString(),
            ReportHtml.Render(content),
            ReportMarkdown.Render(content),
        ];

        Assert.All(
            forms,
            form =>
            {
                Assert.DoesNotContain(Key, form, StringComparison.Ordinal);
                Assert.DoesNotContain("FODNN7EXAMPLE", form, StringComparison.Ordinal);
                Assert.DoesNotContain("hunter2", form, StringComparison.Ordinal);
                Assert.Contains("redacted", form, StringComparison.Ordinal);
            }
        );
    }

    [Fact]
    public void Places_numbers_and_texts_without_a_secret_stay_as_they_are()
    {
        var before = Planted().Findings[0];

        var after = RedactedAnalysis.Of(Planted()).Findings[0];

        Assert.Equal(
            before.Evidence.Select(line => (line.Line, line.Offset, line.File)),
            after.Evidence.Select(line => (line.Line, line.Offset, line.File))
        );
        Assert.Equal((before.Id, before.Kind, before.From, before.To), (after.Id, after.Kind, after.From, after.To));
        Assert.Equal(3, after.Metrics["count"].Number);
        Assert.Equal(before.Proposals[0].Action, after.Proposals[0].Action);
        Assert.Equal("plain \u001b[31mred\u202e line", after.Evidence[3].Text);
    }

    [Fact]
    public void A_secret_split_over_cited_lines_is_gone_from_both()
    {
        var lines = RedactedAnalysis.Of(Planted()).Findings[0].Evidence;

        Assert.Equal(
            ["id [redacted:aws-key]", "[redacted:aws-key] end"],
            lines.Skip(1).Take(2).Select(line => line.Text)
        );
    }

    [Fact]
    public void A_secret_that_the_limit_of_a_line_cuts_through_is_gone()
    {
        for (var shown = 8; shown < GitHub.Length; shown++)
        {
            var line = new string('x', Limits.EvidenceTextChars - shown - 1) + " " + GitHub + " and more";
            var text = EvidenceText.Of(System.Text.Encoding.UTF8.GetBytes(line));
            var analysis = Planted() with
            {
                Findings = [Planted().Findings[0] with { Evidence = [new Evidence(1, 0, text)] }],
            };

            var evidence = RedactedAnalysis.Of(analysis).Findings[0].Evidence[0].Text;

            Assert.DoesNotContain(GitHub[..8], evidence, StringComparison.Ordinal);
            Assert.True(evidence.Length <= Limits.EvidenceTextChars);
        }
    }

    [Theory]
    [InlineData("loss 2.34567890123")]
    [InlineData("ends with a word")]
    [InlineData("")]
    public void A_cut_line_keeps_a_short_word_and_a_number(string text) =>
        Assert.Equal(text, CutText.WithoutPartialWord(text));

    [Fact]
    public void Every_kind_of_block_is_redacted()
    {
        var kinds = typeof(ReportBlock)
            .Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(ReportBlock)))
            .ToHashSet();
        var planted = Planted().Document.Blocks.Select(block => block.GetType()).ToHashSet();

        Assert.Equal(kinds, planted);
        Assert.All(
            RedactedAnalysis.Of(Planted()).Document.Blocks,
            block => Assert.DoesNotContain(Key, Text(block), StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Redacting_again_changes_nothing()
    {
        Prop.ForAll(
                ArbMap.Default.ArbFor<NonNull<string>[]>(),
                texts =>
                {
                    var analysis = Planted() with
                    {
                        Findings =
                        [
                            Planted().Findings[0] with
                            {
                                Evidence =
                                [
                                    .. texts.Select((text, index) => new Evidence(index + 1, 0, text.Get)),
                                    new Evidence(99, 0, "x"),
                                ],
                            },
                        ],
                    };
                    var once = RedactedAnalysis.Of(analysis);
                    return RedactedAnalysis.Of(once).Findings[0].Evidence.SequenceEqual(once.Findings[0].Evidence);
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_room_in_this_form_reports_without_secrets_and_is_the_same_room_otherwise()
    {
        var line = $"RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB (hub token {GitHub})\n";
        var room = new RedactedCapability(new TrainingCapability());
        var request = new AnalysisRequest([
            new ArtifactFile(
                "run.log",
                () => new MemoryStream(System.Text.Encoding.UTF8.GetBytes(TrainingRoom.Megatron([3, 2.9]) + line)),
                null
            ),
        ]);

        var finding = room.Analyze(request, CancellationToken.None)
            .Findings.Single(finding => finding.Kind == FindingKinds.CudaOom);

        Assert.Contains("[redacted:github-token]", finding.Evidence[0].Text, StringComparison.Ordinal);
        Assert.Equal(3, finding.Evidence[0].Line);
        Assert.Equal(("training", new TrainingCapability().Formats), (room.Kind, room.Formats));
        Assert.Equal(
            "megatron",
            room.Sniff(
                new ArtifactHead("x", System.Text.Encoding.UTF8.GetBytes(TrainingRoom.Megatron([3, 2.9])), true)
            )?.Format
        );
    }

    private static string Text(ReportBlock block) =>
        System.Text.Json.JsonSerializer.Serialize(block, ReportJson.Options);

    private static Analysis Planted() =>
        new(
            new ArtifactSummary("run.log", "training", "megatron", 1, 1, 0, "00"),
            [
                new Finding
                {
                    Id = "F1",
                    Kind = FindingKinds.CudaOom,
                    Severity = Severity.Error,
                    Role = FindingRole.Root,
                    Title = $"Out of memory with {Key}",
                    From = new Position(7, 70, null),
                    To = new Position(10, 100, null),
                    Evidence =
                    [
                        new Evidence(7, 700, $"export AWS_ACCESS_KEY_ID={Key}"),
                        new Evidence(8, 800, "id " + Key[..9]),
                        new Evidence(9, 900, Key[9..] + " end"),
                        new Evidence(10, 1000, "plain \u001b[31mred\u202e line"),
                    ],
                    Metrics = new Dictionary<string, MetricValue>
                    {
                        ["message"] = $"password={"hunter2!"} {Key}",
                        ["count"] = 3,
                    },
                    Proposals =
                    [
                        new Proposal(new RestartRun(60), $"Because of {Key}.")
                        {
                            ExpectedOutcome = $"No {Key}",
                            Cost = $"1 {Key}",
                            Risk = $"Lost {Key}",
                        },
                    ],
                },
            ],
            new Summary(
                $"Look at {Key}",
                [$"password={"hunter2!"}"],
                new Dictionary<string, string> { ["inner"] = Key }
            ),
            new ReportDocument(
                $"Title {Key}",
                $"Verdict {Key}",
                [
                    new Heading($"Heading {Key}"),
                    new Paragraph($"Paragraph {Key}"),
                    new Quote($"prompt {Key}", $"first\npassword: hunter2!\n{Key[..9]}\n{Key[9..]}"),
                    new Table(
                        $"Caption {Key}",
                        [$"Column {Key}"],
                        [
                            [$"Cell {Key}"],
                        ]
                    ),
                    new Chart(
                        $"Chart {Key}",
                        ChartForm.Bar,
                        $"x {Key}",
                        $"y {Key}",
                        [new Series($"series {Key}", [new ChartPoint(0, 1) { Label = $"label {Key}" }])]
                    ),
                ]
            )
        );

    private sealed record Summary(
        string Verdict,
        IReadOnlyList<string> Lines,
        IReadOnlyDictionary<string, string> Names
    );
}
