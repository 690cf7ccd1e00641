using System.Text;

namespace SelfDev.Core.Redaction;

/// <summary>Text inside base64 or base64url, with or without padding.</summary>
internal static class Base64Text
{
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
