using System.Text.Json;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Formats;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>The names that plain per-sample files use for the same thing, lower case.</summary>
internal static class PlainColumns
{
    private static readonly Dictionary<string, PlainColumn> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        ["id"] = PlainColumn.Id,
        ["sample_id"] = PlainColumn.Id,
        ["doc_id"] = PlainColumn.Id,
        ["instance_id"] = PlainColumn.Id,
        ["item"] = PlainColumn.Id,
        ["question_id"] = PlainColumn.Id,
        ["score"] = PlainColumn.Score,
        ["correct"] = PlainColumn.Score,
        ["passed"] = PlainColumn.Score,
        ["acc"] = PlainColumn.Score,
        ["value"] = PlainColumn.Score,
        ["resolved"] = PlainColumn.Score,
        ["cluster"] = PlainColumn.Cluster,
        ["cluster_id"] = PlainColumn.Cluster,
        ["epoch"] = PlainColumn.Epoch,
        ["repeat"] = PlainColumn.Epoch,
        ["trial"] = PlainColumn.Epoch,
        ["attempt"] = PlainColumn.Epoch,
        ["task"] = PlainColumn.Task,
        ["suite"] = PlainColumn.Task,
        ["benchmark"] = PlainColumn.Task,
        ["metric"] = PlainColumn.Metric,
        ["input"] = PlainColumn.Input,
        ["prompt"] = PlainColumn.Input,
        ["rendered"] = PlainColumn.Input,
        ["rendered_input"] = PlainColumn.Input,
        ["target"] = PlainColumn.Target,
        ["expected"] = PlainColumn.Target,
        ["answer_key"] = PlainColumn.Target,
        ["reference"] = PlainColumn.Target,
        ["output"] = PlainColumn.Output,
        ["completion"] = PlainColumn.Output,
        ["response"] = PlainColumn.Output,
        ["prediction"] = PlainColumn.Output,
        ["error"] = PlainColumn.Message,
        ["message"] = PlainColumn.Message,
        ["explanation"] = PlainColumn.Message,
        ["detail"] = PlainColumn.Message,
        ["outcome"] = PlainColumn.Outcome,
        ["status"] = PlainColumn.Outcome,
        ["tokens"] = PlainColumn.Tokens,
        ["output_tokens"] = PlainColumn.Tokens,
        ["completion_tokens"] = PlainColumn.Tokens,
        ["total_tokens"] = PlainColumn.Tokens,
        ["seconds"] = PlainColumn.Seconds,
        ["duration"] = PlainColumn.Seconds,
        ["time"] = PlainColumn.Seconds,
        ["wall_time"] = PlainColumn.Seconds,
        ["duration_seconds"] = PlainColumn.Seconds,
        ["cost"] = PlainColumn.Cost,
        ["cost_usd"] = PlainColumn.Cost,
    };

    private static readonly HashSet<string> AttributeNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "subject",
        "category",
        "topic",
        "level",
        "difficulty",
        "language",
        "lang",
        "repo",
        "repository",
        "type",
        "domain",
        "source",
        "split",
        "subtask",
        "tag",
    };

    public static PlainColumn Of(string name) => Names.GetValueOrDefault(name.Trim());

    public static bool IsAttribute(string name) => AttributeNames.Contains(name.Trim());

    public static void ReadRow(JsonElement sample, SampleRow row)
    {
        var metric = "score";
        foreach (var property in sample.EnumerateObject())
        {
            var column = Of(property.Name);
            if (column == PlainColumn.Metric)
            {
                metric = JsonText.Text(property.Value) ?? metric;
            }
            else if (column == PlainColumn.Score)
            {
                SetScore(row, property.Value);
            }
            else if (JsonText.Text(property.Value) is { } text)
            {
                Set(row, column, property.Name, text);
            }
        }

        Rename(row, metric);
    }

    /// <summary>Booleans, numbers, numeric text, and Inspect's letters.</summary>
    private static void SetScore(SampleRow row, JsonElement value)
    {
        if (
            row.Scores.Count == 0
            && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Array or JsonValueKind.Object)
        )
        {
            row.Scores.Add(
                ("score", value.ValueKind == JsonValueKind.String ? Score(value.GetString()!) : JsonText.Number(value))
            );
        }
    }

    public static void Set(SampleRow row, PlainColumn column, string name, string text)
    {
        switch (column)
        {
            case PlainColumn.Id:
                row.Id = text;
                break;
            case PlainColumn.Score when row.Scores.Count == 0:
                row.Scores.Add(("score", Score(text)));
                break;
            case PlainColumn.Cluster:
                row.Cluster = text.Length == 0 ? null : text;
                break;
            case PlainColumn.Epoch:
                row.Epoch = JsonText.Number(text) is > 0 and < 1e6 and var epoch ? (int)epoch : row.Epoch;
                break;
            case PlainColumn.Task:
                row.Task = text.Length == 0 ? row.Task : text;
                break;
            case PlainColumn.Input:
                row.Input = text;
                break;
            case PlainColumn.Target:
                row.Target = text;
                break;
            case PlainColumn.Output:
                row.Output = text;
                break;
            case PlainColumn.Message:
                row.Message = text.Length == 0 ? null : text;
                break;
            case PlainColumn.Outcome:
                row.Outcome = OutcomeClassifier.OfWord(text);
                break;
            case PlainColumn.Tokens:
                row.Tokens = JsonText.Number(text);
                break;
            case PlainColumn.Seconds:
                row.Seconds = JsonText.Number(text);
                break;
            case PlainColumn.Cost:
                row.Cost = JsonText.Number(text);
                break;
            default:
                if (IsAttribute(name) && text.Length is > 0 and <= 60)
                {
                    row.Attributes.Add((name, text));
                }

                break;
        }
    }

    public static void Rename(SampleRow row, string metric)
    {
        if (row.Scores.Count == 0 && row.Outcome is { } outcome)
        {
            row.Scores.Add((metric, outcome == SampleOutcome.Pass ? 1 : 0));
        }
        else if (row.Scores.Count > 0 && metric != "score")
        {
            row.Scores[0] = (metric, row.Scores[0].Value);
        }
    }

    /// <summary>A number, a truth value, or one of Inspect's letters C, P, I, N (<c>value_to_float</c>); NaN for
    /// anything else.</summary>
    public static double Score(string text) =>
        text.Trim() switch
        {
            "C" or "true" or "True" or "TRUE" => 1,
            "P" => 0.5,
            "I" or "N" or "false" or "False" or "FALSE" => 0,
            var number => JsonText.Number(number),
        };
}

internal enum PlainColumn
{
    None,
    Id,
    Score,
    Cluster,
    Epoch,
    Task,
    Metric,
    Input,
    Target,
    Output,
    Message,
    Outcome,
    Tokens,
    Seconds,
    Cost,
}
