using System.Globalization;
using System.Text;

namespace SelfDev.Core.Findings.Catalog;

/// <summary>The catalog as a page of Markdown: <c>docs/findings.md</c>.</summary>
public static class FindingCatalogPage
{
    /// <returns>Lines end with a line feed. Equal catalogs give equal pages.</returns>
    public static string Print()
    {
        var page = new StringBuilder();
        page.Append(
            string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    # Findings

                    Every kind of finding that SelfDev reports: {FindingCatalog.Rows.Count} of them. This page is printed from the
                    catalog in `src/SelfDev.Core/Findings/Catalog`, and a test compares the two.

                    The severity is the usual one. Words of a log decide none of it: code measures, and the same artifact has the
                    same findings. "May propose" names the actions that code may put to people for it; most findings propose
                    fewer of them, or none. A cause with a signature (GPU faults, memory, collectives, disks, exits) that comes
                    back on one node for the third time is an error at least and proposes `replace-node`.

                    """
                )
                .ReplaceLineEndings("\n")
        );
        foreach (var chapter in FindingCatalog.Chapters)
        {
            page.Append(CultureInfo.InvariantCulture, $"\n## {chapter.Title}\n\n");
            if (chapter.Artifacts is { } artifacts)
            {
                page.Append(CultureInfo.InvariantCulture, $"Artifacts under `{artifacts}/`.\n\n");
            }

            page.Append("| kind | title | usual severity | what it means | check first | may propose |\n");
            page.Append("| --- | --- | --- | --- | --- | --- |\n");
            foreach (var row in chapter.Rows)
            {
                page.Append(
                    CultureInfo.InvariantCulture,
                    $"| `{row.Kind}` | {row.Title} | {Severity(row)} | {row.Means} | {Sentence(row.CheckFirst)} | "
                );
                page.AppendJoin(", ", row.Proposals.Select(action => $"`{action}`")).Append(" |\n");
            }
        }

        return page.ToString();
    }

    private static string Severity(FindingRow row) =>
        string.Join(
            "; ",
            new[] { row.DefaultSeverity?.ToString().ToLowerInvariant(), row.SeverityNote }.OfType<string>()
        );

    private static string Sentence(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
