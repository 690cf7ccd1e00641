using System.Text.Json;
using SelfDev.Core.Findings;
using SelfDev.Core.Formats;
using SelfDev.Core.Text;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>A finding of the training run behind the checkpoints, as its own report tells it.</summary>
/// <param name="Severity">As in that report.</param>
/// <param name="Title">In SelfDev's own words.</param>
public sealed record TrainingEvent(
    string Report,
    string Id,
    string Kind,
    Severity Severity,
    string Title,
    long FromStep,
    long ToStep
);

/// <summary>
/// A SelfDev report (<c>selfdev.report/1</c>) of a training run that lies beside evaluations: what happened between two
/// checkpoints. Reading the report and not the log keeps the rooms apart, and keeps what was found then.
/// </summary>
internal static class TrainingReportFormat
{
    public static IReadOnlyList<TrainingEvent> Read(EvaluationSource source)
    {
        var text = JsonText.Of(source.ReadAll());
        var events = new List<TrainingEvent>();
        var kind = "";
        var name = source.File.Name;
        text.Visit(
            source.File.Name,
            ["findings"],
            (property, value, offset) =>
            {
                if (property == "artifact")
                {
                    kind = JsonText.Text(value, "kind") ?? "";
                }
                else if (property == "findings" && Event(value, name) is { } found)
                {
                    events.Add(found);
                }
            },
            source.Cancellation
        );
        source.Read(text.Lines);
        if (kind != "training")
        {
            source.Reject(
                0,
                $"The report is about '{SafeText.SingleLine(kind)}', not about training; it was left out."
            );
            return [];
        }

        return events;
    }

    private static TrainingEvent? Event(JsonElement finding, string report)
    {
        if (
            Step(finding, "from") is not { } from
            || JsonText.Text(finding, "kind") is not { } kind
            || !FindingKinds.All.Contains(kind)
        )
        {
            return null;
        }

        var severity = Enum.TryParse<Severity>(JsonText.Text(finding, "severity"), ignoreCase: true, out var said)
            ? said
            : Severity.Info;
        return new TrainingEvent(
            report,
            JsonText.Text(finding, "id") ?? "",
            kind,
            severity,
            JsonText.Text(finding, "title") ?? "",
            from,
            Math.Max(from, Step(finding, "to") ?? from)
        );
    }

    private static long? Step(JsonElement finding, string end) =>
        JsonText.Child(finding, end) is { } position
        && JsonText.Child(position, "step") is { ValueKind: JsonValueKind.Number } step
        && step.TryGetInt64(out var number)
            ? number
            : null;
}
