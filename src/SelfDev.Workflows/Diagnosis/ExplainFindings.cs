using SelfDev.Core.Findings;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>
/// Asks the analyst about one group and stores the answer. Where the analyst has none, the rules' explanation stands in
/// its place with the reason beside it. An answer that is stored already is not asked for again.
/// </summary>
public sealed class ExplainFindings(IArtifactStore store, IAnalyst analyst, RulesAnalyst rules)
    : IActivity<ExplainFindingsInput, ExplainedFindings>
{
    public static readonly Activity<ExplainFindingsInput, ExplainedFindings> Handle = new("ExplainFindings");

    public async Task<ExplainedFindings> RunAsync(ExplainFindingsInput input, ActivityContext context)
    {
        var name = DiagnosisBlobs.Diagnosis(input.ReportId, input.Group);
        var diagnosis = await store.TryReadJsonAsync<Core.Findings.Diagnosis>(Containers.Evidence, name, context.Cancellation);
        if (diagnosis is null)
        {
            diagnosis = await ExplainAsync(input, context);
            await store.WriteJsonAsync(Containers.Evidence, name, diagnosis, context.Cancellation);
        }

        return new ExplainedFindings(
            diagnosis.Group,
            diagnosis.FindingIds[0],
            diagnosis.Analyst,
            diagnosis.Citations.Count,
            diagnosis.DroppedCitations,
            diagnosis.RecommendedAction,
            diagnosis.Unavailable,
            diagnosis.InputTokens,
            diagnosis.CachedTokens,
            diagnosis.OutputTokens,
            diagnosis.LatencyMilliseconds);
    }

    private async Task<Core.Findings.Diagnosis> ExplainAsync(ExplainFindingsInput input, ActivityContext context)
    {
        var stored = await store.ReadJsonAsync<StoredAnalysis>(Containers.Evidence, DiagnosisBlobs.Analysis(input.ReportId), context.Cancellation);
        var windows = await store.ReadJsonAsync<StoredWindows>(Containers.Evidence, DiagnosisBlobs.Windows(input.ReportId, input.Group), context.Cancellation);
        var ids = stored.Groups[input.Group - 1];
        var findings = ids.Select(id => stored.Analysis.Findings.Single(finding => finding.Id == id)).ToList();
        var actions = stored.Proposals
            .Where(proposal => proposal.FindingIds.Intersect(ids).Any())
            .Select(proposal => proposal.Action.Kind)
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();
        var question = new AnalystQuestion(input.ReportId, context.IdempotencyKey, findings, windows.Windows, actions);

        var answer = await analyst.ExplainAsync(question, context.Cancellation);
        var shown = answer.Unavailable is null ? answer : await rules.ExplainAsync(question, context.Cancellation);
        return new Core.Findings.Diagnosis(
            input.Group,
            ids,
            shown.Cause,
            [.. shown.Citations.Select(citation => new DiagnosisCitation(citation.Line, citation.Text) { File = citation.File })],
            answer.DroppedCitations,
            shown.RecommendedAction,
            answer.Unavailable,
            shown.Usage.Analyst,
            answer.Usage.InputTokens,
            answer.Usage.CachedTokens,
            answer.Usage.OutputTokens,
            (long)answer.Usage.Latency.TotalMilliseconds);
    }
}

/// <param name="Group">1-based.</param>
public sealed record ExplainFindingsInput(string ReportId, int Group);

/// <summary>What the ledger keeps of a diagnosis: who explained what, on how many verified lines, at which cost; no text.</summary>
/// <param name="Root">Id of the group's root finding.</param>
public sealed record ExplainedFindings(
    int Group,
    string Root,
    string Analyst,
    int Citations,
    int DroppedCitations,
    string? RecommendedAction,
    string? Unavailable,
    long InputTokens,
    long CachedTokens,
    long OutputTokens,
    long LatencyMilliseconds);
