using System.Globalization;
using System.Text;

namespace SelfDev.Core.Text;

/// <summary>
/// Makes hostile text harmless to look at: terminal escape sequences, line breaks, bidirectional overrides and
/// invisible characters become visible escapes such as <c>\u001B</c>. Only for display; hashes and evidence keep the
/// text as it was.
/// </summary>
/// <remarks>
/// Bidirectional controls reorder what a reader sees ("Trojan Source", CVE-2021-42574); tag characters (U+E0000 to
/// U+E007F) hide text from people that a language model still reads.
/// </remarks>
public static class SafeText
{
    /// <summary>One line: line breaks are shown as escapes, a tab becomes a space.</summary>
    public static string SingleLine(string text) => Clean(text, keepLineBreaks: false);

    /// <summary>Several lines: CR LF, CR and LF all become LF, a tab becomes a space, the rest as in <see
    /// cref="SingleLine"/>.</summary>
    public static string Block(string text) => Clean(text.ReplaceLineEndings("\n"), keepLineBreaks: true);

    /// <summary>
    /// One field of a CSV file (RFC 4180): quoted where it must be, and with an apostrophe before a text that a
    /// spreadsheet would take for a formula (OWASP, "CSV Injection"). A plain number stays a number.
    /// </summary>
    public static string CsvField(string text)
    {
        var clean = SingleLine(text);
        var start = clean.AsSpan().TrimStart();
        if (
            start.Length > 0
            && start[0] is '=' or '+' or '-' or '@'
            && !double.TryParse(start, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
        )
        {
            clean = "'" + clean;
        }

        return clean.AsSpan().ContainsAny(',', '"', ';')
            ? $"\"{clean.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
            : clean;
    }

    private static string Clean(string text, bool keepLineBreaks)
    {
        var firstBad = 0;
        while (firstBad < text.Length && text[firstBad] is >= ' ' and < '\x7f')
        {
            firstBad++;
        }

        if (firstBad == text.Length)
        {
            return text;
        }

        var clean = new StringBuilder(text, 0, firstBad, text.Length + 32);
        foreach (var rune in text.AsSpan(firstBad).EnumerateRunes())
        {
            if (rune.Value == '\t')
            {
                clean.Append(' ');
            }
            else if ((rune.Value == '\n' && keepLineBreaks) || !IsHidden(rune))
            {
                clean.Append(rune);
            }
            else if (rune.IsBmp)
            {
                clean.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
            }
            else
            {
                clean.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:X8}");
            }
        }

        return clean.ToString();
    }

    // Lone surrogates arrive as U+FFFD from EnumerateRunes and stay visible as such.
    private static bool IsHidden(Rune rune) =>
        Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.Control
            or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned
            or UnicodeCategory.Surrogate => true,
            // Variation selectors and fillers carry no mark of their own.
            _ => rune.Value
                is (>= 0xFE00 and <= 0xFE0F)
                    or (>= 0xE0100 and <= 0xE01EF)
                    or 0x034F
                    or 0x115F
                    or 0x1160
                    or 0x3164
                    or 0xFFA0,
        };
}
