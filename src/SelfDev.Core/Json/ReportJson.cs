using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Redaction;
using SelfDev.Core.Text;

namespace SelfDev.Core.Json;

/// <summary>The machine-readable envelope <c>selfdev.report/1</c>, the same for all kinds.</summary>
public static class ReportJson
{
    public const string Schema = "selfdev.report/1";

    /// <value>camelCase, enums as kebab-case words, NaN and infinities as strings, HTML-sensitive characters
    /// escaped.</value>
    public static JsonSerializerOptions Options { get; } = Create(indented: false);

    public static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>Findings as they are given (see <see cref="RedactedAnalysis"/>); of the summary, secrets are taken out
    /// here.</summary>
    public static JsonObject Envelope(Analysis analysis) =>
        new()
        {
            ["schema"] = Schema,
            ["artifact"] = JsonSerializer.SerializeToNode(analysis.Artifact, Options),
            ["findings"] = JsonSerializer.SerializeToNode(analysis.Findings, Options),
            ["summary"] = ShownText.Of(
                JsonSerializer.SerializeToNode(analysis.Summary, analysis.Summary.GetType(), Options)
            ),
        };

    private static JsonSerializerOptions Create(bool indented) =>
        new(JsonSerializerDefaults.Web)
        {
            WriteIndented = indented,
            Encoder = JavaScriptEncoder.Default,
            NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        };
}
