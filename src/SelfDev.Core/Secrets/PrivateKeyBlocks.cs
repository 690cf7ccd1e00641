using System.Text.RegularExpressions;
using SelfDev.Core.Text;

namespace SelfDev.Core.Secrets;

/// <summary>
/// Private keys in PEM form (RFC 7468) over several lines, also where a window of lines shows only the beginning, the
/// end or the middle of the block.
/// </summary>
internal static class PrivateKeyBlocks
{
    private const string Kind = "private-key";

    public static void Find(string[] lines, List<SecretSpan> spans)
    {
        for (var line = 0; line < lines.Length; line++)
        {
            if (Has(lines[line], SecretPatterns.PemBegin))
            {
                line = TakeFrom(lines, line, spans);
            }
            else if (Has(lines[line], SecretPatterns.PemEnd))
            {
                TakeBefore(lines, line, spans);
            }
            else if (IsFullBodyLine(lines[line]) && line + 1 < lines.Length && IsBodyLine(lines[line + 1]))
            {
                for (; line < lines.Length && IsBodyLine(lines[line]); line++)
                {
                    Take(lines, line, spans);
                }

                line--;
            }
        }
    }

    private static int TakeFrom(string[] lines, int begin, List<SecretSpan> spans)
    {
        Take(lines, begin, spans);
        var line = begin + 1;
        while (line < lines.Length && !SecretPatterns.PemEnd.IsMatch(lines[line]))
        {
            // Without its end the block ends where the text no longer looks like one.
            if (!IsBodyLine(lines[line]) && !IsHeaderLine(lines[line]))
            {
                return line - 1;
            }

            Take(lines, line, spans);
            line++;
        }

        if (line < lines.Length)
        {
            Take(lines, line, spans);
        }

        return line;
    }

    private static void TakeBefore(string[] lines, int end, List<SecretSpan> spans)
    {
        Take(lines, end, spans);
        for (var line = end - 1; line >= 0 && IsBodyLine(lines[line]); line--)
        {
            Take(lines, line, spans);
        }
    }

    private static void Take(string[] lines, int line, List<SecretSpan> spans)
    {
        if (lines[line].Length > 0)
        {
            spans.Add(new SecretSpan(line, 0, lines[line].Length, Kind));
        }
    }

    private static bool Has(string line, Regex border) =>
        line.Contains("PRIVATE KEY", StringComparison.Ordinal) && border.IsMatch(line);

    private static ReadOnlySpan<char> Body(string line) =>
        line.AsSpan(SecretPatterns.PrefixLength(line)).Trim(" \\\"'+,");

    private static bool IsBodyLine(string line)
    {
        var body = Body(line);
        return body.Length is >= 4 and <= 128 && IsBase64(body);
    }

    // RFC 7468 section 2: full lines have 64 characters; OpenSSH writes 70, older tools 76.
    private static bool IsFullBodyLine(string line)
    {
        if (line.Length < 64)
        {
            return false;
        }

        var body = Body(line);
        return body.Length is 64 or 70 or 76 && IsBase64(body) && Randomness.HasMixedCase(body);
    }

    // RFC 1421 headers of encrypted keys, RFC 4880 armour headers, and the empty line after them.
    private static bool IsHeaderLine(string line)
    {
        var body = Body(line);
        return body.IsEmpty
            || body.StartsWith("Proc-Type:")
            || body.StartsWith("DEK-Info:")
            || body.StartsWith("Version:")
            || body.StartsWith("Comment:");
    }

    private static bool IsBase64(ReadOnlySpan<char> text)
    {
        text = text.TrimEnd('=');
        foreach (var character in text)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character is not '+' and not '/')
            {
                return false;
            }
        }

        return true;
    }
}
