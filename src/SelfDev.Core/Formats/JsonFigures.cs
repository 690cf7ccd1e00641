using System.Globalization;
using System.Text;
using System.Text.Json;
using SelfDev.Core.Serving.Formats;

namespace SelfDev.Core.Formats;

/// <summary>Reads numbers and times as logs write them; anything else is none.</summary>
internal static class JsonFigures
{
    public static double? Number(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var number) && double.IsFinite(number))
        {
            return number;
        }

        SkipContainer(ref reader);
        return null;
    }

    /// <summary>Seconds since 1970 of a number of seconds, milliseconds, microseconds or nanoseconds, or of an ISO 8601
    /// text; NaN otherwise.</summary>
    public static double Time(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out var number) && double.IsFinite(number))
        {
            // 1e11 seconds are the year 5138.
            return Math.Abs(number) switch
            {
                < 1e11 => number,
                < 1e14 => number / 1e3,
                < 1e17 => number / 1e6,
                _ => number / 1e9,
            };
        }

        if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length is > 7 and < 64)
        {
            Span<char> text = stackalloc char[64];
            var length = Encoding.Latin1.GetChars(reader.ValueSpan, text);
            if (
                DateTimeOffset.TryParse(
                    text[..length],
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                    out var time
                )
            )
            {
                return (time - DateTimeOffset.UnixEpoch).TotalSeconds;
            }
        }

        SkipContainer(ref reader);
        return double.NaN;
    }

    private static void SkipContainer(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            reader.Skip();
        }
    }
}
