using System.Text.Json;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Formats;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Traffic.Model;

namespace SelfDev.Core.Traffic.Formats;

/// <summary>
/// Traffic as JSON lines. Request logs: one request a line with its <c>usage</c> as OpenAI's Chat Completions
/// (<c>prompt_tokens</c>, which includes <c>prompt_tokens_details.cached_tokens</c>), its Responses API
/// (<c>input_tokens</c> with
/// <c>input_tokens_details</c>) or Anthropic's Messages (<c>input_tokens</c> without <c>cache_read_input_tokens</c>)
/// have it, at the top, under <c>response</c> or under <c>body</c>; the time as <c>timestamp</c>, <c>created</c>,
/// <c>created_at</c> or <c>time</c>, in seconds, milliseconds or ISO 8601. Mooncake traces (<c>timestamp</c> in ms,
/// <c>input_length</c>, <c>output_length</c>). Samples: one interval a line, <c>{"time": ..., "seconds": 15,
/// "requests": 70, "prefillTokens": 85000, "outputTokens": 15000, "queue": 0, "queueAgeSeconds": 0, "running": 12,
/// "ready": 6}</c>.
/// </summary>
internal static class TrafficJsonFormat
{
    public const string RequestLog = "request-log";
    public const string Mooncake = "mooncake";
    public const string Samples = "traffic-samples";

    /// <summary>Tells which of the three a line is; null for none.</summary>
    public static string? Of(ReadOnlySpan<byte> line)
    {
        try
        {
            var json = new Utf8JsonReader(line);
            using var document = JsonDocument.ParseValue(ref json);
            var root = document.RootElement;
            return root.ValueKind != JsonValueKind.Object ? null
                : root.TryGetProperty("input_length", out _)
                && root.TryGetProperty("output_length", out _)
                && root.TryGetProperty("timestamp", out _)
                    ? Mooncake
                : root.TryGetProperty("time", out _)
                && (root.TryGetProperty("requests", out _) || root.TryGetProperty("queue", out _))
                    ? Samples
                : Usage(root) is not null && Time(root, out _) ? RequestLog
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads a line into <paramref name="reading"/>, or says there why not.</summary>
    public static void Read(in TextLine line, TrafficReading reading)
    {
        try
        {
            var json = new Utf8JsonReader(line.Bytes);
            using var document = JsonDocument.ParseValue(ref json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                reading.Reject(line, "not a JSON object");
                return;
            }

            switch (reading.Format)
            {
                case Mooncake:
                    ReadMooncake(line, root, reading);
                    break;
                case Samples:
                    ReadSample(line, root, reading);
                    break;
                default:
                    ReadRequest(line, root, reading);
                    break;
            }
        }
        catch (JsonException)
        {
            reading.Reject(line, "not JSON");
        }
    }

    private static void ReadMooncake(in TextLine line, JsonElement root, TrafficReading reading)
    {
        if (
            Number(root, "timestamp") is { } time
            && Number(root, "input_length") is { } input
            && Number(root, "output_length") is { } output
        )
        {
            reading.Add(line, time / 1000, (long)input, (long)output);
        }
        else
        {
            reading.Reject(line, "no time or token counts");
        }
    }

    private static void ReadRequest(in TextLine line, JsonElement root, TrafficReading reading)
    {
        if (!Time(root, out var time))
        {
            reading.Reject(line, "no time");
            return;
        }

        if (Usage(root) is not { } usage)
        {
            // A request that failed has no usage; it asked for something that nobody counted.
            if (
                Number(root, "status") >= 400
                || Number(root, "status_code") >= 400
                || root.TryGetProperty("error", out _)
            )
            {
                reading.Fail(line, hasUsage: false);
            }

            reading.Reject(line, "no usage");
            return;
        }

        reading.HasDates = true;
        var output = Number(usage, "completion_tokens") ?? Number(usage, "output_tokens") ?? 0;
        if (Number(usage, "prompt_tokens") is { } prompt)
        {
            Add(line, reading, time, prompt, Cached(usage, "prompt_tokens_details"), output);
        }
        else if (Number(usage, "input_tokens") is { } input)
        {
            // Anthropic counts cached tokens beside input_tokens, OpenAI's Responses API among them.
            if (Number(usage, "cache_read_input_tokens") is { } read)
            {
                reading.WithCachedTokens++;
                reading.CachedTokens += (long)read;
                reading.Add(
                    line,
                    time,
                    (long)(input + (Number(usage, "cache_creation_input_tokens") ?? 0)),
                    (long)output
                );
            }
            else
            {
                Add(line, reading, time, input, Cached(usage, "input_tokens_details"), output);
            }
        }
        else
        {
            reading.Reject(line, "no token counts");
        }
    }

    private static void Add(
        in TextLine line,
        TrafficReading reading,
        double time,
        double prompt,
        double? cached,
        double output
    )
    {
        if (cached > prompt)
        {
            reading.Reject(line, "more cached than prompt tokens");
            return;
        }

        reading.WithCachedTokens += cached is null ? 0 : 1;
        reading.CachedTokens += (long)(cached ?? 0);
        reading.Add(line, time, (long)(prompt - (cached ?? 0)), (long)output);
    }

    private static void ReadSample(in TextLine line, JsonElement root, TrafficReading reading)
    {
        if (!Time(root, out var time))
        {
            reading.Reject(line, "no time");
            return;
        }

        double Value(string name) => Number(root, name) ?? double.NaN;
        var sample = new DemandSample
        {
            Time = time,
            Seconds = Number(root, "seconds") ?? 0,
            Requests = Value("requests"),
            PrefillTokens = Value("prefillTokens"),
            OutputTokens = Value("outputTokens"),
            Completions = Value("completions"),
            Misses = Value("misses"),
            Queue = Value("queue"),
            QueueAgeSeconds = Value("queueAgeSeconds"),
            Running = Value("running"),
            Ready = Value("ready"),
            Line = line.Number,
        };
        ReadOnlySpan<double> counts =
        [
            sample.Seconds,
            sample.Requests,
            sample.PrefillTokens,
            sample.OutputTokens,
            sample.Completions,
            sample.Misses,
            sample.Queue,
            sample.QueueAgeSeconds,
            sample.Running,
            sample.Ready,
        ];
        foreach (var count in counts)
        {
            if (count < 0)
            {
                reading.Reject(line, "a count below zero");
                return;
            }
        }

        reading.HasDates |= time > 1e9;
        reading.AddSample(line, sample);
    }

    private static JsonElement? Usage(JsonElement root)
    {
        foreach (var place in (ReadOnlySpan<string>)["", "response", "body"])
        {
            var holder = root;
            if (
                (
                    place.Length == 0
                    || (root.TryGetProperty(place, out holder) && holder.ValueKind == JsonValueKind.Object)
                )
                && holder.TryGetProperty("usage", out var usage)
                && usage.ValueKind == JsonValueKind.Object
            )
            {
                return usage;
            }
        }

        return null;
    }

    private static double? Cached(JsonElement usage, string details) =>
        usage.TryGetProperty(details, out var found) && found.ValueKind == JsonValueKind.Object
            ? Number(found, "cached_tokens")
            : null;

    private static bool Time(JsonElement root, out double seconds)
    {
        foreach (var name in (ReadOnlySpan<string>)["timestamp", "created", "created_at", "time"])
        {
            if (!root.TryGetProperty(name, out var value))
            {
                continue;
            }

            if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out seconds))
            {
                // Seconds since 1970 pass 10^11 in the year 5138 only: larger numbers are milliseconds.
                seconds = seconds > 1e11 ? seconds / 1000 : seconds;
                return true;
            }

            if (
                value.ValueKind == JsonValueKind.String
                && TrafficTime.TryParse(System.Text.Encoding.UTF8.GetBytes(value.GetString()!), out seconds)
            )
            {
                return true;
            }
        }

        seconds = 0;
        return false;
    }

    private static double? Number(JsonElement holder, string name) =>
        holder.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetDouble(out var number)
        && double.IsFinite(number)
            ? number
            : null;
}
