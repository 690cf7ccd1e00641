using SelfDev.Core.Findings;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Analysts;

/// <summary>Holds what an analyst cites against the lines that it was given.</summary>
public static class CitationVerifier
{
    /// <summary>
    /// A shorter quotation proves nothing: almost any line holds "1" or "loss". A whole line may be shorter.
    /// </summary>
    public const int MinChars = 6;

    /// <summary>
    /// Keeps a citation if its line is in the windows and holds its text; runs of white space count as one space. A
    /// kept citation carries the line's own words, not the analyst's, and each line once.
    /// </summary>
    /// <returns>The citations kept, in the order given, and how many were not.</returns>
    public static (IReadOnlyList<Citation> Verified, int Dropped) Verify(
        IReadOnlyList<Citation> citations,
        IReadOnlyList<EvidenceWindow> windows
    )
    {
        var verified = new List<Citation>();
        var dropped = 0;
        foreach (var citation in citations)
        {
            if (Find(citation, windows) is not { } line)
            {
                dropped++;
            }
            else if (!verified.Any(kept => kept.Line == citation.Line && kept.File == citation.File))
            {
                verified.Add(
                    new Citation(
                        citation.File,
                        citation.Line,
                        line.Length > Limits.EvidenceTextChars ? line[..Limits.EvidenceTextChars] : line
                    )
                );
            }
        }

        return (verified, dropped);
    }

    private static string? Find(Citation citation, IReadOnlyList<EvidenceWindow> windows)
    {
        var quoted = Normalize(citation.Text);
        foreach (var window in windows)
        {
            var index = citation.Line - window.FirstLine;
            if (window.File == citation.File && index >= 0 && index < window.Lines.Count)
            {
                var line = Normalize(window.Lines[(int)index]);
                var proves =
                    quoted.Length >= MinChars
                        ? line.Contains(quoted, StringComparison.Ordinal)
                        : quoted.Length > 0 && line == quoted;
                return proves ? window.Lines[(int)index] : null;
            }
        }

        return null;
    }

    private static string Normalize(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
