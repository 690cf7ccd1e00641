using System.Text;
using System.Text.Json;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Formats;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>One sample of an Inspect log. Source: <c>EvalSample</c> in inspect_ai/log/_log.py.</summary>
internal static class InspectSample
{
    private const string Attachment = "attachment://";

    public static void Read(JsonElement sample, SampleRow row)
    {
        row.Id = JsonText.Text(sample, "id") ?? "";
        row.Epoch =
            JsonText.Child(sample, "epoch") is { ValueKind: JsonValueKind.Number } epoch
            && epoch.TryGetInt32(out var number)
            && number > 0
                ? number
                : 1;
        row.Target = JsonText.Text(sample, "target");
        row.Input = Rendered(sample);
        ReadScores(sample, row);
        ReadOutput(sample, row);
        ReadUsage(sample, row);
        if (JsonText.Child(sample, "metadata") is { ValueKind: JsonValueKind.Object } metadata)
        {
            foreach (
                var property in metadata.EnumerateObject().Where(property => PlainColumns.IsAttribute(property.Name))
            )
            {
                if (JsonText.Text(property.Value) is { Length: > 0 and <= 60 } value)
                {
                    row.Attributes.Add((property.Name, value));
                }
            }
        }
    }

    private static void ReadScores(JsonElement sample, SampleRow row)
    {
        if (JsonText.Child(sample, "scores") is not { ValueKind: JsonValueKind.Object } scores)
        {
            return;
        }

        foreach (var score in scores.EnumerateObject())
        {
            var value = JsonText.Child(score.Value, "value") ?? default;
            if (value.ValueKind == JsonValueKind.Object)
            {
                foreach (var part in value.EnumerateObject())
                {
                    row.Scores.Add(($"{score.Name}/{part.Name}", Value(part.Value)));
                }
            }
            else if (value.ValueKind != JsonValueKind.Array)
            {
                row.Scores.Add((score.Name, Value(value)));
            }

            // "N" stands for no answer: the scorer found none in what the model said.
            if (value.ValueKind == JsonValueKind.String && value.ValueEquals("N") && row.Scores.Count == 1)
            {
                row.Outcome = SampleOutcome.ParseError;
            }

            row.Message ??= JsonText.Text(score.Value, "explanation");
        }

        row.Scores.RemoveAll(score => double.IsNaN(score.Value));
    }

    private static double Value(JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? PlainColumns.Score(value.GetString()!) : JsonText.Number(value);

    private static void ReadOutput(JsonElement sample, SampleRow row)
    {
        if (
            JsonText.Child(sample, "output") is { } output
            && JsonText.Child(output, "choices") is { ValueKind: JsonValueKind.Array } choices
            && choices.GetArrayLength() > 0
        )
        {
            row.Output = JsonText.Child(choices[0], "message") is { } message ? Content(message, sample) : null;
            if (JsonText.Text(choices[0], "stop_reason") == "content_filter" && !Passed(row))
            {
                row.Outcome = SampleOutcome.Refused;
            }
        }

        if (JsonText.Child(sample, "limit") is { } limit && !Passed(row))
        {
            row.Outcome = SampleOutcome.Timeout;
            row.Message = $"{JsonText.Text(limit, "type")} limit";
        }

        if (JsonText.Child(sample, "error") is { } error)
        {
            row.Message = JsonText.Text(error, "message") ?? "error";
            row.Outcome =
                OutcomeClassifier.OfMessage(row.Message) is SampleOutcome.Timeout
                    ? SampleOutcome.Timeout
                    : SampleOutcome.HarnessError;
        }
    }

    private static bool Passed(SampleRow row) => row.Scores.Count > 0 && row.Scores[0].Value >= 0.5;

    private static void ReadUsage(JsonElement sample, SampleRow row)
    {
        if (JsonText.Child(sample, "total_time") is { } time)
        {
            row.Seconds = JsonText.Number(time);
        }

        if (
            JsonText.Child(sample, "model_usage") is { ValueKind: JsonValueKind.Object } usage
            && usage.EnumerateObject().Any()
        )
        {
            row.Tokens = usage
                .EnumerateObject()
                .Sum(model => JsonText.Child(model.Value, "output_tokens") is { } tokens ? JsonText.Number(tokens) : 0);
        }
    }

    /// <summary>
    /// What the model was first shown: system and user messages up to its first answer, between ChatML marks so that a
    /// comparison finds the roles; where the log has no messages, the input as it is.
    /// </summary>
    private static string? Rendered(JsonElement sample)
    {
        var messages =
            JsonText.Child(sample, "messages") is { ValueKind: JsonValueKind.Array } all && all.GetArrayLength() > 0
                ? all
            : JsonText.Child(sample, "input") is { ValueKind: JsonValueKind.Array } listed ? listed
            : (JsonElement?)null;
        if (messages is null)
        {
            return JsonText.Text(sample, "input") is { } input ? Resolve(input, sample) : null;
        }

        var text = new StringBuilder();
        foreach (
            var message in messages
                .Value.EnumerateArray()
                .TakeWhile(message => JsonText.Text(message, "role") != "assistant")
        )
        {
            text.Append("<|im_start|>")
                .Append(JsonText.Text(message, "role"))
                .Append('\n')
                .Append(Content(message, sample))
                .Append("<|im_end|>\n");
        }

        return text.Length == 0 ? null : text.ToString();
    }

    private static string Content(JsonElement message, JsonElement sample)
    {
        var content = JsonText.Child(message, "content") ?? default;
        return content.ValueKind == JsonValueKind.Array
            ? string.Join(
                '\n',
                content
                    .EnumerateArray()
                    .Select(part => JsonText.Text(part, "text"))
                    .OfType<string>()
                    .Select(part => Resolve(part, sample))
            )
            : Resolve(JsonText.Text(content) ?? "", sample);
    }

    private static string Resolve(string text, JsonElement sample) =>
        text.StartsWith(Attachment, StringComparison.Ordinal)
        && JsonText.Child(sample, "attachments") is { } attachments
            ? JsonText.Text(attachments, text[Attachment.Length..]) ?? text
            : text;
}
