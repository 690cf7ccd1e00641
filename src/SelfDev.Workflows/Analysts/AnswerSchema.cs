using System.Globalization;
using System.Text.Json.Nodes;
using SelfDev.Core.Redaction;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Analysts;

/// <summary>
/// The JSON that a model has to answer with. Written in the subset that "strict" structured output takes (every
/// property required, no additional ones); what that subset cannot say, lengths above all, <see cref="AnswerReader"/>
/// checks.
/// </summary>
public static class AnswerSchema
{
    public const string Name = "explanation";

    /// <summary>Stands for "none of the allowed actions".</summary>
    public const string NoAction = "none";

    public static string For(AnalystQuestion question, AnalystPrompt prompt)
    {
        var citation = new JsonObject
        {
            ["line"] = new JsonObject { ["type"] = "integer", ["description"] = "Number before the bar" },
            ["text"] = new JsonObject { ["type"] = "string", ["description"] = "Copied exactly from that line" },
        };
        if (prompt.Files.Count > 1)
        {
            citation["file"] = new JsonObject { ["type"] = "integer", ["description"] = "Number of the file" };
        }

        return Strict(
                new JsonObject
                {
                    ["cause"] = new JsonObject { ["type"] = "string", ["description"] = "One short paragraph" },
                    ["citations"] = new JsonObject { ["type"] = "array", ["items"] = Strict(citation) },
                    ["recommended_action"] = new JsonObject
                    {
                        ["type"] = "string",
                        ["enum"] = new JsonArray([
                            .. question.AllowedActions.Append(NoAction).Select(kind => (JsonNode)kind),
                        ]),
                    },
                }
            )
            .ToJsonString();
    }

    private static JsonObject Strict(JsonObject properties) =>
        new()
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["required"] = new JsonArray([.. properties.Select(property => (JsonNode)property.Key)]),
            ["properties"] = properties,
        };
}
