using System.Buffers;

namespace SelfDev.Core.Text;

/// <summary>Lines that are shown to a limit of characters: the limit may run through a secret, whose beginning no
/// pattern knows.</summary>
public static class CutText
{
    /// <summary>A shorter beginning gives nothing away that guessing would not.</summary>
    private const int MinChars = 8;

    /// <summary>The longest form that is known only when it is whole: an Azure storage key. Of longer ones the
    /// beginning is enough.</summary>
    private const int MaxChars = 88;

    private const string Mark = "[redacted:cut]";

    private static readonly SearchValues<char> WordEnds = SearchValues.Create(" \t\"'`<>()[]{}|,;");

    private static readonly SearchValues<char> OfNumbers = SearchValues.Create("0123456789.,:+-eE%");

    /// <summary>
    /// The text without its last word, of a very long one without its last part; a short one and a number stay. For
    /// texts that were cut: whole ones need it not.
    /// </summary>
    public static string WithoutPartialWord(string cut)
    {
        var start = Math.Max(cut.AsSpan().LastIndexOfAny(WordEnds) + 1, cut.Length - MaxChars);
        if (start > 0 && start < cut.Length && char.IsLowSurrogate(cut[start]))
        {
            start--;
        }

        var word = cut.AsSpan(start);
        return word.Length < MinChars || !word.ContainsAnyExcept(OfNumbers)
            ? cut
            : string.Concat(cut.AsSpan(0, start), Mark);
    }
}
