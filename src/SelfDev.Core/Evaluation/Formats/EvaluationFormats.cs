using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>The formats that the room reads, and how each is told from its beginning.</summary>
internal static class EvaluationFormats
{
    public const string LmEvalResults = "lm-eval-results";
    public const string LmEvalSamples = "lm-eval-samples";
    public const string InspectJson = "inspect-json";
    public const string InspectArchive = "inspect-eval";
    public const string SweBench = "swe-bench-report";
    public const string JUnit = "junit-xml";
    public const string Trx = "trx";
    public const string SamplesCsv = "samples-csv";
    public const string SamplesJsonl = "samples-jsonl";
    public const string SelfDevReport = "selfdev-report";

    /// <summary>A checkpoint's manifest lies beside its evaluations and is none: it is passed over.</summary>
    public const string SelfDevCheckpoint = "selfdev-checkpoint";

    public static IReadOnlyList<string> All { get; } =
    [
        LmEvalResults,
        LmEvalSamples,
        InspectJson,
        InspectArchive,
        SweBench,
        JUnit,
        Trx,
        SamplesCsv,
        SamplesJsonl,
        SelfDevReport,
    ];

    /// <returns>Format and confidence; null where it is none of these.</returns>
    public static (string Format, double Confidence)? Sniff(ArtifactHead head)
    {
        var bytes = head.Bytes.Span;
        if (bytes.StartsWith("PK"u8) && bytes.Length > 3 && bytes[2] is 3 or 5)
        {
            return
                bytes.IndexOf("_journal/"u8) >= 0
                || bytes.IndexOf("header.json"u8) >= 0
                || bytes.IndexOf("samples/"u8) >= 0
                || IsNamed(head, ".eval")
                ? (InspectArchive, 0.98)
                : null;
        }

        bytes = bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
        var start = bytes.TrimStart(" \t\r\n"u8);
        if (start.IsEmpty)
        {
            return null;
        }

        return start[0] switch
        {
            (byte)'<' => SniffXml(start),
            (byte)'{' => SniffJson(start, FirstLine(start)),
            _ => PlainCsvFormat.IsHeader(FirstLine(start)) ? (SamplesCsv, 0.8) : null,
        };
    }

    public static void Read(string format, EvaluationSource source)
    {
        switch (format)
        {
            case LmEvalResults:
                LmEvalResultsFormat.Read(source);
                break;
            case LmEvalSamples:
                SampleLinesFormat.Read(source, LmEvalSamplesFormat.ReadRow);
                break;
            case SamplesJsonl:
                SampleLinesFormat.Read(source, PlainColumns.ReadRow);
                break;
            case InspectJson:
                InspectFormat.Read(source);
                break;
            case InspectArchive:
                InspectArchiveFormat.Read(source);
                break;
            case SweBench:
                SweBenchFormat.Read(source);
                break;
            case JUnit or Trx:
                TestReportFormat.Read(source);
                break;
            case SamplesCsv:
                PlainCsvFormat.Read(source);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(format), format, "No such format.");
        }
    }

    private static (string, double)? SniffXml(ReadOnlySpan<byte> start) =>
        start.IndexOf("<testsuite"u8) >= 0 || start.IndexOf("<testcase"u8) >= 0 ? (JUnit, 0.97)
        : start.IndexOf("<TestRun"u8) >= 0 ? (Trx, 0.97)
        : null;

    private static (string, double)? SniffJson(ReadOnlySpan<byte> start, ReadOnlySpan<byte> line)
    {
        var oneALine = line.Length > 1 && line[^1] == '}';
        if (
            Has(line, "doc_id")
            && (Has(line, "resps") || Has(line, "doc_hash") || Has(line, "filtered_resps") || Has(line, "arguments"))
        )
        {
            return (LmEvalSamples, 0.98);
        }

        if (Has(start, "schema") && start.IndexOf("\"selfdev.checkpoint/1\""u8) >= 0)
        {
            return (SelfDevCheckpoint, 0.95);
        }

        if (Has(start, "schema") && start.IndexOf("selfdev.report/1"u8) >= 0)
        {
            return (SelfDevReport, 0.95);
        }

        if (
            Has(start, "eval")
            && Has(start, "status")
            && (Has(start, "task_id") || Has(start, "run_id") || Has(start, "plan"))
        )
        {
            return (InspectJson, 0.97);
        }

        if (
            Has(start, "results")
            && (
                Has(start, "versions")
                || Has(start, "configs")
                || start.IndexOf("_stderr"u8) >= 0
                || Has(start, "n-shot")
            )
        )
        {
            return (LmEvalResults, 0.97);
        }

        if (
            Has(start, "resolved_ids")
            || Has(start, "submitted_instances")
            || Has(start, "resolved_instances")
            || Has(start, "patch_successfully_applied")
            || (Has(start, "resolved") && Has(start, "no_generation"))
        )
        {
            return (SweBench, 0.97);
        }

        return (oneALine || start.Length == line.Length) && HasColumns(line) ? (SamplesJsonl, 0.8) : null;
    }

    private static bool HasColumns(ReadOnlySpan<byte> line)
    {
        return HasAny(line, "id", "sample_id", "doc_id", "instance_id", "question_id")
            && HasAny(line, "score", "correct", "passed", "acc", "resolved", "outcome");

        static bool HasAny(ReadOnlySpan<byte> line, params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (Has(line, name))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private static bool Has(ReadOnlySpan<byte> text, string property) =>
        text.IndexOf(System.Text.Encoding.UTF8.GetBytes($"\"{property}\"")) >= 0;

    private static ReadOnlySpan<byte> FirstLine(ReadOnlySpan<byte> text)
    {
        var end = text.IndexOf((byte)'\n');
        return (end < 0 ? text : text[..end]).TrimEnd((byte)'\r');
    }

    private static bool IsNamed(ArtifactHead head, string ending) =>
        head.Name.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
}
