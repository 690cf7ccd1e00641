using System.Text.Json;
using SelfDev.Core.Secrets;
using SelfDev.Core.Text;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Analysts;

/// <summary>Reads a model's answer, believing nothing: what is not exactly of the asked form is rejected with a
/// reason.</summary>
public static class AnswerReader
{
    public const int MaxCauseChars = 2_000;
    public const int MaxCitations = 20;

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 4, AllowDuplicateProperties = false };

    /// <returns>The answer, or why it is none; the reason quotes nothing of the answer, so it can go back to the model
    /// and into a report.</returns>
    public static (ModelAnswer? Answer, string? Rejection) Read(
        string json,
        AnalystQuestion question,
        AnalystPrompt prompt
    )
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Read(document.RootElement, question, prompt);
        }
        catch (JsonException)
        {
            return (null, "it is not a single JSON object without duplicate properties");
        }
    }

    private static (ModelAnswer? Answer, string? Rejection) Read(
        JsonElement root,
        AnalystQuestion question,
        AnalystPrompt prompt
    )
    {
        if (!HasExactly(root, ["cause", "citations", "recommended_action"]))
        {
            return (null, "it must have exactly the properties cause, citations and recommended_action");
        }

        if (
            Text(root.GetProperty("cause")) is not { } cause
            || string.IsNullOrWhiteSpace(cause)
            || cause.Length > MaxCauseChars
        )
        {
            return (null, $"cause must be a text of 1 to {MaxCauseChars} characters");
        }

        var action = Text(root.GetProperty("recommended_action"));
        if (
            action is null
            || (action != AnswerSchema.NoAction && !question.AllowedActions.Contains(action, StringComparer.Ordinal))
        )
        {
            return (null, "recommended_action is not one of the allowed kinds");
        }

        var list = root.GetProperty("citations");
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > MaxCitations)
        {
            return (null, $"citations must be a list of at most {MaxCitations}");
        }

        var citations = new List<Citation>();
        var unknownFiles = 0;
        string[] names = prompt.Files.Count > 1 ? ["line", "text", "file"] : ["line", "text"];
        foreach (var item in list.EnumerateArray())
        {
            if (
                !HasExactly(item, names)
                || Text(item.GetProperty("text")) is not { } text
                || !TryInteger(item.GetProperty("line"), out var line)
            )
            {
                return (
                    null,
                    $"each citation must have exactly the properties {string.Join(" and ", names)}, line a whole number"
                );
            }

            if (FileOf(item, prompt) is not { Known: true } file)
            {
                unknownFiles++;
                continue;
            }

            citations.Add(new Citation(file.Name, line, text));
        }

        return (
            new ModelAnswer(
                SecretRedactor.Redact(SafeText.SingleLine(cause.ReplaceLineEndings(" "))).Trim(),
                citations,
                unknownFiles,
                action == AnswerSchema.NoAction ? null : action,
                AnswerVetting.SignsIn(cause)
            ),
            null
        );
    }

    private static (bool Known, string? Name) FileOf(JsonElement citation, AnalystPrompt prompt)
    {
        if (prompt.Files.Count <= 1)
        {
            return (true, prompt.Files.Count == 0 ? null : prompt.Files[0]);
        }

        return TryInteger(citation.GetProperty("file"), out var number) && number >= 1 && number <= prompt.Files.Count
            ? (true, prompt.Files[(int)number - 1])
            : (false, null);
    }

    private static bool TryInteger(JsonElement value, out long number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out number);
    }

    private static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? TryText(value) : null;

    // A lone surrogate escape is valid JSON syntax and no valid text.
    private static string? TryText(JsonElement value)
    {
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    private static bool HasExactly(JsonElement value, string[] names) =>
        value.ValueKind == JsonValueKind.Object
        && value.EnumerateObject().Count() == names.Length
        && names.All(name => value.TryGetProperty(name, out _));
}

/// <summary>An answer of the right form; its citations are still to be verified.</summary>
/// <param name="UnknownFiles">Citations of files that do not exist, left out already.</param>
/// <param name="Action">One of the allowed kinds, or null.</param>
/// <param name="Signs">As <see cref="AnalystAnswer.Signs"/>.</param>
public sealed record ModelAnswer(
    string Cause,
    IReadOnlyList<Citation> Citations,
    int UnknownFiles,
    string? Action,
    IReadOnlyList<string> Signs
);
