using System.Globalization;
using System.Text;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Text;

namespace SelfDev.Core.Reports.Render;

/// <summary>
/// The report as GitHub-flavoured Markdown. No text of an artifact can become markup, a link, an image or HTML: running
/// text is escaped, evidence stands in fenced blocks whose fence is longer than any run of backticks in it.
/// </summary>
public static class ReportMarkdown
{
    // CommonMark lets a backslash escape any ASCII punctuation; these can start or end something inside a line.
    private const string InlinePunctuation = "\\`*_[]~#!@";

    public static string Render(ReportContent content)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# {Inline(content.Document.Title)}\n\n");
        text.Append(CultureInfo.InvariantCulture, $"**{Inline(content.Document.Verdict)}**\n\n");
        text.Append(
            CultureInfo.InvariantCulture,
            $"{Inline(content.Artifact.Name)}: {Inline(ReportWording.Facts(content.Artifact))}, SHA-256 "
                + $"{Inline(content.Artifact.Sha256)}\n\n"
        );
        AppendFindings(text, content);
        foreach (var block in content.Document.Blocks.Concat(content.Conclusions))
        {
            AppendBlock(text, block);
        }

        if (content.Findings.Count > 0)
        {
            text.Append("## Evidence\n\n");
            foreach (var finding in content.ByUrgency)
            {
                AppendEvidence(text, finding);
            }
        }

        return text.ToString().TrimEnd('\n') + "\n";
    }

    /// <summary>Escapes text for the inside of a line or a table cell; line breaks and control characters become
    /// visible escapes.</summary>
    public static string Inline(string text)
    {
        var escaped = new StringBuilder(text.Length + 16);
        foreach (var letter in SafeText.SingleLine(text).Trim())
        {
            _ = letter switch
            {
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '&' => escaped.Append("&amp;"),
                // An entity, not a backslash: table rows are split before backslashes are read.
                '|' => escaped.Append("&#124;"),
                _ when InlinePunctuation.Contains(letter, StringComparison.Ordinal) => escaped
                    .Append('\\')
                    .Append(letter),
                _ => escaped.Append(letter),
            };
        }

        // Bare URLs become links by themselves; an entity breaks the pattern and shows the same.
        return escaped.Replace("://", "&#58;//").Replace("www.", "www&#46;").ToString();
    }

    private static void AppendFindings(StringBuilder text, ReportContent content)
    {
        text.Append(CultureInfo.InvariantCulture, $"## Findings: {ReportWording.Counts(content.Findings)}\n\n");
        if (content.Findings.Count == 0)
        {
            return;
        }

        AppendTable(
            text,
            ["Id", "Severity", "Role", "Kind", "Where", "What"],
            content.ByUrgency.Select(finding =>
                (IReadOnlyList<string>)
                    [
                        finding.Id,
                        ReportWording.Word(finding.Severity),
                        ReportWording.Word(finding.Role),
                        finding.Kind,
                        ReportWording.Where(finding),
                        finding.Title,
                    ]
            ),
            []
        );
    }

    private static void AppendEvidence(StringBuilder text, Finding finding)
    {
        text.Append(CultureInfo.InvariantCulture, $"### {Inline(finding.Id)} {Inline(finding.Title)}\n\n");
        var facts = new List<string>
        {
            ReportWording.Word(finding.Severity),
            ReportWording.Word(finding.Role),
            ReportWording.Where(finding),
        };
        if (finding.From.Step is not null || finding.To.Step is not null)
        {
            facts.Add(ReportWording.Lines(finding));
        }

        if (ReportWording.When(finding) is { Length: > 0 } when)
        {
            facts.Add(when);
        }

        if (finding.CausedBy is not null)
        {
            facts.Add($"caused by {finding.CausedBy}");
        }

        text.Append(CultureInfo.InvariantCulture, $"{Inline(string.Join(", ", facts))}\n\n");
        if (finding.Metrics.Count > 0)
        {
            var metrics = finding.Metrics.Select(metric => $"{metric.Key} = {ReportWording.Number(metric.Value)}");
            text.Append(CultureInfo.InvariantCulture, $"{Inline(string.Join(", ", metrics))}\n\n");
        }

        AppendCode(
            text,
            finding.Evidence.Select(line =>
                $"{(line.File is null ? "" : line.File + ":")}{line.Line.ToString(CultureInfo.InvariantCulture)}: "
                + $"{line.Text}"
            )
        );
        foreach (var proposal in finding.Proposals)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"- **{Inline(ReportWording.Action(proposal))}** {Inline(proposal.Why)}"
            );
            AppendDetail(text, "Expected", proposal.ExpectedOutcome);
            AppendDetail(text, "Cost", proposal.Cost);
            AppendDetail(text, "Risk", proposal.Risk);
            text.Append('\n');
        }

        if (finding.Proposals.Count > 0)
        {
            text.Append('\n');
        }
    }

    private static void AppendDetail(StringBuilder text, string name, string? detail)
    {
        if (detail is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $" {name}: {Inline(detail)}");
        }
    }

    private static void AppendBlock(StringBuilder text, ReportBlock block)
    {
        switch (block)
        {
            case Heading heading:
                text.Append(CultureInfo.InvariantCulture, $"## {Inline(heading.Text)}\n\n");
                break;
            case Paragraph paragraph:
                text.Append(CultureInfo.InvariantCulture, $"{LineStart(Inline(paragraph.Text))}\n\n");
                break;
            case Quote quote:
                text.Append(CultureInfo.InvariantCulture, $"{LineStart(Inline(quote.Source))}:\n\n");
                foreach (var line in SafeText.Block(quote.Text).Split('\n'))
                {
                    text.Append(("> " + LineStart(Inline(line))).TrimEnd()).Append('\n');
                }

                text.Append('\n');
                break;
            case Table table:
                text.Append(CultureInfo.InvariantCulture, $"**{Inline(table.Caption)}**\n\n");
                AppendTable(text, table.Columns, table.Rows, table.NumericColumns);
                break;
            case Chart chart:
                AppendChart(text, chart);
                break;
            default:
                throw new InvalidOperationException($"No Markdown for a block of type {block.GetType().Name}.");
        }
    }

    private static void AppendChart(StringBuilder text, Chart chart)
    {
        text.Append(
            CultureInfo.InvariantCulture,
            $"**{Inline(chart.Title)}** ({Inline($"{ChartSummary.Unit(chart)} over {chart.XLabel}")})\n\n"
        );
        foreach (var series in chart.Series)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"- {Inline(series.Name)}: {Inline(ChartSummary.Of(series).Words())}\n"
            );
        }

        if (chart.Marks.Count > 0)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"- marked: {Inline(string.Join(", ", chart.Marks.Select(mark => mark.FindingId).Distinct()))}\n"
            );
        }

        text.Append('\n');
    }

    private static void AppendTable(
        StringBuilder text,
        IReadOnlyList<string> columns,
        IEnumerable<IReadOnlyList<string>> rows,
        IReadOnlyList<int> numericColumns
    )
    {
        AppendRow(text, columns.Select(Inline));
        AppendRow(text, columns.Select((_, column) => numericColumns.Contains(column) ? "--:" : "---"));
        foreach (var row in rows)
        {
            AppendRow(text, row.Select(Inline));
        }

        text.Append('\n');
    }

    private static void AppendRow(StringBuilder text, IEnumerable<string> cells) =>
        text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    private static void AppendCode(StringBuilder text, IEnumerable<string> lines)
    {
        var safe = lines.Select(SafeText.SingleLine).ToList();
        var fence = new string('`', Math.Max(3, safe.Select(LongestBacktickRun).DefaultIfEmpty(0).Max() + 1));
        text.Append(fence).Append("text\n");
        foreach (var line in safe)
        {
            text.Append(line).Append('\n');
        }

        text.Append(fence).Append("\n\n");
    }

    private static int LongestBacktickRun(string line)
    {
        var (longest, run) = (0, 0);
        foreach (var letter in line)
        {
            run = letter == '`' ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return longest;
    }

    // Lists, rules and numbered items begin with what is harmless elsewhere in a line.
    private static string LineStart(string escaped)
    {
        if (escaped.Length > 0 && escaped[0] is ('-' or '+' or '='))
        {
            return "\\" + escaped;
        }

        var digits = escaped.TakeWhile(char.IsAsciiDigit).Count();
        return digits > 0 && digits < escaped.Length && escaped[digits] is ('.' or ')')
            ? $"{escaped[..digits]}\\{escaped[digits..]}"
            : escaped;
    }
}
