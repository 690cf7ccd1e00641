using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Training.Reading;

/// <summary>
/// Messages that no format and no signature knows and that the log had never held before it came to a failure: the
/// first place to look when the known lines do not say why.
/// </summary>
internal static class NovelMessages
{
    /// <summary>Lines before the failure in which a message has to appear first, and lines before those that must not
    /// hold it.</summary>
    private const long LinesBefore = 500;
    private const long LinesKnown = 1000;
    private const long MaxCount = 8;
    private static readonly string[] Words =
    [
        "error",
        "fail",
        "fatal",
        "warn",
        "timeout",
        "timed out",
        "unable",
        "cannot",
        "could not",
        "lost",
        "abort",
        "refused",
        "denied",
        "corrupt",
        "invalid",
        "unreachable",
        "exceeded",
        "panic",
        "critical",
        "hang",
        "hung",
        "dead",
    ];

    public static FindingDraft? Find(FileAnalysis file)
    {
        var failure = file
            .Run.Findings.Where(finding =>
                finding.SignatureId is not null
                && finding.Severity >= Severity.Error
                && finding.Kind != FindingKinds.InjectionAttempt
            )
            .MinBy(finding => finding.From.Line);
        if (failure is null || failure.From.Line < LinesKnown)
        {
            return null;
        }

        var novel = file
            .Templates.Templates.Where(template =>
                template.Count <= MaxCount
                && template.FirstLine < failure.From.Line
                && template.FirstLine >= failure.From.Line - LinesBefore
            )
            .Select(template => (template, Text: EvidenceText.Of(template.Example)))
            .Where(pair => Words.Any(word => pair.Text.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .OrderByDescending(pair => pair.template.FirstLine)
            .Take(Limits.EvidencePerFinding)
            .OrderBy(pair => pair.template.FirstLine)
            .ToList();
        if (novel.Count == 0)
        {
            return null;
        }

        var draft = new FindingDraft
        {
            Kind = FindingKinds.NovelMessage,
            Severity = Severity.Info,
            Role = FindingRole.Symptom,
            Title = string.Create(
                CultureInfo.InvariantCulture,
                $"{novel.Count} {(novel.Count == 1 ? "message" : "messages")} never seen before in this log came "
                    + $"shortly before the failure at line {failure.From.Line}"
            ),
            From = new Position(novel[0].template.FirstLine, failure.From.Step, null),
            To = new Position(novel[^1].template.FirstLine, failure.From.Step, null),
            File = file.Run.File,
        };
        foreach (var (template, text) in novel)
        {
            draft.Cite(new Evidence(template.FirstLine, template.FirstOffset, text) { File = file.Run.Name });
        }

        draft.Metrics["messages"] = novel.Count;
        draft.Metrics["templates"] = file.Templates.Templates.Count();
        return draft;
    }
}
