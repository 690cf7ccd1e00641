using System.Buffers.Text;
using System.Text.Json;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>
/// One JSON object a line: exports of W&amp;B, Lightning, Composer, TRL, torchtitan and DLRover's events (whose object
/// follows a bracketed prefix and nests the values under <c>logs</c>). Python's unquoted NaN and infinities are read as
/// what they mean.
/// </summary>
internal static class MetricsJsonFormat
{
    public const string Name = "metrics-jsonl";

    private const int MaxDepth = 16;

    /// <summary>Reads a line that holds an object.</summary>
    /// <param name="rejected">The line looks like an object and is not one: cut, too deep, malformed.</param>
    public static bool TryRead(ReadOnlySpan<byte> line, ref StepRow row, out bool rejected)
    {
        rejected = false;
        var brace = line.IndexOf((byte)'{');
        if (brace < 0)
        {
            return false;
        }

        var json = line[brace..].TrimEnd(" \t\r"u8);
        try
        {
            Read(json, ref row);
        }
        catch (JsonException)
        {
            // Either malformed or Python's NaN: the bare words are quoted and read once more.
            row.Has &= StepFields.Time | StepFields.Rank;
            var quoted = NonFiniteJson.Quote(json);
            if (quoted is null)
            {
                rejected = true;
                return false;
            }

            try
            {
                Read(quoted, ref row);
            }
            catch (JsonException)
            {
                row.Has &= StepFields.Time | StepFields.Rank;
                rejected = true;
                return false;
            }
        }

        return (row.Carries(StepFields.Step) || row.Carries(StepFields.Epoch)) && row.IsMetric;
    }

    private static void Read(ReadOnlySpan<byte> json, ref StepRow row)
    {
        var reader = new Utf8JsonReader(
            json,
            new JsonReaderOptions { MaxDepth = MaxDepth, AllowTrailingCommas = true }
        );
        ReadOnlySpan<byte> name = default;
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = reader.ValueSpan;
                    break;
                case JsonTokenType.Number when Utf8Parser.TryParse(reader.ValueSpan, out double number, out _):
                    SetValue(ref row, name, number);
                    break;
                case JsonTokenType.String when !reader.ValueIsEscaped:
                    SetText(ref row, name, reader.ValueSpan);
                    break;
                case JsonTokenType.StartArray:
                    reader.Skip();
                    break;
            }
        }
    }

    /// <summary>A number under a name, timestamps included.</summary>
    internal static void SetValue(ref StepRow row, ReadOnlySpan<byte> name, double number)
    {
        if (IsTime(name))
        {
            // Seconds or milliseconds since 1970, as W&B's _timestamp and Trainer callbacks write them.
            var seconds = number > 1e11 ? number / 1000 : number;
            if (seconds is > 5e8 and < 1e10 && !row.Carries(StepFields.Time))
            {
                row.TimeTicks = DateTime.UnixEpoch.Ticks + (long)(seconds * TimeSpan.TicksPerSecond);
                row.Has |= StepFields.Time;
            }

            return;
        }

        MetricField.Set(ref row, name.StartsWith("_"u8) ? name[1..] : name, number, []);
    }

    private static void SetText(ref StepRow row, ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        if (IsTime(name))
        {
            if (LinePrefix.TryIso(text, out var ticks))
            {
                row.TimeTicks = ticks;
                row.Has |= StepFields.Time;
            }
        }
        else if (MetricField.TryNumber(text, out var number, out var used) && used == text.Length)
        {
            MetricField.Set(ref row, name, number, []);
        }
    }

    private static bool IsTime(ReadOnlySpan<byte> name) =>
        !name.IsEmpty
        && name[0] is (byte)'t' or (byte)'_' or (byte)'c' or (byte)'d'
        && (
            name.SequenceEqual("timestamp"u8)
            || name.SequenceEqual("_timestamp"u8)
            || name.SequenceEqual("time"u8)
            || name.SequenceEqual("ts"u8)
            || name.SequenceEqual("created_at"u8)
            || name.SequenceEqual("datetime"u8)
        );
}

/// <summary>Python's <c>json</c> writes NaN and infinities bare, which JSON forbids.</summary>
internal static class NonFiniteJson
{
    /// <summary>The text with bare <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c> outside strings quoted; null where
    /// there are none.</summary>
    public static byte[]? Quote(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("NaN"u8) < 0 && json.IndexOf("Infinity"u8) < 0)
        {
            return null;
        }

        var result = new List<byte>(json.Length + 16);
        var inString = false;
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (inString)
            {
                result.Add(c);
                if (c == '\\' && i + 1 < json.Length)
                {
                    result.Add(json[++i]);
                }
                else if (c == '"')
                {
                    inString = false;
                }

                continue;
            }

            var length = WordAt(json[i..]);
            if (length > 0)
            {
                result.Add((byte)'"');
                result.AddRange(json.Slice(i, length));
                result.Add((byte)'"');
                i += length - 1;
                continue;
            }

            inString = c == '"';
            result.Add(c);
        }

        return [.. result];
    }

    private static int WordAt(ReadOnlySpan<byte> text) =>
        text.StartsWith("NaN"u8) ? 3
        : text.StartsWith("Infinity"u8) ? 8
        : text.StartsWith("-Infinity"u8) ? 9
        : 0;
}
