using SelfDev.Core.Artifacts;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Formats;

/// <summary>Tells the formats of training artifacts apart by their first bytes.</summary>
internal static class TrainingFormats
{
    public const string TorchrunLog = "training-log";
    public const string KernelLog = "kernel-log";
    public const string LlmC = "llm.c";
    public const string NanoGpt = "nanogpt";
    public const string Deepspeed = "deepspeed";
    public const string DlRover = "dlrover-events";
    public const string FlightRecorder = "flight-recorder";
    public const string HuggingFaceLog = "trainer-log";

    public static IReadOnlyList<string> All { get; } =
    [
        MegatronFormat.Name,
        LlmC,
        NanoGpt,
        HuggingFaceLog,
        TrainerStateFormat.Name,
        MetricsJsonFormat.Name,
        MetricsCsvFormat.Name,
        MegatronGoldenFormat.Name,
        Deepspeed,
        DlRover,
        FlightRecorder,
        TorchrunLog,
        KernelLog,
    ];

    /// <summary>The format of a head and how sure that is; null where it is no training artifact.</summary>
    public static (string Format, double Confidence)? Sniff(
        ArtifactHead head,
        TrainingLogScanner scanner,
        SignatureTable table
    )
    {
        var bytes = head.Bytes.Span;
        if (TrainerStateFormat.IsHead(bytes))
        {
            return (TrainerStateFormat.Name, 0.98);
        }

        if (MegatronGoldenFormat.IsHead(bytes))
        {
            return (MegatronGoldenFormat.Name, 0.95);
        }

        if (bytes.StartsWith("\0"u8) || bytes[..Math.Min(bytes.Length, 4096)].Count((byte)0) > 64)
        {
            return null;
        }

        using var reader = new TextBlockReader(
            new MemoryStream(head.Bytes.ToArray(), writable: false),
            new ReadLimits(),
            hash: false
        );
        TextBlock? block;
        try
        {
            block = reader.Read();
        }
        catch (ArtifactUnreadableException)
        {
            return null;
        }

        using (block)
        {
            return block is null ? null : SniffText(block, head.Name, scanner, table);
        }
    }

    private static (string Format, double Confidence)? SniffText(
        TextBlock block,
        string name,
        TrainingLogScanner scanner,
        SignatureTable table
    )
    {
        var first = FirstLine(block);
        if (MetricsCsvFormat.Of(first.Bytes) is not null)
        {
            return (MetricsCsvFormat.Name, 0.9);
        }

        if (first.Bytes.TrimStart(" \t"u8).StartsWith("{"u8) && !first.Bytes.TrimStart(" \t{"u8).IsEmpty)
        {
            using var records = scanner.Scan(block, everyLineIsARecord: true, shapes: false);
            var metrics = records.Rows.Count(row => row.Carries(StepFields.Step));
            if (metrics > 0 && metrics * 2 >= Math.Min(block.Lines, metrics + records.Rejected + 1))
            {
                return (MetricsJsonFormat.Name, 0.9);
            }
        }

        using var scan = scanner.Scan(block, everyLineIsARecord: false, shapes: false);
        var known = scan
            .Events.Where(noted =>
                noted.Type != LogEventType.Signature || table.Signatures[noted.Signature].Id != "python-exception"
            )
            .ToList();
        if (scan.Rows.Count > 0)
        {
            return (RowFormat(block, scan.Rows[^1]), scan.Rows.Count >= 3 || known.Count > 0 ? 0.92 : 0.75);
        }

        if (known.Count > 0)
        {
            var kernel = block.Bytes.IndexOf("NVRM:"u8) >= 0 || block.Bytes.IndexOf("] Linux version "u8) >= 0;
            var format =
                kernel ? KernelLog
                : known.Exists(noted =>
                    noted.Type == LogEventType.MissingRanks || noted.Text.StartsWith("PGID", StringComparison.Ordinal)
                )
                    ? FlightRecorder
                : known.TrueForAll(noted => noted.Type == LogEventType.Overflow) ? Deepspeed
                : TorchrunLog;
            return (format, 0.85);
        }

        if (
            block.Bytes.IndexOf("NVRM:"u8) >= 0
            || block.Bytes.IndexOf(" kernel: "u8) >= 0
            || block.Bytes.IndexOf("] Linux version "u8) >= 0
        )
        {
            return (KernelLog, 0.7);
        }

        if (first.Bytes.IndexOf("] [#"u8) > 0)
        {
            return (DlRover, 0.8);
        }

        // Plain text that looks like a log is read for templates and whatever comes later in it.
        return
            name.EndsWith(".log", StringComparison.OrdinalIgnoreCase)
            || name.Contains("train", StringComparison.OrdinalIgnoreCase)
            ? (TorchrunLog, 0.4)
            : null;
    }

    private static string RowFormat(TextBlock block, in StepRow row)
    {
        var line = block.Bytes.Slice((int)(row.Offset - block.Offset), row.Length);
        return line.IndexOf("iteration "u8) >= 0 && line.IndexOf((byte)'|') >= 0 ? MegatronFormat.Name
            : line.IndexOf(" trl:"u8) >= 0 || line.IndexOf(" tel:"u8) >= 0 ? LlmC
            : line.IndexOf("] [#"u8) >= 0 ? DlRover
            : line.IndexOf("{'"u8) >= 0 ? HuggingFaceLog
            : line.StartsWith("step:"u8) || line.StartsWith("iter "u8) ? NanoGpt
            : line.TrimStart(" "u8).StartsWith("{"u8) ? MetricsJsonFormat.Name
            : TorchrunLog;
    }

    private static TextLine FirstLine(TextBlock block)
    {
        var line = default(TextLine);
        for (int at = 0, number = 1; at < block.Bytes.Length; number++)
        {
            line = block.LineAt(at, number, out at);
            if (!line.Bytes.Trim(" \t\r"u8).IsEmpty)
            {
                break;
            }
        }

        return line;
    }
}
