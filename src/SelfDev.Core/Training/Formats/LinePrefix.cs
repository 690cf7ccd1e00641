using System.Buffers.Text;

namespace SelfDev.Core.Training.Formats;

/// <summary>What launchers and loggers put before a message: time, rank, host.</summary>
internal ref struct LinePrefix
{
    /// <summary>UTC ticks, 0 where the line has no time.</summary>
    public long TimeTicks;

    /// <summary>Whether the time came without a year (syslog, glog): <see cref="TimeTicks"/> then counts from year
    /// 1.</summary>
    public bool HasNoYear;

    /// <summary>Rank, -1 where the line names none.</summary>
    public int Rank;

    /// <summary>The host as the line names it, empty where it names none.</summary>
    public ReadOnlySpan<byte> Host;

    private static readonly byte[][] Months =
    [
        "Jan"u8.ToArray(),
        "Feb"u8.ToArray(),
        "Mar"u8.ToArray(),
        "Apr"u8.ToArray(),
        "May"u8.ToArray(),
        "Jun"u8.ToArray(),
        "Jul"u8.ToArray(),
        "Aug"u8.ToArray(),
        "Sep"u8.ToArray(),
        "Oct"u8.ToArray(),
        "Nov"u8.ToArray(),
        "Dec"u8.ToArray(),
    ];

    private static readonly byte[][] RankNames =
    [
        "[default"u8.ToArray(),
        "[rank"u8.ToArray(),
        "[Rank "u8.ToArray(),
        "RankID:"u8.ToArray(),
        "rank="u8.ToArray(),
        "Rank "u8.ToArray(),
    ];

    /// <summary>Reads the first 160 bytes of a line; what it does not know is left at its default.</summary>
    public static LinePrefix Of(ReadOnlySpan<byte> line)
    {
        var prefix = new LinePrefix { Rank = -1 };
        // Most metric lines have no prefix at all.
        if (
            line.StartsWith("s:"u8)
            || line.StartsWith("step:"u8)
            || line.StartsWith("iter "u8)
            || line.StartsWith("{"u8)
        )
        {
            return prefix;
        }

        var head = line.Length > 160 ? line[..160] : line;
        prefix.ReadRank(head);
        for (var i = 0; i + 8 < head.Length; i++)
        {
            var c = head[i];
            if (c == '2' && TryIso(head[i..], out prefix.TimeTicks))
            {
                break;
            }

            if (c is >= (byte)'A' and <= (byte)'S' && TryMonth(head[i..], out var month))
            {
                if (TrySyslog(head[i..], month, out prefix.TimeTicks, out prefix.HasNoYear))
                {
                    break;
                }
            }
            else if (c is (byte)'E' or (byte)'W' or (byte)'I' or (byte)'F' && TryGlog(head[i..], out prefix.TimeTicks))
            {
                prefix.HasNoYear = true;
                break;
            }
        }

        prefix.ReadHost(head);
        return prefix;
    }

    /// <summary>An integer that starts a span, after blanks.</summary>
    internal static bool TryInteger(ReadOnlySpan<byte> text, out long value, out int used)
    {
        var start = 0;
        while (start < text.Length && text[start] == ' ')
        {
            start++;
        }

        var ok = Utf8Parser.TryParse(text[start..], out value, out used);
        used += start;
        return ok;
    }

    private void ReadRank(ReadOnlySpan<byte> head)
    {
        // [default7]: (torchrun --tee), [rank6]:, [Rank 6], Rank 6, RankID:43, "12: " (srun --label)
        foreach (var name in RankNames)
        {
            var at = head.IndexOf(name);
            if (at >= 0 && TryInteger(head[(at + name.Length)..], out var rank, out _) && rank is >= 0 and < 1_000_000)
            {
                Rank = (int)rank;
                return;
            }
        }

        if (
            head.Length > 0
            && head[0] is >= (byte)'0' and <= (byte)'9'
            && TryInteger(head, out var label, out var used)
            && label < 1_000_000
            && head[used..].StartsWith(": "u8)
        )
        {
            Rank = (int)label;
        }
    }

    private void ReadHost(ReadOnlySpan<byte> head)
    {
        // "<host> kernel:" of syslog; "<host>:<pid>:<tid> [<gpu>] NCCL" of NCCL; "error: <host>: task" of Slurm
        var kernel = head.IndexOf(" kernel:"u8);
        if (kernel > 0)
        {
            var before = head[..kernel];
            Host = before[(before.LastIndexOf((byte)' ') + 1)..];
            return;
        }

        if (head.IndexOf("NCCL "u8) > 0)
        {
            var start = head.StartsWith("["u8) ? head.IndexOf((byte)']') + 2 : 0;
            var rest = start > 1 && start < head.Length ? head[start..] : head;
            var colon = rest.IndexOf((byte)':');
            if (
                colon > 0
                && colon + 1 < rest.Length
                && rest[colon + 1] is >= (byte)'0' and <= (byte)'9'
                && rest[..colon].IndexOf((byte)' ') < 0
            )
            {
                Host = rest[..colon];
            }

            return;
        }

        var error = head.IndexOf("error: "u8);
        if (error >= 0 && (head.StartsWith("srun"u8) || head.StartsWith("slurmstepd"u8)))
        {
            var rest = head[(error + 7)..];
            var colon = rest.IndexOf((byte)':');
            if (colon > 0 && rest[..colon].IndexOf((byte)' ') < 0)
            {
                Host = rest[..colon];
            }
        }
    }

    /// <summary>A date and time as ISO 8601 and logging write them; without a zone it is taken as UTC.</summary>
    internal static bool TryIso(ReadOnlySpan<byte> text, out long ticks)
    {
        ticks = 0;
        if (
            text.Length < 19
            || text[4] is not ((byte)'-' or (byte)'/')
            || text[7] != text[4]
            || text[10] is not ((byte)' ' or (byte)'T' or (byte)'-')
            || text[13] != ':'
            || text[16] != ':'
        )
        {
            return false;
        }

        if (
            !(
                Digits(text, 0, 4, out var year)
                && Digits(text, 5, 2, out var month)
                && Digits(text, 8, 2, out var day)
                && Clock(text[11..], out var clock, out var used)
            )
            || month is < 1 or > 12
            || day < 1
            || year < 1970
            || day > DateTime.DaysInMonth(year, month)
        )
        {
            return false;
        }

        ticks = new DateTime(year, month, day).Ticks + clock;
        var zone = text[(11 + used)..];
        if (zone.Length >= 5 && zone[0] is (byte)'+' or (byte)'-' && Digits(zone, 1, 2, out var hours))
        {
            var colon = zone[3] == ':' ? 1 : 0;
            if (zone.Length >= 5 + colon && Digits(zone, 3 + colon, 2, out var minutes) && hours <= 14 && minutes < 60)
            {
                var shift = (hours * TimeSpan.TicksPerHour) + (minutes * TimeSpan.TicksPerMinute);
                ticks += zone[0] == '+' ? -shift : shift;
            }
        }

        return true;
    }

    private static bool TrySyslog(ReadOnlySpan<byte> text, int month, out long ticks, out bool noYear)
    {
        // "May 19 07:08:57" or, in dmesg -T, "Mar  1 17:38:27 2023"
        ticks = 0;
        noYear = true;
        if (
            text.Length < 15
            || text[3] != ' '
            || !TryInteger(text[4..], out var day, out var used)
            || day is < 1 or > 31
            || used > 2
        )
        {
            return false;
        }

        var at = 4 + used;
        if (at + 9 > text.Length || text[at] != ' ' || !Clock(text[(at + 1)..], out var clock, out var clockUsed))
        {
            return false;
        }

        at += 1 + clockUsed;
        var year = 4; // A leap year, so that 29 February exists.
        if (at + 5 <= text.Length && text[at] == ' ' && Digits(text, at + 1, 4, out var given) && given >= 1970)
        {
            year = given;
            noYear = false;
        }

        if (day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        ticks = new DateTime(year, month, (int)day).Ticks + clock;
        return true;
    }

    private static bool TryGlog(ReadOnlySpan<byte> text, out long ticks)
    {
        // E0228 00:35:58.954000 of glog and torch; [E717 13:20:49 of c10, without the month's leading zero
        ticks = 0;
        var digits = 0;
        while (digits < 4 && 1 + digits < text.Length && text[1 + digits] is >= (byte)'0' and <= (byte)'9')
        {
            digits++;
        }

        if (digits < 3 || 2 + digits + 8 > text.Length || text[1 + digits] != ' ')
        {
            return false;
        }

        var monthDigits = digits - 2;
        if (
            !Digits(text, 1, monthDigits, out var month)
            || !Digits(text, 1 + monthDigits, 2, out var day)
            || month is < 1 or > 12
            || day < 1
            || day > DateTime.DaysInMonth(4, month)
            || !Clock(text[(2 + digits)..], out var clock, out _)
        )
        {
            return false;
        }

        ticks = new DateTime(4, month, day).Ticks + clock;
        return true;
    }

    private static bool TryMonth(ReadOnlySpan<byte> text, out int month)
    {
        for (month = 1; month <= 12; month++)
        {
            if (text.StartsWith(Months[month - 1]))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Clock(ReadOnlySpan<byte> text, out long ticks, out int used)
    {
        ticks = 0;
        used = 8;
        if (
            text.Length < 8
            || text[2] != ':'
            || text[5] != ':'
            || !Digits(text, 0, 2, out var hour)
            || !Digits(text, 3, 2, out var minute)
            || !Digits(text, 6, 2, out var second)
            || hour > 23
            || minute > 59
            || second > 60
        )
        {
            return false;
        }

        ticks =
            (hour * TimeSpan.TicksPerHour) + (minute * TimeSpan.TicksPerMinute) + (second * TimeSpan.TicksPerSecond);
        if (used < text.Length && text[used] is (byte)'.' or (byte)',')
        {
            used++;
            for (
                var scale = TimeSpan.TicksPerSecond / 10;
                used < text.Length && text[used] is >= (byte)'0' and <= (byte)'9';
                used++, scale /= 10
            )
            {
                ticks += (text[used] - '0') * scale;
            }
        }

        return true;
    }

    private static bool Digits(ReadOnlySpan<byte> text, int start, int count, out int value)
    {
        value = 0;
        if (start + count > text.Length)
        {
            return false;
        }

        foreach (var c in text.Slice(start, count))
        {
            if (c is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            value = (value * 10) + (c - '0');
        }

        return true;
    }
}
