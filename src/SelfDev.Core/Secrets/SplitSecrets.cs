using System.Text;
using System.Text.RegularExpressions;
using SelfDev.Core.Secrets.Forms;

namespace SelfDev.Core.Secrets;

/// <summary>
/// Finds secrets that a terminal, a logger or somebody with intent has broken over several lines: the lines are put
/// together without their log prefixes, quotes and indentation, and searched as one text.
/// </summary>
internal static class SplitSecrets
{
    public static void Find(string[] lines, List<SecretSpan> spans)
    {
        var joined = new StringBuilder();
        var pieces = new List<Piece>(lines.Length);
        for (var line = 0; line < lines.Length; line++)
        {
            var start = SecretPatterns.PrefixLength(lines[line]);
            var end = lines[line].AsSpan().TrimEnd(" \\\"'+,").Length;
            if (end > start)
            {
                pieces.Add(new Piece(line, start, end - start, joined.Length));
                joined.Append(lines[line], start, end - start);
            }
        }

        var text = joined.ToString();
        var patterns = SecretPatterns.All;
        Span<bool> possible = stackalloc bool[patterns.Count];
        if (!SecretPatterns.Index.Find(text, possible, joined: true))
        {
            return;
        }

        for (var index = 0; index < possible.Length; index++)
        {
            if (possible[index] && patterns[index].InJoined is { } joinedForm)
            {
                foreach (Match match in joinedForm.Matches(text))
                {
                    if (patterns[index].IsSecret([], match.ValueSpan))
                    {
                        AddIfSplit(lines, pieces, match, patterns[index], spans);
                    }
                }
            }
        }
    }

    private static void AddIfSplit(
        string[] lines,
        List<Piece> pieces,
        Match match,
        SecretPattern pattern,
        List<SecretSpan> spans
    )
    {
        var first = pieces.FindLastIndex(piece => piece.At <= match.Index);
        var end = match.Index + match.Length;
        if (end <= pieces[first].At + pieces[first].Length)
        {
            return;
        }

        for (var at = first; at < pieces.Count && pieces[at].At < end; at++)
        {
            var piece = pieces[at];
            var from = Math.Max(match.Index, piece.At);
            var to = Math.Min(end, piece.At + piece.Length);
            var part = lines[piece.Line].AsSpan(piece.Start + from - piece.At, to - from);
            // A secret that is whole at the end of its line is no reason to take the next line's first word with it.
            var reads = part.Length < piece.Length && (part.Length < 8 || !part.ContainsAnyInRange('0', '9'));
            if (at > first && reads && pattern.InJoined!.IsMatch(match.ValueSpan[..(piece.At - match.Index)]))
            {
                return;
            }

            spans.Add(new SecretSpan(piece.Line, piece.Start + from - piece.At, to - from, pattern.Kind));
        }
    }

    /// <param name="Start">Where the piece begins in its line.</param>
    /// <param name="At">Where it begins in the joined text.</param>
    private readonly record struct Piece(int Line, int Start, int Length, int At);
}
