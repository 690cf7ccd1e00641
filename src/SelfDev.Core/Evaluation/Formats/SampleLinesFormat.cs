using System.Text.Json;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Formats;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>Files with one JSON object a line: lm-eval's samples, and plain ones.</summary>
internal static class SampleLinesFormat
{
    private static readonly string[] Required = ["id", "score"];

    public static void Read(EvaluationSource source, Action<JsonElement, SampleRow> readRow)
    {
        using var reader = new LineReader(source.File.Open(), source.Limits);
        while (reader.TryRead(out var line))
        {
            if (line.Number % 1024 == 0)
            {
                source.Cancellation.ThrowIfCancellationRequested();
            }

            if (line.Bytes.Trim(" \t"u8).IsEmpty)
            {
                continue;
            }

            if (line.IsTruncated)
            {
                source.Reject(
                    line.Number,
                    $"The line is longer than {source.Limits.MaxLineBytes} bytes and was left out. Leave the "
                        + $"transcript out of the samples file, or split it."
                );
                continue;
            }

            if (ReadLine(line, source, readRow))
            {
                source.Take();
            }
        }

        source.Read(reader);
    }

    private static bool ReadLine(TextLine line, EvaluationSource source, Action<JsonElement, SampleRow> readRow)
    {
        var row = source.Row;
        row.Clear(source.TaskName);
        (row.Line, row.Offset) = (line.Number, line.Offset);
        row.LineText = source.KeepLines ? EvidenceText.Of(line.Bytes) : null;
        var bytes = line.Bytes.ToArray();
        JsonText.Quote(bytes);
        try
        {
            using var document = JsonText.Parse(bytes);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                source.Reject(line.Number, "The line is not a JSON object.");
                return false;
            }

            readRow(document.RootElement, row);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            source.Reject(line.Number, "The line is not well-formed JSON.");
            return false;
        }

        return IsUsable(row, line.Number, source);
    }

    /// <summary>Without an id or a score there is nothing to compare.</summary>
    public static bool IsUsable(SampleRow row, long line, EvaluationSource source)
    {
        if (row.Id.Length == 0 || (row.Scores.Count == 0 && row.Outcome is null))
        {
            source.Reject(line, $"The sample has no {(row.Id.Length == 0 ? Required[0] : Required[1])}.");
            return false;
        }

        if (row.Scores.Exists(score => double.IsNaN(score.Value)) && row.Outcome is null)
        {
            source.Reject(line, "The score is not a number.");
            return false;
        }

        return true;
    }
}
