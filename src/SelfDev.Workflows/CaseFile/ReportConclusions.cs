using System.Globalization;
using SelfDev.Core.Findings;
using SelfDev.Core.Ledger;
using SelfDev.Core.Reports.Model;
using SelfDev.Workflows.Analysts;

namespace SelfDev.Workflows.CaseFile;

/// <summary>What the pipeline adds to a room's report: explanations, proposals, decisions and effects.</summary>
internal static class ReportConclusions
{
    public static IEnumerable<ReportBlock> Of(
        StoredAnalysis stored,
        IReadOnlyList<Core.Findings.Diagnosis> diagnoses,
        IReadOnlyList<StoredAction> actions,
        SignedTreeHead? head
    ) => Explanations(diagnoses).Concat(Actions(stored, actions)).Concat(Head(head));

    // For whoever keeps the report: what the ledger was then can be held to what it is later.
    private static IEnumerable<ReportBlock> Head(SignedTreeHead? head) =>
        head is null ? [] : [new Paragraph($"The ledger when this was written: {head.Full()}.")];

    private static IEnumerable<ReportBlock> Explanations(IReadOnlyList<Core.Findings.Diagnosis> diagnoses)
    {
        if (diagnoses.Count == 0)
        {
            yield break;
        }

        yield return new Heading("Likely causes");
        foreach (var diagnosis in diagnoses)
        {
            var citations = string.Join(
                ", ",
                diagnosis.Citations.Select(citation =>
                    citation.File is null
                        ? string.Create(CultureInfo.InvariantCulture, $"line {citation.Line}")
                        : string.Create(CultureInfo.InvariantCulture, $"{citation.File} line {citation.Line}")
                )
            );
            var rests = citations.Length > 0 ? $", resting on {citations}" : "";
            if (diagnosis.Cause.Length > 0)
            {
                var findings = string.Join(", ", diagnosis.FindingIds);
                yield return new Quote($"{findings}: explanation by {Author(diagnosis)}{rests}", diagnosis.Cause);
            }

            if (diagnosis.DroppedCitations > 0)
            {
                yield return new Paragraph(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{diagnosis.DroppedCitations} more citations were dropped: the artifact does not say what "
                            + $"they claim."
                    )
                );
            }

            foreach (var note in ExplanationNotes.Of(diagnosis))
            {
                yield return new Paragraph(note);
            }
        }
    }

    private static string Author(Core.Findings.Diagnosis diagnosis) =>
        diagnosis.ExplainedBy == Explainer.Rules ? RulesAnalyst.AnalystName : $"the language model {diagnosis.Analyst}";

    private static IEnumerable<ReportBlock> Actions(StoredAnalysis stored, IReadOnlyList<StoredAction> actions)
    {
        if (stored.Proposals.Count == 0)
        {
            yield break;
        }

        yield return new Heading("Proposals, decisions, effects");
        yield return new Table(
            "What was proposed and what became of it",
            ["No.", "Action", "Before", "After", "Decision", "Effect"],
            [
                .. stored.Proposals.Select(
                    (proposal, index) =>
                        Row(
                            index + 1,
                            proposal.Action.Kind,
                            actions.FirstOrDefault(action => action.Number == index + 1)
                        )
                ),
            ]
        );
        if (stored.LeftOutProposals > 0)
        {
            yield return new Paragraph(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{stored.LeftOutProposals} more proposals stand with their findings and were not put to anybody."
                )
            );
        }
    }

    private static IReadOnlyList<string> Row(int number, string kind, StoredAction? action)
    {
        var round = action?.Rounds.Count > 0 ? action.Rounds[^1] : null;
        return
        [
            number.ToString(CultureInfo.InvariantCulture),
            kind,
            round?.Effect is { } done ? Fields(done.Before) : Fields(round?.Plan?.From),
            round?.Effect is { } ended ? Fields(ended.After) : Fields(round?.Plan?.To),
            Decisions(round),
            round?.Effect is { } effect ? $"{Words(effect.Outcome)}: {effect.Detail}"
            : round is null ? "not planned yet"
            : "waiting",
        ];
    }

    private static string Decisions(StoredActionRound? round) =>
        round switch
        {
            null => "",
            { Obstacle: { } obstacle } => $"not asked: {obstacle}",
            { Decisions.Count: 0, Effect: null } => "waiting",
            { Decisions.Count: 0 } => "none in time",
            _ => string.Join(
                "; ",
                round.Decisions.Select(decision => $"{Words(decision.Kind)} by {decision.Approver}")
            ),
        };

    private static string Fields(IReadOnlyDictionary<string, string>? fields) =>
        fields is null ? "" : string.Join(", ", fields.Select(field => $"{field.Key} {field.Value}"));

    private static string Words<TEnum>(TEnum value)
        where TEnum : struct, Enum =>
        string.Concat(
            value
                .ToString()
                .Select(
                    (letter, at) =>
                        char.IsUpper(letter) && at > 0
                            ? " " + char.ToLowerInvariant(letter)
                            : char.ToLowerInvariant(letter).ToString()
                )
        );
}
