using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Traffic.Model;

namespace SelfDev.Core.Traffic.Formats;

/// <summary>The formats of traffic, and the reader of a whole file.</summary>
public static class TrafficFormats
{
    public static IReadOnlyList<string> All { get; } =
    [
        TraceCsvFormat.Azure,
        TraceCsvFormat.BurstGpt,
        TrafficJsonFormat.Mooncake,
        TrafficJsonFormat.RequestLog,
        TrafficJsonFormat.Samples,
        PrometheusFormat.Name,
    ];

    /// <summary>Tells the format from the first lines; null for none of ours.</summary>
    public static (string Format, double Confidence)? Sniff(ArtifactHead head)
    {
        using var reader = new LineReader(new MemoryStream(head.Bytes.ToArray(), writable: false), ReadLimits.Default);
        // Metrics begin with comments, logs may begin with a line that is cut.
        for (var i = 0; i < 8 && Next(reader, out var line); i++)
        {
            if (TraceCsvFormat.Of(line.Bytes) is { } csv)
            {
                return (csv.Name, 0.95);
            }

            if (PrometheusFormat.Matches(line.Bytes))
            {
                return (PrometheusFormat.Name, 0.9);
            }

            if (line.Bytes[0] == '{' && TrafficJsonFormat.Of(line.Bytes) is { } json)
            {
                // Full request logs with messages belong to the serving room, which reads prompts.
                return (
                    json,
                    json == TrafficJsonFormat.RequestLog ? 0.6
                    : json == TrafficJsonFormat.Mooncake ? 0.7
                    : 0.9
                );
            }
        }

        return null;
    }

    /// <summary>Reads the whole file once, front to back.</summary>
    /// <param name="intervalSeconds">Length of the intervals that demand is counted by.</param>
    /// <exception cref="ArtifactUnreadableException">It is of no format that is known here, or cannot be read at
    /// all.</exception>
    public static TrafficReading Read(
        ArtifactFile file,
        ReadLimits limits,
        CancellationToken cancellation,
        double intervalSeconds = 15
    )
    {
        ArtifactHead head;
        using (var stream = file.Open())
        {
            head = ArtifactSniffer.ReadHead(file.Name, stream).Head;
        }

        var format =
            Sniff(head)?.Format
            ?? throw new ArtifactUnreadableException(
                $"'{file.Name}' is no traffic trace that is known here. Known formats: {string.Join(", ", All)}."
            );
        var reading = new TrafficReading
        {
            Format = format,
            Name = file.Name,
            Timeline = new DemandTimeline(intervalSeconds),
        };
        using var reader = new LineReader(file.Open(), limits);
        TraceCsvFormat? csv = null;
        var prometheus = format == PrometheusFormat.Name ? new PrometheusFormat() : null;
        TextLine line;
        while (reader.TryRead(out line))
        {
            if ((reader.Lines & 0xFFFF) == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }

            if (line.Bytes.Trim(" \t\r"u8).IsEmpty)
            {
                continue;
            }

            if (line.IsTruncated)
            {
                reading.Reject(line, "longer than a line may be");
            }
            else if (prometheus is not null)
            {
                prometheus.Read(line, reading);
            }
            else if (format is TraceCsvFormat.Azure or TraceCsvFormat.BurstGpt)
            {
                // Files that were put together hold their header again and again.
                if (TraceCsvFormat.Of(line.Bytes) is { } header)
                {
                    csv = header;
                }
                else if (csv is null)
                {
                    reading.Reject(line, "before the header");
                }
                else
                {
                    csv.Read(line, reading);
                }
            }
            else
            {
                TrafficJsonFormat.Read(line, reading);
            }
        }

        prometheus?.Finish(reading, line);
        (reading.Bytes, reading.Lines, reading.Sha256) = (reader.Bytes, reader.Lines, reader.Sha256);
        return reading;
    }

    private static bool Next(LineReader reader, out TextLine line)
    {
        while (reader.TryRead(out line))
        {
            if (!line.Bytes.Trim(" \t\r"u8).IsEmpty)
            {
                return true;
            }
        }

        return false;
    }
}
