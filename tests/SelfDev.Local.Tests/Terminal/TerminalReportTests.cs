using System.Text.RegularExpressions;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Reports.Render;
using SelfDev.Local.Terminal;

namespace SelfDev.Local.Tests.Terminal;

public sealed partial class TerminalReportTests
{
    private const string Hostile = "\u001b]0;owned\u0007\u001b[2J [red]x[/] [unclosed \u009b31m \u202Etxt\r\n\u001b[1A";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Escape_sequences_of_an_artifact_never_reach_the_terminal(bool isTerminal)
    {
        using var output = new StringWriter();

        TerminalReport.Write(Consoles.For(output, isTerminal, 100), Report());

        // What is left are colours and styles of our own.
        var text = OwnStyle().Replace(output.ToString(), "");
        Assert.DoesNotContain(text, letter => char.IsControl(letter) && letter is not ('\n' or '\r'));
        Assert.DoesNotContain('\u202E', text);
        Assert.Contains(@"\u001B]0;owned\u0007", text, StringComparison.Ordinal);
        Assert.Contains("[red]x[/]", text, StringComparison.Ordinal);
    }

    [Fact]
    public void On_a_terminal_evidence_is_cut_to_its_width_and_piped_it_is_whole()
    {
        var line = new string('x', 300);
        var finding = Report().Findings[0] with { Evidence = [new Evidence(1, 0, line)] };
        using var terminal = new StringWriter();
        using var pipe = new StringWriter();

        TerminalReport.Write(Consoles.For(terminal, true, 80), Report() with { Findings = [finding] });
        TerminalReport.Write(Consoles.For(pipe, false, 80), Report() with { Findings = [finding] });

        Assert.DoesNotContain(line, terminal.ToString(), StringComparison.Ordinal);
        Assert.Contains("x…", terminal.ToString(), StringComparison.Ordinal);
        Assert.Contains($"   1: {line}", pipe.ToString(), StringComparison.Ordinal);
    }

    private static ReportContent Report() =>
        new(
            new ArtifactSummary(Hostile, "training", "megatron", 10, 2, 0, new string('0', 64)),
            [
                new Finding
                {
                    Id = "F1",
                    Kind = FindingKinds.LossSpike,
                    Severity = Severity.Error,
                    Role = FindingRole.Root,
                    Title = Hostile,
                    From = new Position(1, 1, null),
                    To = new Position(2, 2, null),
                    Evidence = [new Evidence(1, 0, Hostile) { File = Hostile }],
                    Metrics = new Dictionary<string, MetricValue> { [Hostile] = Hostile },
                    CausedBy = Hostile,
                },
            ],
            new ReportDocument(
                Hostile,
                Hostile,
                [
                    new Heading(Hostile),
                    new Paragraph(Hostile),
                    new Quote(Hostile, Hostile),
                    new Table(
                        Hostile,
                        [Hostile],
                        [
                            [Hostile],
                        ]
                    ),
                    new Chart(
                        Hostile,
                        ChartForm.Bar,
                        Hostile,
                        Hostile,
                        [new Series(Hostile, [new ChartPoint(0, 1) { Label = Hostile }])]
                    ),
                ]
            )
        );

    [GeneratedRegex("\u001b\\[[0-9;]*m")]
    private static partial Regex OwnStyle();
}
