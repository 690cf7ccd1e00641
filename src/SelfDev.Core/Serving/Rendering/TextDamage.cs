using System.Text;
using System.Text.Unicode;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>Text that lost its encoding or its white space on the way into a prompt.</summary>
internal static class TextDamage
{
    /// <summary>What Windows-1252 has in the places 0x80 to 0x9F (Unicode's CP1252.TXT); a space where it has
    /// nothing.</summary>
    private const string Windows1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

    /// <summary>Longest run that is tried: what UTF-8 makes of one character and some more.</summary>
    private const int MaxRunChars = 64;

    /// <summary>What stands behind a letter by itself in Windows-1252's upper half: quotation marks, dashes, an
    /// ellipsis, marks.</summary>
    private const string Natural = "’‘“”–—…™‚„•›‹«»\u00A0";

    private static readonly System.Buffers.SearchValues<char> NaturalCharacters = System.Buffers.SearchValues.Create(
        Natural
    );

    /// <summary>What stands behind other letters than "Â" and "Ã" as well: notes, units, letters of central
    /// Europe.</summary>
    private const string NaturalElsewhere = "¹²³ªº°®©ŠŽšžœŒŸ´·";

    /// <summary>The first run of characters that is UTF-8 read as Windows-1252 or Latin-1: "Ã©" for "é", "â€™" for an
    /// apostrophe. What real words may hold by chance is none.</summary>
    /// <returns>Start and length in UTF-16 units; null where there is none.</returns>
    public static (int Start, int Length)? Mojibake(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            // Lead bytes of UTF-8, C2 to F4, read as one character each.
            if (text[i] is < 'Â' or > 'ô')
            {
                continue;
            }

            var run = i;
            while (run < text.Length && run - i < MaxRunChars && text[run] >= '\x80' && ToByte(text[run]) is not null)
            {
                run++;
            }

            if (MisreadLength(text.AsSpan(i, run - i)) is > 0 and var length)
            {
                return (i, length);
            }
        }

        return null;
    }

    /// <summary>The first run of characters that a decoder put for what it could not read (U+FFFD).</summary>
    public static (int Start, int Length)? Replaced(string text)
    {
        var start = text.IndexOf('\uFFFD', StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var end = start + 1;
        while (end < text.Length && text[end] == '\uFFFD')
        {
            end++;
        }

        return (start, end - start);
    }

    /// <summary>Whether bytes can hold any: a quick no for plain ASCII.</summary>
    public static bool MayHoldMojibake(ReadOnlySpan<byte> text) => text.ContainsAnyInRange((byte)0xC3, (byte)0xF4);

    /// <summary>Whether two texts differ in nothing but white space.</summary>
    public static bool DiffersInSpaceOnly(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var (i, j) = (0, 0);
        while (true)
        {
            while (i < first.Length && IsSpace(first[i]))
            {
                i++;
            }

            while (j < second.Length && IsSpace(second[j]))
            {
                j++;
            }

            if (i == first.Length || j == second.Length)
            {
                return i == first.Length && j == second.Length;
            }

            if (first[i++] != second[j++])
            {
                return false;
            }
        }
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r';

    /// <summary>Characters from the run's beginning that are misread UTF-8; 0 where they are not, or not
    /// surely.</summary>
    private static int MisreadLength(ReadOnlySpan<char> run)
    {
        var (length, sequences, isSure) = (0, 0, false);
        while (length < run.Length && SequenceLength(run[length..]) is > 0 and var next)
        {
            isSure |= IsTelling(run.Slice(length, next));
            sequences++;
            length += next;
        }

        // A row of such pairs is another alphabet ("Ð¿Ñ€Ð¸"), whatever each could be by itself.
        return isSure || sequences >= 3 ? length : 0;
    }

    /// <summary>Characters of the UTF-8 sequence that a run begins with; 0 where it begins with none.</summary>
    private static int SequenceLength(ReadOnlySpan<char> run)
    {
        var length = ToByte(run[0]) switch
        {
            >= 0xC2 and <= 0xDF => 2,
            >= 0xE0 and <= 0xEF => 3,
            >= 0xF0 and <= 0xF4 => 4,
            _ => 0,
        };
        if (length == 0 || run.Length < length)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[4];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = ToByte(run[i])!.Value;
        }

        return Utf8.IsValid(bytes[..length]) ? length : 0;
    }

    private static bool IsTelling(ReadOnlySpan<char> sequence) =>
        sequence.Length switch
        {
            2 when sequence[0] is 'Â' => sequence[1] == '\u00A0'
                || !Natural.Contains(sequence[1], StringComparison.Ordinal),
            2 when sequence[0] is 'Ã' => !Natural.Contains(sequence[1], StringComparison.Ordinal),
            2 => !Natural.Contains(sequence[1], StringComparison.Ordinal)
                && !NaturalElsewhere.Contains(sequence[1], StringComparison.Ordinal),
            // A closing quotation may end in several such marks.
            _ => sequence[1..].ContainsAnyExcept(NaturalCharacters),
        };

    /// <summary>The byte that a character was in Windows-1252, or in Latin-1 where that has none; null for any other
    /// character.</summary>
    private static byte? ToByte(char character)
    {
        if (character <= '\xFF')
        {
            return (byte)character;
        }

        var place = character > '\xFF' ? Windows1252.IndexOf(character) : -1;
        return place < 0 ? null : (byte)(0x80 + place);
    }
}
