using System.Text.RegularExpressions;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>Names what kind of value changed in a span that should have stayed the same. Patterns are linear in the
/// text.</summary>
internal static partial class VolatileSpan
{
    private const int MaxValueChars = 256;

    /// <summary>The kind of a changed value.</summary>
    /// <param name="first">The texts, and where in them the change stands; widened here to the whole value.</param>
    /// <returns>A kind of <see cref="FindingKinds"/>; null where the change is one of content.</returns>
    public static string? KindOf(string first, ref Range a, string second, ref Range b)
    {
        a = Widen(first, a, IsWordChar);
        b = Widen(second, b, IsWordChar);
        var (one, other) = (first[a], second[b]);
        if (one.Length > MaxValueChars || other.Length > MaxValueChars)
        {
            return null;
        }

        if (DateAround(first, a) is { } date && DateAround(second, b) is { } otherDate)
        {
            (a, b) = (date, otherDate);
            return FindingKinds.VolatileClock;
        }

        return Both(one, other, Uuid()) ? FindingKinds.VolatileUuid
            : Both(one, other, Clock()) || OneOf(one, other, Clock()) ? FindingKinds.VolatileClock
            : Both(one, other, Path()) ? FindingKinds.VolatilePath
            : Both(one, other, Identifier()) ? FindingKinds.VolatileId
            : Both(one, other, Number()) ? FindingKinds.VolatileCounter
            : null;
    }

    /// <summary>A day, month or year that changed is part of a date written out in words.</summary>
    private static Range? DateAround(string text, Range span)
    {
        const int Reach = 24;
        var (start, length) = span.GetOffsetAndLength(text.Length);
        var from = Math.Max(0, start - Reach);
        foreach (
            var match in WrittenDate()
                .EnumerateMatches(text.AsSpan(from, Math.Min(text.Length, start + length + Reach) - from))
        )
        {
            if (from + match.Index <= start && from + match.Index + match.Length >= start + length)
            {
                return (from + match.Index)..(from + match.Index + match.Length);
            }
        }

        return null;
    }

    private static bool Both(string one, string other, Regex pattern) => pattern.IsMatch(one) && pattern.IsMatch(other);

    // A clock that was not there before: "Current time: <none>".
    private static bool OneOf(string one, string other, Regex pattern) =>
        (one.Length == 0 && pattern.IsMatch(other)) || (other.Length == 0 && pattern.IsMatch(one));

    private static Range Widen(string text, Range span, Func<char, bool> belongs)
    {
        var (start, length) = span.GetOffsetAndLength(text.Length);
        var end = start + length;
        while (start > 0 && end - start < MaxValueChars && belongs(text[start - 1]))
        {
            start--;
        }

        while (end < text.Length && end - start < MaxValueChars && belongs(text[end]))
        {
            end++;
        }

        // A sentence's full stop or a list's comma is no part of the value.
        while (end > start + length && text[end - 1] is '.' or ',' or ':' or ';')
        {
            end--;
        }

        return start..end;
    }

    private static bool IsWordChar(char character) =>
        char.IsLetterOrDigit(character) || character is '-' or '_' or ':' or '.' or '/' or '\\' or '+' or '~' or '@';

    [GeneratedRegex(
        @"\A[^0-9a-fA-F]{0,64}[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|[-_:/=][0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Uuid();

    [GeneratedRegex(
        @"\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{2,4}|(?:\A|[^\d])\d{1,2}:\d{2}(?::\d{2})?|\A1[5-9]\d{8}(?:\.\d{1,9}|\d{3}|\d{6})?\z"
            + @"|\A(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?\z|\A(?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?\z",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase
    )]
    private static partial Regex Clock();

    [GeneratedRegex(
        @"\b(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.? \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?\b"
            + @"|\b\d{1,2}(?:st|nd|rd|th|\.)? (?:of )?(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b(?:,? \d{4})?",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex WrittenDate();

    [GeneratedRegex(@"\A(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][A-Za-z0-9_.+@\-]+){2,}[/\\]?\z", RegexOptions.NonBacktracking)]
    private static partial Regex Path();

    [GeneratedRegex(
        @"\A(?:[A-Za-z]{2,24}[-_:])+[A-Za-z0-9]{4,64}\z|\A(?:0x)?[0-9a-fA-F]{8,64}\z|\A(?:[A-Za-z]{1,16}[-_:])?[A-Za-z0-9]{0,60}(?:[0-9][A-Za-z]|[A-Za-z][0-9])[A-Za-z0-9]{6,60}\z",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Identifier();

    [GeneratedRegex(@"\A[^0-9\s]{0,24}\d{1,12}(?:[.,]\d{1,9})?[^0-9\s]{0,8}\z", RegexOptions.NonBacktracking)]
    private static partial Regex Number();
}
