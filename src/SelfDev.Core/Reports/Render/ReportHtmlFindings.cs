using System.Globalization;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Reports.Render;

/// <summary>The findings of a report page: one table to see them all, one article each with the evidence.</summary>
internal static class ReportHtmlFindings
{
    public static Html Overview(ReportContent content)
    {
        if (content.Findings.Count == 0)
        {
            return Html.Of($"<section aria-label=\"Findings\"><h2>Findings</h2><p>None.</p></section>");
        }

        var rows = content.ByUrgency.Select(finding =>
            Html.Of(
                $"""
                <tr class="{ReportWording.Word(finding.Severity)}"><td><a href="#{finding.Id}">{ReportHtml.Safe(
                    finding.Id
                )}</a></td>
                <td>{Badge(finding.Severity)}</td><td>{ReportWording.Word(finding.Role)}{Cause(
                    finding,
                    content
                )}</td><td><code>{ReportHtml.Safe(finding.Kind)}</code></td>
                <td class="where">{ReportWording.Where(finding)}</td><td>{ReportHtml.Safe(finding.Title)}</td></tr>

                """
            )
        );
        return Html.Of(
            $"""
            <section aria-label="Findings">
            <h2>Findings <small>{ReportWording.Counts(content.Findings)}</small></h2>
            <div class="scroll" tabindex="0" role="region" aria-label="All findings">
            <table class="findings">
            <thead><tr><th scope="col">Id</th><th scope="col">Severity</th><th scope="col">Role</th><th scope="col">Kind</th><th scope="col">Where</th><th scope="col">What</th></tr></thead>
            <tbody>
            {rows}</tbody>
            </table>
            </div>
            </section>
            """
        );
    }

    public static Html Details(ReportContent content) =>
        content.Findings.Count == 0
            ? Html.Empty
            : Html.Of(
                $"<section "
                    + $"aria-label=\"Evidence\">\n<h2>Evidence</h2>\n{content.ByUrgency.Select(finding => Detail(finding, content))}</section>"
            );

    private static Html Detail(Finding finding, ReportContent content) =>
        Html.Of(
            $"""
            <article id="{finding.Id}" class="finding {ReportWording.Word(finding.Severity)}">
            <h3><a href="#{finding.Id}">{ReportHtml.Safe(finding.Id)}</a> {ReportHtml.Safe(finding.Title)}</h3>
            <p class="facts">{Badge(finding.Severity)} {ReportWording.Word(finding.Role)}{Cause(
                finding,
                content
            )} <code>{ReportHtml.Safe(finding.Kind)}</code> {Place(finding)}</p>
            {Metrics(finding)}{Lines(finding)}{finding.Proposals.Select(Proposed)}</article>

            """
        );

    private static Html Badge(Severity severity) =>
        Html.Of($"<span class=\"badge {ReportWording.Word(severity)}\">{ReportWording.Word(severity)}</span>");

    private static Html Cause(Finding finding, ReportContent content) =>
        finding.CausedBy switch
        {
            null => Html.Empty,
            { } cause when content.Findings.Any(other => other.Id == cause) => Html.Of(
                $" of <a href=\"#{cause}\">{ReportHtml.Safe(cause)}</a>"
            ),
            { } cause => Html.Of($" of {ReportHtml.Safe(cause)}"),
        };

    private static string Place(Finding finding)
    {
        string[] parts = [ReportWording.Where(finding), ReportWording.Lines(finding), ReportWording.When(finding)];
        return string.Join(", ", parts.Where(part => part.Length > 0).Distinct());
    }

    private static Html Metrics(Finding finding) =>
        finding.Metrics.Count == 0
            ? Html.Empty
            : Html.Of(
                $"<dl "
                    + $"class=\"metrics\">{finding.Metrics.Select(metric => Html.Of($"<div><dt>{ReportHtml.Safe(metric.Key)}</dt><dd>{ReportHtml.Safe(ReportWording.Number(metric.Value))}</dd></div>"))}</dl>\n"
            );

    private static Html Lines(Finding finding)
    {
        var rows = finding.Evidence.Select(
            (line, index) =>
            {
                var number = line.Line.ToString(CultureInfo.InvariantCulture);
                var place = line.File is null ? number : $"{line.File}:{number}";
                return Html.Of(
                    $"<tr id=\"{finding.Id}-E{index + 1}\"><th scope=\"row\" title=\"byte "
                        + $"{line.Offset}\">{ReportHtml.Safe(place)}</th><td><code>{ReportHtml.Safe(line.Text)}</code></td></tr>\n"
                );
            }
        );
        return Html.Of(
            $"<table class=\"evidence\"><caption>Lines of the artifact</caption><tbody>\n{rows}</tbody></table>\n"
        );
    }

    private static Html Proposed(Proposal proposal)
    {
        (string Name, string? Text)[] details =
        [
            ("Expected", proposal.ExpectedOutcome),
            ("Cost", proposal.Cost),
            ("Risk", proposal.Risk),
        ];
        var shown = details
            .Where(detail => detail.Text is not null)
            .Select(detail => Html.Of($"<div><dt>{detail.Name}</dt><dd>{ReportHtml.Safe(detail.Text)}</dd></div>"));
        return Html.Of(
            $"""
            <div class="proposal"><p><strong>Proposal</strong> <code>{ReportHtml.Safe(
                ReportWording.Action(proposal)
            )}</code> {ReportHtml.Safe(proposal.Why)}</p><dl>{shown}</dl></div>

            """
        );
    }
}
