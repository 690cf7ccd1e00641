using System.Text.Json;
using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Scaling.Model;

/// <summary>Profiles of one replica as AIBrix's GPU optimizer writes them (github.com/vllm-project/aibrix,
/// <c>gpu_benchmark</c>): JSON lines, one metric of one setting a line.</summary>
public static class ProfileFormat
{
    public const string Name = "aibrix-profile";

    /// <summary>Rows in order of input length, output length and rate; only settings with throughput and
    /// latency.</summary>
    /// <returns>The rows, and the number of lines that could not be used.</returns>
    /// <exception cref="ArtifactUnreadableException">No row can be used.</exception>
    public static (IReadOnlyList<ProfilePoint> Points, long Rejected) Read(ArtifactFile file, ReadLimits limits)
    {
        using var reader = new LineReader(file.Open(), limits);
        var rows = new SortedDictionary<(int Input, int Output, double Rate), Row>();
        var rejected = 0L;
        while (reader.TryRead(out var line))
        {
            if (line.Bytes.Trim(" \t\r"u8).IsEmpty)
            {
                continue;
            }

            rejected += TryRead(line.Bytes, rows) ? 0 : 1;
        }

        List<ProfilePoint> points =
        [
            .. rows.Where(row => row.Value is { Served: > 0, P50: > 0 })
                .Select(row => new ProfilePoint(
                    row.Key.Input,
                    row.Key.Output,
                    row.Key.Rate,
                    row.Value.Samples,
                    row.Value.Served,
                    row.Value.P50,
                    row.Value.P99
                )),
        ];
        return points.Count > 0
            ? (points, rejected)
            : throw new ArtifactUnreadableException(
                $"'{file.Name}' holds no profile: lines like {{\"input_tokens\": 128, \"output_tokens\": 4, "
                    + $"\"request_rate\": 1.0, \"samples\": 100, \"metric\": \"TPUT\", \"mean\": 1.08}} are expected, "
                    + $"and E2E with a P50."
            );
    }

    private static bool TryRead(
        ReadOnlySpan<byte> line,
        SortedDictionary<(int Input, int Output, double Rate), Row> rows
    )
    {
        try
        {
            var json = new Utf8JsonReader(line);
            using var document = JsonDocument.ParseValue(ref json);
            var root = document.RootElement;
            var key = (
                root.GetProperty("input_tokens").GetInt32(),
                root.GetProperty("output_tokens").GetInt32(),
                root.GetProperty("request_rate").GetDouble()
            );
            var samples = root.GetProperty("samples").GetInt32();
            if (key.Item1 < 1 || key.Item2 < 1 || !(key.Item3 > 0) || samples is < 1 or > 1_000_000)
            {
                return false;
            }

            var row = rows.TryGetValue(key, out var known) ? known : new Row();
            row.Samples = samples;
            switch (root.GetProperty("metric").GetString())
            {
                case "TPUT":
                    row.Served = root.GetProperty("mean").GetDouble();
                    break;
                case "E2E":
                    row.P50 = root.GetProperty("P50").GetDouble();
                    row.P99 = root.GetProperty("P99").GetDouble();
                    break;
            }

            rows[key] = row;
            return true;
        }
        catch (Exception failure)
            when (failure is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return false;
        }
    }

    private sealed class Row
    {
        public int Samples { get; set; }

        public double Served { get; set; }

        public double P50 { get; set; }

        public double P99 { get; set; } = double.NaN;
    }
}
