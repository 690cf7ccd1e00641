using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Json;
using SelfDev.Core.Redaction;
using SelfDev.Core.Secrets;

namespace SelfDev.Core.Reports.Render;

/// <summary>The machine-readable envelope <c>selfdev.report/1</c>, the same for all kinds.</summary>
public static class ReportEnvelope
{
    public const string Schema = "selfdev.report/1";

    /// <summary>Findings as they are given (see <see cref="RedactedAnalysis"/>); of the summary, secrets are taken out
    /// here.</summary>
    public static JsonObject Of(Analysis analysis) =>
        new()
        {
            ["schema"] = Schema,
            ["artifact"] = JsonSerializer.SerializeToNode(analysis.Artifact, ReportJson.Options),
            ["findings"] = JsonSerializer.SerializeToNode(analysis.Findings, ReportJson.Options),
            ["summary"] = ShownText.Of(
                JsonSerializer.SerializeToNode(analysis.Summary, analysis.Summary.GetType(), ReportJson.Options)
            ),
        };
}
