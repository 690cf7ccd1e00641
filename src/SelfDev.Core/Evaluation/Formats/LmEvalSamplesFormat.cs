using System.Globalization;
using System.Text;
using System.Text.Json;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Formats;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>
/// lm-evaluation-harness <c>samples_&lt;task&gt;_&lt;date&gt;.jsonl</c>: one line a document and filter, with the
/// rendered prompt and the hashes of document, prompt and target. Source: lm_eval/evaluator.py of
/// EleutherAI/lm-evaluation-harness.
/// </summary>
internal static class LmEvalSamplesFormat
{
    /// <summary>Attributes of the document that are short enough to be one: subject, category, level.</summary>
    private const int MaxAttributeChars = 60;

    public static void ReadRow(JsonElement sample, SampleRow row)
    {
        row.Id = JsonText.Text(sample, "doc_id") ?? "";
        row.DocumentKey = JsonText.Text(sample, "doc_hash");
        row.InputKey = JsonText.Text(sample, "prompt_hash");
        row.TargetKey = JsonText.Text(sample, "target_hash");
        row.Target = JsonText.Text(sample, "target");
        row.Input = Prompt(sample);
        row.Output = Response(sample);
        var filter = JsonText.Text(sample, "filter") ?? "none";
        var invalid =
            JsonText.Child(sample, "filtered_resps") is { ValueKind: JsonValueKind.Array } filtered
            && filtered.EnumerateArray().Any()
            && filtered
                .EnumerateArray()
                .All(response => response.ValueKind == JsonValueKind.String && response.ValueEquals("[invalid]"));
        foreach (var property in sample.EnumerateObject())
        {
            if (
                Metrics(sample, property.Name)
                && property.Value.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False
            )
            {
                var value = JsonText.Number(property.Value);
                row.Scores.Add((filter == "none" ? property.Name : $"{property.Name},{filter}", value));
            }
        }

        if (invalid && row.Scores.Count > 0 && row.Scores[0].Value < 0.5)
        {
            row.Outcome = string.IsNullOrWhiteSpace(row.Output) ? SampleOutcome.Empty : SampleOutcome.ParseError;
        }

        // The same document comes once for each filter, each with metrics of its own name.
        row.Id = filter == "none" ? row.Id : $"{row.Id}\u001F{filter}";
        AddAttributes(sample, row);
    }

    private static bool Metrics(JsonElement sample, string name) =>
        JsonText.Child(sample, "metrics") is { ValueKind: JsonValueKind.Array } metrics
            ? metrics
                .EnumerateArray()
                .Any(metric => metric.ValueKind == JsonValueKind.String && metric.ValueEquals(name))
            : name
                is "acc"
                    or "acc_norm"
                    or "exact_match"
                    or "f1"
                    or "em"
                    or "score"
                    or "mc1"
                    or "mc2"
                    or "bleu"
                    or "rouge1"
                    or "pass@1";

    /// <summary>The contexts of all requests; of several that are equal (one a choice) one.</summary>
    private static string? Prompt(JsonElement sample)
    {
        if (JsonText.Child(sample, "arguments") is not { } arguments)
        {
            return null;
        }

        var contexts = new List<string>();
        if (arguments.ValueKind == JsonValueKind.Object)
        {
            foreach (var request in arguments.EnumerateObject())
            {
                if (JsonText.Text(request.Value, "arg_0") is { } context && !contexts.Contains(context))
                {
                    contexts.Add(context);
                }
            }
        }
        else if (arguments.ValueKind == JsonValueKind.Array)
        {
            foreach (
                var request in arguments
                    .EnumerateArray()
                    .Where(request => request.ValueKind == JsonValueKind.Array && request.GetArrayLength() > 0)
            )
            {
                if (JsonText.Text(request[0]) is { } context && !contexts.Contains(context))
                {
                    contexts.Add(context);
                }
            }
        }

        return contexts.Count == 0 ? null : string.Join("\n\n", contexts);
    }

    /// <summary>The first generated text; null for likelihoods, which are numbers.</summary>
    private static string? Response(JsonElement sample)
    {
        var response = JsonText.Child(sample, "resps") ?? default;
        while (response.ValueKind == JsonValueKind.Array && response.GetArrayLength() > 0)
        {
            response = response[0];
        }

        return response.ValueKind == JsonValueKind.String
            && !double.TryParse(response.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out _)
                ? response.GetString()
            : response.ValueKind == JsonValueKind.Array ? ""
            : null;
    }

    private static void AddAttributes(JsonElement sample, SampleRow row)
    {
        if (JsonText.Child(sample, "doc") is not { ValueKind: JsonValueKind.Object } document)
        {
            return;
        }

        foreach (var property in document.EnumerateObject().Where(property => PlainColumns.IsAttribute(property.Name)))
        {
            if (JsonText.Text(property.Value) is { Length: > 0 and <= MaxAttributeChars } value)
            {
                row.Attributes.Add((property.Name, value));
            }
        }
    }
}
