using SelfDev.Core.Capabilities;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Text;

namespace SelfDev.Core.Reports.Render;

/// <summary>
/// The report as one self-contained HTML page: it asks no network for anything, and its content security policy lets
/// nothing run but the scripts it carries. Every string of the content is encoded; log text cannot become markup,
/// script or a link.
/// </summary>
public static class ReportHtml
{
    /// <value>The policy of the page's own <c>meta</c> element; a server that sends a stricter one of its own must
    /// allow this.</value>
    public static string ContentSecurityPolicy { get; } =
        $"default-src 'none'; script-src {string.Join(' ', ReportAssets.Scripts.Select(ReportAssets.HashSource))}; "
        + $"style-src {ReportAssets.HashSource(ReportAssets.Style)}; img-src data:; base-uri 'none'; form-action "
        + $"'none'";

    public static string Render(ReportContent content)
    {
        var blocks = content.Document.Blocks.Concat(content.Conclusions).ToList();
        var worst =
            content.Findings.Count == 0
                ? "none"
                : ReportWording.Word(content.Findings.Max(finding => finding.Severity));
        var charts = new ReportHtmlBlocks(content.Findings);
        return Html.Of(
                $"""
                <!DOCTYPE html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta http-equiv="Content-Security-Policy" content="{ContentSecurityPolicy}">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="referrer" content="no-referrer">
                <meta name="color-scheme" content="light dark">
                <title>{Safe(content.Document.Title)}: {Safe(content.Artifact.Name)}</title>
                <link rel="icon" href="data:,">
                <style>{Html.Trusted(ReportAssets.Style)}</style>
                </head>
                <body>
                <header>
                <h1>{Safe(content.Document.Title)}</h1>
                {Facts(content.Artifact)}
                </header>
                <main>
                <p class="verdict {worst}" role="status">{Safe(content.Document.Verdict)}</p>
                {ReportHtmlFindings.Overview(content)}
                {charts.Render(blocks)}
                {ReportHtmlFindings.Details(content)}
                </main>
                <footer>SHA-256 of the content read: <code>{Safe(content.Artifact.Sha256)}</code></footer>
                {Scripts(blocks.Exists(block => block is Chart))}
                </body>
                </html>

                """
            )
            .ToString();
    }

    /// <summary>Text for one line of a page: what acts or hides is made visible, then encoded.</summary>
    internal static Html Safe(string? text) => Html.Text(SafeText.SingleLine(text ?? ""));

    private static Html Facts(ArtifactSummary artifact) =>
        Html.Of(
            $"""<p class="facts"><strong>{Safe(artifact.Name)}</strong> {Safe(ReportWording.Facts(artifact))}</p>"""
        );

    private static Html Scripts(bool needed) =>
        needed
            ? Html.Join(ReportAssets.Scripts.Select(script => Html.Of($"<script>{Html.Trusted(script)}</script>\n")))
            : Html.Empty;
}
