using System.Globalization;
using System.Text;

namespace SelfDev.Core.Secrets;

/// <summary>Characters that a person does not see and a program does.</summary>
internal static class HiddenText
{
    /// <summary>Leaves out terminal sequences, control, zero-width, bidirectional and tag characters; a tab becomes a
    /// space.</summary>
    public static string Remove(string line)
    {
        if (!line.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return line;
        }

        var text = line.Contains('\x1b', StringComparison.Ordinal)
            ? SecretPatterns.TerminalSequence.Replace(line, "")
            : line;
        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == '\t')
            {
                clean.Append(' ');
            }
            else if (!IsHidden(rune))
            {
                clean.Append(rune);
            }
        }

        return clean.ToString();
    }

    /// <summary>
    /// Whether the line holds hidden characters that have no business in a log: bidirectional controls ("Trojan
    /// Source", CVE-2021-42574), tag characters, or zero-width ones between ASCII letters. A joiner inside an emoji is
    /// none.
    /// </summary>
    public static bool IsSuspicious(string line)
    {
        for (var at = 0; at < line.Length; at++)
        {
            if (line[at] is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069'))
            {
                return true;
            }

            // U+E0000 to U+E007F in UTF-16.
            if (line[at] == '\udb40' && at + 1 < line.Length && line[at + 1] is >= '\udc00' and <= '\udc7f')
            {
                return true;
            }

            if (
                line[at] is (>= '\u200b' and <= '\u200f') or '\u2060' or '\u00ad' or '\ufeff'
                && at > 0
                && at + 1 < line.Length
                && char.IsAsciiLetterOrDigit(line[at - 1])
                && char.IsAsciiLetterOrDigit(line[at + 1])
            )
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsHidden(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator
                or UnicodeCategory.Surrogate
        || rune.Value
            is (>= 0xFE00 and <= 0xFE0F)
                or (>= 0xE0100 and <= 0xE01EF)
                or 0x034F
                or 0x115F
                or 0x1160
                or 0x3164
                or 0xFFA0;
}
