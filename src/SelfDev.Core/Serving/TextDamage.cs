using System.Text;
using System.Text.Unicode;

namespace SelfDev.Core.Serving;

/// <summary>Text that lost its encoding or its white space on the way into a prompt.</summary>
internal static class TextDamage
{
    /// <summary>What Windows-1252 has in the places 0x80 to 0x9F (Unicode's CP1252.TXT); a space where it has nothing.</summary>
    private const string Windows1252 = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

    /// <summary>Longest run that is tried: what UTF-8 makes of one character and some more.</summary>
    private const int MaxRunChars = 64;

    /// <summary>
    /// The first run of characters that is UTF-8 read as Windows-1252 or Latin-1 ("Ã©" for "é", "â€™" for an apostrophe), or that was replaced (U+FFFD).
    /// </summary>
    /// <returns>Start and length in UTF-16 units; null where there is none.</returns>
    public static (int Start, int Length)? Mojibake(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            var character = text[i];
            if (character < '\x80')
            {
                continue;
            }

            if (character == '\uFFFD')
            {
                var end = i + 1;
                while (end < text.Length && text[end] == '\uFFFD')
                {
                    end++;
                }

                return (i, end - i);
            }

            // Lead bytes of UTF-8, C2 to F4, read as one character each.
            if (character is < 'Â' or > 'ô')
            {
                continue;
            }

            var run = i;
            while (run < text.Length && run - i < MaxRunChars && text[run] >= '\x80' && ToByte(text[run]) is not null)
            {
                run++;
            }

            if (run - i >= 2 && IsMisread(text.AsSpan(i, run - i)))
            {
                return (i, run - i);
            }

            i = run > i ? run - 1 : i;
        }

        return null;
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

    private static bool IsMisread(ReadOnlySpan<char> run)
    {
        Span<byte> bytes = stackalloc byte[MaxRunChars];
        for (var i = 0; i < run.Length; i++)
        {
            bytes[i] = ToByte(run[i])!.Value;
        }

        // Fewer characters come out than went in, all of them real ones.
        return Utf8.IsValid(bytes[..run.Length]) && Encoding.UTF8.GetCharCount(bytes[..run.Length]) < run.Length;
    }

    /// <summary>The byte that a character was in Windows-1252, or in Latin-1 where that has none; null for any other character.</summary>
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
