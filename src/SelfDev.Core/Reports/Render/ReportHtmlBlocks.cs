using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Text;

namespace SelfDev.Core.Reports.Render;

/// <summary>The blocks of a report page. One instance renders one page: it numbers the charts.</summary>
internal sealed class ReportHtmlBlocks(IReadOnlyList<Finding> findings)
{
    /// <summary>Rows a series in the table behind a chart; enough to read, not a copy of the data.</summary>
    private const int RowsBehindChart = 40;

    /// <summary>Marks that a caption links to; the findings table has them all.</summary>
    private const int LinksBelowChart = 8;

    private readonly Dictionary<string, Finding> _findings = findings
        .DistinctBy(finding => finding.Id)
        .ToDictionary(finding => finding.Id);
    private int _charts;

    /// <summary>Charts that follow one another share a grid, so that curves stand side by side.</summary>
    public Html Render(IReadOnlyList<ReportBlock> blocks)
    {
        var parts = new List<Html>();
        for (var index = 0; index < blocks.Count; index++)
        {
            var charts = blocks.Skip(index).TakeWhile(block => block is Chart).Cast<Chart>().ToList();
            if (charts.Count > 0)
            {
                parts.Add(Html.Of($"<div class=\"charts\">\n{charts.Select(Figure).ToList()}</div>\n"));
                index += charts.Count - 1;
            }
            else
            {
                parts.Add(Block(blocks[index]));
            }
        }

        return Html.Join(parts);
    }

    private static Html Block(ReportBlock block) =>
        block switch
        {
            Heading heading => Html.Of($"<h2>{ReportHtml.Safe(heading.Text)}</h2>\n"),
            Paragraph paragraph => Html.Of($"<p>{ReportHtml.Safe(paragraph.Text)}</p>\n"),
            Quote quote => Html.Of(
                $"<figure "
                    + $"class=\"quote\"><figcaption>{ReportHtml.Safe(quote.Source)}</figcaption><blockquote>{SafeText.Block(quote.Text)}</blockquote></figure>\n"
            ),
            Table table => Rows(table),
            _ => throw new InvalidOperationException($"No HTML for a block of type {block.GetType().Name}."),
        };

    private static Html Rows(Table table)
    {
        Html Align(int column) => table.NumericColumns.Contains(column) ? Html.Of($" class=\"number\"") : Html.Empty;
        var head = table.Columns.Select(
            (column, index) => Html.Of($"<th scope=\"col\"{Align(index)}>{ReportHtml.Safe(column)}</th>")
        );
        var rows = table.Rows.Select(row =>
            Html.Of(
                $"<tr>{row.Select((cell, index) => Html.Of($"<td{Align(index)}>{ReportHtml.Safe(cell)}</td>"))}</tr>\n"
            )
        );
        return Html.Of(
            $"""
            <div class="scroll" tabindex="0" role="region" aria-label="{ReportHtml.Safe(
                table.Caption
            )}"><table><caption>{ReportHtml.Safe(table.Caption)}</caption><thead><tr>{head}</tr></thead>
            <tbody>
            {rows}</tbody></table></div>

            """
        );
    }

    private Html Figure(Chart chart)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"chart-{++_charts}");
        var summaries = chart.Series.Select(ChartSummary.Of).ToList();
        var spoken =
            $"{chart.Title}, {chart.YLabel} over {chart.XLabel}. "
            + string.Join(" ", summaries.Select(summary => $"{summary.Series.Name}: {summary.Words()}."));
        // Everything that HTML gives a meaning to is written as \uXXXX, so no text can end the script element.
        var data = Data(chart).ToJsonString(ReportJson.Options);
        return Html.Of(
            $"""
            <figure class="chart {Form(chart.Form)}">
            <figcaption id="{id}-title">{ReportHtml.Safe(chart.Title)} <small>{ReportHtml.Safe(
                ChartSummary.Unit(chart)
            )}{(chart.LogarithmicY ? " (log scale)" : "")}</small></figcaption>
            <div class="plot"><canvas id="{id}" role="img" aria-label="{ReportHtml.Safe(spoken)}"></canvas></div>
            <script type="application/json" id="{id}-data">{Html.Trusted(data)}</script>
            {Links(chart)}{Behind(chart, summaries)}</figure>

            """
        );
    }

    private Html Links(Chart chart)
    {
        var marked = chart
            .Marks.Select(mark => mark.FindingId)
            .Distinct()
            .Select(id => _findings.GetValueOrDefault(id))
            .OfType<Finding>()
            .OrderByDescending(finding => finding.Severity)
            .ToList();
        if (marked.Count == 0)
        {
            return Html.Empty;
        }

        var links = marked
            .Take(LinksBelowChart)
            .Select(finding =>
                Html.Of(
                    $" <a class=\"mark {ReportWording.Word(finding.Severity)}\" "
                        + $"href=\"#{finding.Id}\">{ReportHtml.Safe(finding.Id)} {ReportHtml.Safe(finding.Kind)}</a>"
                )
            );
        var more = marked.Count > LinksBelowChart ? Html.Of($" and {marked.Count - LinksBelowChart} more") : Html.Empty;
        return Html.Of($"<p class=\"marks\">Marked:{links}{more}</p>\n");
    }

    private static Html Behind(Chart chart, List<ChartSummary> summaries)
    {
        var parts = summaries.Select(summary =>
        {
            var points = ChartSummary.Thin(summary.Series, RowsBehindChart);
            var count =
                points.Count == summary.Series.Points.Count
                    ? ""
                    : $" ({points.Count} of {summary.Series.Points.Count} points: ends, extremes, evenly spaced)";
            var rows = points.Select(point =>
                Html.Of(
                    $"<tr><td class=\"number\">{ReportHtml.Safe(ChartSummary.Place(point))}</td><td "
                        + $"class=\"number\">{ChartSummary.Value(point)}</td></tr>"
                )
            );
            return Html.Of(
                $"""
                <table><caption>{ReportHtml.Safe(
                    summary.Series.Name
                )}{count}</caption><thead><tr><th scope="col" class="number">{ReportHtml.Safe(
                    chart.XLabel
                )}</th><th scope="col" class="number">{ReportHtml.Safe(
                    chart.YLabel
                )}</th></tr></thead><tbody>{rows}</tbody></table>

                """
            );
        });
        return Html.Of($"<details><summary>Values</summary><div class=\"values\">\n{parts}</div></details>\n");
    }

    private JsonObject Data(Chart chart) =>
        new()
        {
            ["form"] = Form(chart.Form),
            ["x"] = SafeText.SingleLine(chart.XLabel),
            ["y"] = SafeText.SingleLine(chart.YLabel),
            ["log"] = chart.LogarithmicY,
            ["series"] = new JsonArray([
                .. chart.Series.Select(series => new JsonObject
                {
                    ["name"] = SafeText.SingleLine(series.Name),
                    ["points"] = new JsonArray([.. series.Points.Select(Point)]),
                }),
            ]),
            ["marks"] = new JsonArray([
                .. chart
                    .Marks.Where(mark =>
                        _findings.ContainsKey(mark.FindingId)
                        && double.IsFinite(mark.FromX)
                        && double.IsFinite(mark.ToX)
                    )
                    .Select(mark => new JsonObject
                    {
                        ["from"] = mark.FromX,
                        ["to"] = mark.ToX,
                        ["finding"] = mark.FindingId,
                        ["severity"] = ReportWording.Word(_findings[mark.FindingId].Severity),
                    }),
            ]),
        };

    // JSON has no NaN and a curve no place for one: such a point is a gap, and the values behind the chart name it.
    private static JsonObject Point(ChartPoint point)
    {
        var json = new JsonObject { ["x"] = Finite(point.X), ["y"] = Finite(point.Y) };
        if (point.Label is not null)
        {
            json["label"] = SafeText.SingleLine(point.Label);
        }

        if (point.Low is not null || point.High is not null)
        {
            json["low"] = Finite(point.Low);
            json["high"] = Finite(point.High);
        }

        return json;
    }

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    private static string Form(ChartForm form) => JsonNamingPolicy.KebabCaseLower.ConvertName(form.ToString());
}
