using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Secrets;
using SelfDev.Core.Text;

namespace SelfDev.Core.Redaction;

/// <summary>An analysis as it may be stored, printed and sent: what it quotes of the artifact holds no secret any
/// more.</summary>
public static class RedactedAnalysis
{
    /// <summary>
    /// Takes secrets out of every text of findings and document. Lines, steps, offsets and numbers stay as they are,
    /// and so does each text without a secret, byte for byte. The evidence of one file is redacted together, so that a
    /// secret split over cited lines is found. The summary is the room's own type and is redacted where it becomes
    /// JSON, in <see cref="Reports.Render.ReportEnvelope"/>.
    /// </summary>
    public static Analysis Of(Analysis analysis)
    {
        var lines = Lines(analysis.Findings);
        return analysis with
        {
            Findings = [.. analysis.Findings.Select(finding => Of(finding, lines))],
            Document = Of(analysis.Document),
        };
    }

    private static Finding Of(Finding finding, Dictionary<(string? File, long Line, string Text), string> lines) =>
        finding with
        {
            Title = ShownText.Of(finding.Title),
            Evidence =
            [
                .. finding.Evidence.Select(line => line with { Text = lines[(line.File, line.Line, line.Text)] }),
            ],
            Metrics = finding.Metrics.Any(metric => metric.Value.IsText)
                ? finding.Metrics.ToDictionary(
                    metric => metric.Key,
                    metric =>
                        metric.Value.IsText ? MetricValue.FromText(ShownText.Of(metric.Value.ToString())) : metric.Value
                )
                : finding.Metrics,
            Proposals = [.. finding.Proposals.Select(Of)],
        };

    // The action holds checked names and numbers only.
    private static Proposal Of(Proposal proposal) =>
        proposal with
        {
            Why = ShownText.Of(proposal.Why),
            ExpectedOutcome = ShownText.OfOptional(proposal.ExpectedOutcome),
            Cost = ShownText.OfOptional(proposal.Cost),
            Risk = ShownText.OfOptional(proposal.Risk),
        };

    private static Dictionary<(string? File, long Line, string Text), string> Lines(IReadOnlyList<Finding> findings)
    {
        var redacted = new Dictionary<(string?, long, string), string>();
        var files = findings
            .SelectMany(finding => finding.Evidence)
            .Select(line => (line.File, line.Line, line.Text))
            .Distinct()
            .GroupBy(line => line.File);
        foreach (var file in files)
        {
            (string? File, long Line, string Text)[] lines = [.. file.OrderBy(line => line.Line)];
            var texts = ShownText.OfLines([.. lines.Select(line => Whole(line.Text))]);
            for (var index = 0; index < lines.Length; index++)
            {
                redacted.Add(lines[index], Fit(texts[index]));
            }
        }

        return redacted;
    }

    // One less where the limit would have split a surrogate pair.
    private static string Whole(string text) =>
        text.Length >= Limits.EvidenceTextChars - 1 ? CutText.WithoutPartialWord(text) : text;

    private static string Fit(string text) =>
        text.Length > Limits.EvidenceTextChars ? text[..Limits.EvidenceTextChars] : text;

    private static ReportDocument Of(ReportDocument document) =>
        new(ShownText.Of(document.Title), ShownText.Of(document.Verdict), [.. document.Blocks.Select(Of)]);

    private static ReportBlock Of(ReportBlock block) =>
        block switch
        {
            Heading heading => heading with { Text = ShownText.Of(heading.Text) },
            Paragraph paragraph => paragraph with { Text = ShownText.Of(paragraph.Text) },
            Quote quote => new Quote(ShownText.Of(quote.Source), ShownText.OfBlock(quote.Text)),
            Table table => table with
            {
                Caption = ShownText.Of(table.Caption),
                Columns = [.. table.Columns.Select(ShownText.Of)],
                Rows = [.. table.Rows.Select(row => (IReadOnlyList<string>)[.. row.Select(ShownText.Of)])],
            },
            Chart chart => chart with
            {
                Title = ShownText.Of(chart.Title),
                XLabel = ShownText.Of(chart.XLabel),
                YLabel = ShownText.Of(chart.YLabel),
                Series = [.. chart.Series.Select(Of)],
            },
            _ => throw new ArgumentException(
                $"A block of type {block.GetType().Name} is not redacted: say here what it quotes.",
                nameof(block)
            ),
        };

    private static Series Of(Series series) =>
        new(
            ShownText.Of(series.Name),
            series.Points.Any(point => point.Label is not null)
                ? [.. series.Points.Select(point => point with { Label = ShownText.OfOptional(point.Label) })]
                : series.Points
        );
}
