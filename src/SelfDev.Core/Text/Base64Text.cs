using System.Buffers;
using System.Text;

namespace SelfDev.Core.Text;

/// <summary>Text inside base64 or base64url, with or without padding.</summary>
internal static class Base64Text
{
    /// <summary>Shorter runs are words and numbers.</summary>
    private const int MinRun = 24;

    private static readonly SearchValues<char> Alphabet = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
    );

    /// <summary>Runs of at least 24 characters of the alphabet, with the padding behind them, in order.</summary>
    public static IEnumerable<(int Start, int Length)> Runs(string text)
    {
        // A run of 24 covers each 24th place, so the places between are looked at only around one that can be of a run.
        var from = 0;
        for (var probe = MinRun - 1; probe < text.Length; probe = from + MinRun - 1)
        {
            if (!Alphabet.Contains(text[probe]))
            {
                from = probe + 1;
                continue;
            }

            var start = probe;
            while (start > from && Alphabet.Contains(text[start - 1]))
            {
                start--;
            }

            var end = probe + 1;
            while (end < text.Length && Alphabet.Contains(text[end]))
            {
                end++;
            }

            from = end + 1;
            if (end - start >= MinRun)
            {
                for (var padding = 0; padding < 2 && end < text.Length && text[end] == '='; padding++)
                {
                    end++;
                }

                yield return (start, end - start);
            }
        }
    }

    /// <returns>Null where it is not base64, or what it holds is not readable text.</returns>
    public static string? TryDecode(ReadOnlySpan<char> encoded, int maxBytes)
    {
        var trimmed = encoded.TrimEnd('=');
        if (trimmed.Length % 4 == 1)
        {
            trimmed = trimmed[..^1];
        }

        trimmed = trimmed[..Math.Min(trimmed.Length, maxBytes / 3 * 4)];
        var standard = new char[(trimmed.Length + 3) / 4 * 4];
        standard.AsSpan().Fill('=');
        trimmed.CopyTo(standard);
        standard.AsSpan().Replace('-', '+');
        standard.AsSpan().Replace('_', '/');
        var bytes = new byte[standard.Length / 4 * 3];
        if (!Convert.TryFromBase64Chars(standard, bytes, out var written))
        {
            return null;
        }

        var readable = 0;
        foreach (var value in bytes.AsSpan(0, written))
        {
            readable += value is (>= 0x20 and < 0x7f) or 0x0a or 0x0d or 0x09 ? 1 : 0;
        }

        return written > 0 && readable >= written * 0.9 ? Encoding.Latin1.GetString(bytes, 0, written) : null;
    }
}
