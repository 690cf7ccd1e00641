using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using SelfDev.Core.Secrets.Forms;
using SelfDev.Core.Text;

namespace SelfDev.Core.Secrets;

/// <summary>
/// Takes secrets out of log lines before they go to a model, a notification or anybody else. Finds them in one line,
/// split over consecutive lines, interrupted by invisible characters or terminal colours, and inside base64. Errs on
/// the side of taking too much. Time is linear in the text.
/// </summary>
/// <remarks>
/// No pattern knows every secret: whoever must not see the logs' secrets gets only windows of lines, and those
/// redacted.
/// </remarks>
public static class SecretRedactor
{
    /// <summary>Decoded bytes of one base64 run that are looked at.</summary>
    private const int MaxDecodedBytes = 64 * 1024;

    /// <summary>Behind a mark these are what closed the text around the secret.</summary>
    private static readonly SearchValues<char> OfClosings = SearchValues.Create(" \"'`)]}>,;:.&@/\\");

    /// <summary>
    /// Redacts consecutive lines of one text. Every secret stands as <c>[redacted:kind]</c>; invisible and control
    /// characters are left out, a tab becomes a space.
    /// </summary>
    /// <returns>As many lines as were given, in the same order.</returns>
    public static RedactedText Redact(IReadOnlyList<string> lines)
    {
        var clean = lines.Select(HiddenText.Remove).ToArray();
        var spans = new List<SecretSpan>();
        for (var line = 0; line < clean.Length; line++)
        {
            FindInLine(clean[line], line, spans);
            FindInRuns(clean[line], line, spans);
        }

        ContinuedLines.Find(clean, spans);
        PrivateKeyBlocks.Find(clean, spans);
        SplitSecrets.Find(clean, spans);
        FollowingSecrets.Find(clean, spans);
        return Apply(clean, spans);
    }

    /// <summary>As <see cref="Redact(IReadOnlyList{string})"/>, for one line.</summary>
    public static string Redact(string line) => Redact([line]).Lines[0];

    /// <summary>Secrets that the line tells by itself, those inside base64 apart.</summary>
    internal static void FindInLine(string text, int line, List<SecretSpan> spans)
    {
        var patterns = SecretPatterns.All;
        Span<bool> possible = stackalloc bool[patterns.Count];
        if (!SecretPatterns.Index.Find(text, possible))
        {
            return;
        }

        for (var index = 0; index < possible.Length; index++)
        {
            if (possible[index] && patterns[index].Start(text) is >= 0 and var start)
            {
                Find(patterns[index], text, start, text.Length - start, line, spans);
            }
        }
    }

    private static void Find(
        SecretPattern pattern,
        string text,
        int start,
        int length,
        int line,
        List<SecretSpan> spans
    )
    {
        for (var match = pattern.InLine.Match(text, start, length); match.Success; match = match.NextMatch())
        {
            var secret = match.Groups["s"];
            if (pattern.IsSecret(text.AsSpan(0, secret.Index), secret.ValueSpan))
            {
                spans.Add(new SecretSpan(line, secret.Index, secret.Length, pattern.Kind));
            }
        }
    }

    private static void FindInRuns(string text, int line, List<SecretSpan> spans)
    {
        foreach (var (start, length) in Base64Text.Runs(text))
        {
            foreach (var (shape, pattern) in SecretPatterns.Runs)
            {
                if (shape == length)
                {
                    Find(pattern, text, start, length, line, spans);
                }
            }

            FindEncoded(text, start, length, line, spans);
        }
    }

    private static void FindEncoded(string text, int start, int length, int line, List<SecretSpan> spans)
    {
        if (Base64Text.TryDecode(text.AsSpan(start, length), MaxDecodedBytes) is not { } decoded)
        {
            return;
        }

        var inner = new List<SecretSpan>();
        foreach (var part in decoded.Split('\n'))
        {
            FindInLine(part, 0, inner);
        }

        if (inner.Count > 0 || SecretPatterns.PemBegin.IsMatch(decoded))
        {
            spans.Add(new SecretSpan(line, start, length, "base64"));
        }
    }

    private static RedactedText Apply(string[] lines, List<SecretSpan> spans)
    {
        var redactions = new List<Redaction>();
        foreach (var group in spans.GroupBy(span => span.Line).OrderBy(group => group.Key))
        {
            var text = lines[group.Key];
            var redacted = new StringBuilder(text.Length);
            var end = 0;
            var ordered = OutsideMarks(text, group).OrderBy(span => span.Start).ThenByDescending(span => span.Length);
            foreach (var span in ordered)
            {
                if (span.Start >= end)
                {
                    redacted.Append(text, end, span.Start - end).Append("[redacted:").Append(span.Kind).Append(']');
                    redactions.Add(new Redaction(span.Kind, group.Key + 1));
                }

                end = Math.Max(end, span.Start + span.Length);
            }

            lines[group.Key] = redacted.Append(text, end, text.Length - end).ToString();
        }

        return new RedactedText(lines, redactions);
    }

    // What was redacted before stays as it is, and what stands beside it is looked at as if the mark were not there.
    private static IEnumerable<SecretSpan> OutsideMarks(string text, IEnumerable<SecretSpan> spans)
    {
        List<Match> marks = text.Contains("[redacted:", StringComparison.Ordinal)
            ? [.. SecretPatterns.Mark.Matches(text).Cast<Match>()]
            : [];
        var next = 0;
        foreach (var span in spans.OrderBy(span => span.Start))
        {
            var (start, end) = (span.Start, span.Start + span.Length);
            while (next < marks.Count && marks[next].Index + marks[next].Length <= start)
            {
                next++;
            }

            for (var at = next; at < marks.Count && marks[at].Index < end; at++)
            {
                if (marks[at].Index > start)
                {
                    yield return span with
                    {
                        Start = start,
                        Length = marks[at].Index - start,
                    };
                }

                start = marks[at].Index + marks[at].Length;
            }

            if (end > start && (start == span.Start || text.AsSpan(start, end - start).ContainsAnyExcept(OfClosings)))
            {
                yield return span with
                {
                    Start = start,
                    Length = end - start,
                };
            }
        }
    }
}

/// <param name="Lines">The lines without their secrets.</param>
/// <param name="Redactions">What was taken out, in order of place.</param>
public sealed record RedactedText(IReadOnlyList<string> Lines, IReadOnlyList<Redaction> Redactions);

/// <param name="Kind">Form of the secret, e.g. <c>aws-key</c>.</param>
/// <param name="Line">1-based among the lines given.</param>
public sealed record Redaction(string Kind, int Line);

/// <param name="Line">0-based.</param>
internal readonly record struct SecretSpan(int Line, int Start, int Length, string Kind);
