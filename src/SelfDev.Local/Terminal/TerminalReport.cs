using System.Globalization;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Reports.Render;
using SelfDev.Core.Text;
using Spectre.Console;
using Paragraph = SelfDev.Core.Reports.Model.Paragraph;
using Table = SelfDev.Core.Reports.Model.Table;

namespace SelfDev.Local.Terminal;

/// <summary>
/// The report for a terminal: verdict, findings, small curves, and the evidence of the most urgent findings. Control
/// characters of an artifact are shown as escapes, never sent; its brackets are no colour markup.
/// </summary>
internal static class TerminalReport
{
    private const int FindingsInDetail = 20;
    private const int EvidenceInDetail = 4;
    private const int RowsOfTable = 40;
    private const int MostColumns = 100;

    public static void Write(IAnsiConsole console, ReportContent content)
    {
        var writer = new TerminalWriter(console);
        writer.Line(
            $"[bold]{TerminalWriter.Escape(content.Document.Title)}[/]  {TerminalWriter.Escape(content.Artifact.Name)}"
        );
        writer.Line($"[grey]{TerminalWriter.Escape(ReportWording.Facts(content.Artifact))}[/]");
        writer.Line();
        var worst = content.Findings.Count == 0 ? "green" : Color(content.Findings.Max(finding => finding.Severity));
        writer.Line($"[bold {worst}]{TerminalWriter.Escape(content.Document.Verdict)}[/]");
        writer.Line();
        WriteFindings(writer, content);
        foreach (var block in content.Document.Blocks.Concat(content.Conclusions))
        {
            WriteBlock(writer, block);
        }

        WriteEvidence(writer, content);
    }

    private static void WriteFindings(TerminalWriter writer, ReportContent content)
    {
        writer.Line($"[bold]Findings:[/] {ReportWording.Counts([.. content.Findings])}");
        if (content.Findings.Count > 0)
        {
            writer.Table(
                ["Id", "Severity", "Role", "Kind", "Where", "What"],
                content.ByUrgency.Select(finding =>
                    new[]
                    {
                        TerminalWriter.Escape(finding.Id),
                        $"[{Color(finding.Severity)}]{ReportWording.Word(finding.Severity)}[/]",
                        ReportWording.Word(finding.Role),
                        TerminalWriter.Escape(finding.Kind),
                        ReportWording.Where(finding),
                        TerminalWriter.Escape(finding.Title),
                    }
                ),
                []
            );
        }

        writer.Line();
    }

    private static void WriteBlock(TerminalWriter writer, ReportBlock block)
    {
        switch (block)
        {
            case Heading heading:
                writer.Line($"[bold underline]{TerminalWriter.Escape(heading.Text)}[/]");
                break;
            case Paragraph paragraph:
                writer.Line(TerminalWriter.Escape(paragraph.Text));
                writer.Line();
                break;
            case Quote quote:
                writer.Line($"[grey]{TerminalWriter.Escape(quote.Source)}:[/]");
                foreach (var line in SafeText.Block(quote.Text).Split('\n'))
                {
                    writer.Line($"  | {Markup.Escape(line)}");
                }

                writer.Line();
                break;
            case Table table:
                WriteTable(writer, table);
                break;
            case Chart chart:
                WriteChart(writer, chart);
                break;
            default:
                throw new InvalidOperationException($"No terminal text for a block of type {block.GetType().Name}.");
        }
    }

    private static void WriteTable(TerminalWriter writer, Table table)
    {
        writer.Line($"[bold]{TerminalWriter.Escape(table.Caption)}[/]");
        writer.Table(
            [.. table.Columns.Select(TerminalWriter.Escape)],
            table.Rows.Take(RowsOfTable).Select(row => row.Select(TerminalWriter.Escape).ToArray()),
            table.NumericColumns
        );
        if (table.Rows.Count > RowsOfTable)
        {
            writer.Line($"[grey]{table.Rows.Count - RowsOfTable} more rows: --format html[/]");
        }

        writer.Line();
    }

    private static void WriteChart(TerminalWriter writer, Chart chart)
    {
        var axes = TerminalWriter.Escape(
            $"{ChartSummary.Unit(chart)} over {chart.XLabel}{(chart.LogarithmicY ? ", log scale" : "")}".TrimStart()
        );
        writer.Line($"[bold]{TerminalWriter.Escape(chart.Title)}[/] [grey]{axes}[/]");
        var isCurve = chart.Form is ChartForm.Line or ChartForm.Scatter;
        var marked = false;
        foreach (var series in chart.Series)
        {
            if (isCurve && series.Points.Count > 1)
            {
                // Fewer points than columns would leave holes between them.
                var width = Math.Clamp(Math.Min(writer.Width - 4, series.Points.Count), 1, MostColumns);
                writer.Line($"  [blue]{Sparkline.Draw(series.Points, width, chart.LogarithmicY)}[/]");
                if (chart.Marks.Count > 0 && !marked)
                {
                    writer.Line($"  [yellow]{Sparkline.DrawMarks(series.Points, chart.Marks, width).TrimEnd()}[/]");
                    marked = true;
                }
            }

            writer.Line(
                $"  {TerminalWriter.Escape(series.Name)}: {TerminalWriter.Escape(ChartSummary.Of(series).Words())}"
            );
        }

        writer.Line();
    }

    private static void WriteEvidence(TerminalWriter writer, ReportContent content)
    {
        if (content.Findings.Count == 0)
        {
            return;
        }

        writer.Line("[bold underline]Evidence[/]");
        foreach (var finding in content.ByUrgency.Take(FindingsInDetail))
        {
            WriteDetail(writer, finding);
        }

        if (content.Findings.Count > FindingsInDetail)
        {
            writer.Line(
                $"[grey]The evidence of {content.Findings.Count - FindingsInDetail} more findings: --format html --out "
                    + $"report.html[/]"
            );
        }
    }

    private static void WriteDetail(TerminalWriter writer, Finding finding)
    {
        var cause = finding.CausedBy is null ? "" : $" of {finding.CausedBy}";
        writer.Line(
            $"[bold {Color(finding.Severity)}]{TerminalWriter.Escape(finding.Id)}[/] "
                + $"{TerminalWriter.Escape(finding.Kind)}, "
                + $"{ReportWording.Word(finding.Role)}{TerminalWriter.Escape(cause)}: "
                + $"{TerminalWriter.Escape(finding.Title)}"
        );
        if (ReportWording.When(finding) is { Length: > 0 } when)
        {
            writer.Line($"   [grey]{when}[/]");
        }

        foreach (var line in finding.Evidence.Take(EvidenceInDetail))
        {
            var place = line.Line.ToString(CultureInfo.InvariantCulture);
            writer.Cut(
                $"   {(line.File is null ? place : $"{SafeText.SingleLine(line.File)}:{place}")}: "
                    + $"{SafeText.SingleLine(line.Text)}"
            );
        }

        if (finding.Evidence.Count > EvidenceInDetail)
        {
            writer.Line($"   [grey]and {finding.Evidence.Count - EvidenceInDetail} more lines[/]");
        }

        if (finding.Metrics.Count > 0)
        {
            writer.Line(
                $"  "
                    + $" [grey]{TerminalWriter.Escape(string.Join(", ", finding.Metrics.Select(metric => $"{metric.Key}={ReportWording.Number(metric.Value)}")))}[/]"
            );
        }

        foreach (var proposal in finding.Proposals)
        {
            writer.Line(
                $"   [green]-> {TerminalWriter.Escape(ReportWording.Action(proposal))}[/] "
                    + $"{TerminalWriter.Escape(proposal.Why)}"
            );
            WriteTerms(
                writer,
                ("expected", proposal.ExpectedOutcome),
                ("cost", proposal.Cost),
                ("risk", proposal.Risk)
            );
        }

        writer.Line();
    }

    private static void WriteTerms(TerminalWriter writer, params (string Name, string? Text)[] terms)
    {
        foreach (var (name, text) in terms)
        {
            if (text is not null)
            {
                writer.Line($"      [grey]{name}:[/] {TerminalWriter.Escape(text)}");
            }
        }
    }

    private static string Color(Severity severity) =>
        severity switch
        {
            Severity.Critical => "red",
            Severity.Error => "orangered1",
            Severity.Warning => "yellow",
            _ => "blue",
        };
}
