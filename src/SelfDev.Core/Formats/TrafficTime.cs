using System.Buffers.Text;

namespace SelfDev.Core.Formats;

/// <summary>Times as traffic logs write them.</summary>
internal static class TrafficTime
{
    /// <summary>
    /// Reads <c>2023-11-16 18:17:03.9799600</c>: a blank or <c>T</c> between date and time, up to nine digits of
    /// fraction, <c>Z</c>, an offset or no zone (then UTC).
    /// </summary>
    /// <param name="seconds">Since 1970-01-01 UTC.</param>
    /// <returns>False where the text is no such time or the date does not exist.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out double seconds)
    {
        seconds = 0;
        if (
            text.Length < 19
            || text[4] != '-'
            || text[7] != '-'
            || (text[10] != ' ' && text[10] != 'T')
            || text[13] != ':'
            || text[16] != ':'
            || !Digits(text[..4], out var year)
            || !Digits(text[5..7], out var month)
            || !Digits(text[8..10], out var day)
            || !Digits(text[11..13], out var hour)
            || !Digits(text[14..16], out var minute)
            || !Digits(text[17..19], out var second)
            || year < 1
            || month is < 1 or > 12
            || day < 1
            || day > DateTime.DaysInMonth(year, month)
            || hour > 23
            || minute > 59
            || second > 59
        )
        {
            return false;
        }

        var rest = text[19..];
        var fraction = 0.0;
        if (rest.Length > 1 && rest[0] == '.')
        {
            var digits = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            digits = digits < 0 ? rest.Length - 1 : digits;
            if (digits is 0 or > 9 || !Utf8Parser.TryParse(rest.Slice(1, digits), out long value, out _))
            {
                return false;
            }

            fraction = value / Math.Pow(10, digits);
            rest = rest[(1 + digits)..];
        }

        if (!TryZone(rest, out var offset))
        {
            return false;
        }

        var whole = new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc) - DateTime.UnixEpoch;
        seconds = whole.TotalSeconds - offset + fraction;
        return true;
    }

    private static bool TryZone(ReadOnlySpan<byte> zone, out int offsetSeconds)
    {
        offsetSeconds = 0;
        if (zone.IsEmpty || zone.SequenceEqual("Z"u8))
        {
            return true;
        }

        if (
            zone.Length != 6
            || (zone[0] != '+' && zone[0] != '-')
            || zone[3] != ':'
            || !Digits(zone[1..3], out var hours)
            || !Digits(zone[4..], out var minutes)
            || hours > 14
            || minutes > 59
        )
        {
            return false;
        }

        offsetSeconds = (zone[0] == '-' ? -1 : 1) * ((hours * 3600) + (minutes * 60));
        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (var digit in text)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            value = (value * 10) + digit - '0';
        }

        return true;
    }
}
