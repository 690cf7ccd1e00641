using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Findings;
using SelfDev.Core.Lineage;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>
/// Asks the analyst about one group and stores the answer. Where the analyst has none, or none that may be shown
/// (<see cref="AnswerVetting"/>), the rules' explanation stands in its place with the reason beside it. Run again
/// after a crash it asks again and writes over what is stored: somebody else may have written that.
/// </summary>
public sealed class ExplainFindings(
    IArtifactStore store,
    Explanations explanations,
    IAnalyst analyst,
    RulesAnalyst rules,
    ExplanationPlaces places,
    ILogger<ExplainFindings> logger
) : IActivity<ExplainFindingsInput, ExplainedFindings>
{
    public static readonly Activity<ExplainFindingsInput, ExplainedFindings> Handle = new("ExplainFindings");

    /// <returns>
    /// <see cref="ExplainedFindings.IsBusy"/> where so many runs wait for the model that this one has to come again.
    /// </returns>
    public async Task<ExplainedFindings> RunAsync(ExplainFindingsInput input, ActivityContext context)
    {
        if (analyst is RulesAnalyst)
        {
            var question = await QuestionAsync(input, context);
            var answer = await analyst.ExplainAsync(question, context.Cancellation);
            return await StoreAsync(input, Of(input.Group, question, answer, Explainer.Rules), context);
        }

        if (!places.TryTake())
        {
            return input.IsLast
                ? await ExplainByModelAsync(input, context, _ => Task.FromResult(GaveUp))
                : ExplainedFindings.Busy(input.Group);
        }

        try
        {
            return await ExplainByModelAsync(
                input,
                context,
                question => analyst.ExplainAsync(question, context.Cancellation)
            );
        }
        finally
        {
            places.Release();
        }
    }

    private static AnalystAnswer GaveUp { get; } =
        new("", [], 0, null, "it was busy with other runs for too long", new AnalystUsage("", 0, 0, 0, TimeSpan.Zero));

    private async Task<ExplainedFindings> ExplainByModelAsync(
        ExplainFindingsInput input,
        ActivityContext context,
        Func<AnalystQuestion, Task<AnalystAnswer>> ask
    )
    {
        var question = await QuestionAsync(input, context);
        var answer = await ask(question);
        IReadOnlyList<string> signs =
        [
            .. answer.Signs.Concat(AnswerVetting.SignsIn(answer.Cause)).Distinct(StringComparer.Ordinal),
        ];
        if (signs.Count > 0)
        {
            logger.AnswerSpeaksToReaders(input.ReportId, input.Group, string.Join(", ", signs));
        }

        var unavailable = answer.Unavailable ?? AnswerVetting.Refusal(answer.Citations.Count, signs);
        var diagnosis = unavailable is null
            ? Of(input.Group, question, answer, Explainer.Model)
            : Of(input.Group, question, await rules.ExplainAsync(question, context.Cancellation), Explainer.Rules);
        return await StoreAsync(
            input,
            diagnosis with
            {
                Unavailable = unavailable,
                DroppedCitations = answer.DroppedCitations,
                AskedModel = ModelName.Shown(analyst.Name),
                AnswerSigns = signs,
                InputTokens = answer.Usage.InputTokens,
                CachedTokens = answer.Usage.CachedTokens,
                OutputTokens = answer.Usage.OutputTokens,
                LatencyMilliseconds = (long)answer.Usage.Latency.TotalMilliseconds,
            },
            context
        );
    }

    private async Task<ExplainedFindings> StoreAsync(
        ExplainFindingsInput input,
        Core.Findings.Diagnosis diagnosis,
        ActivityContext context
    )
    {
        await explanations.WriteAsync(input.ReportId, diagnosis, context.Cancellation);
        return ExplainedFindings.Of(diagnosis);
    }

    private static Core.Findings.Diagnosis Of(
        int group,
        AnalystQuestion question,
        AnalystAnswer answer,
        Explainer by
    ) =>
        new(
            group,
            [.. question.Findings.Select(finding => finding.Id)],
            answer.Cause,
            [.. answer.Citations.Select(cited => new DiagnosisCitation(cited.Line, cited.Text) { File = cited.File })],
            answer.DroppedCitations,
            answer.RecommendedAction,
            answer.Unavailable,
            by,
            by == Explainer.Rules ? RulesAnalyst.AnalystName : ModelName.Shown(answer.Usage.Analyst),
            answer.Usage.InputTokens,
            answer.Usage.CachedTokens,
            answer.Usage.OutputTokens,
            (long)answer.Usage.Latency.TotalMilliseconds
        );

    private async Task<AnalystQuestion> QuestionAsync(ExplainFindingsInput input, ActivityContext context)
    {
        var stored = await store.ReadJsonAsync<StoredAnalysis>(
            Containers.Evidence,
            DiagnosisBlobs.Analysis(input.ReportId),
            context.Cancellation
        );
        var windows = await store.ReadJsonAsync<StoredWindows>(
            Containers.Evidence,
            DiagnosisBlobs.Windows(input.ReportId, input.Group),
            context.Cancellation
        );
        var ids = stored.Groups[input.Group - 1];
        var findings = ids.Select(id => stored.Analysis.Findings.Single(finding => finding.Id == id)).ToList();
        var actions = stored
            .Proposals.Where(proposal => proposal.FindingIds.Intersect(ids).Any())
            .Select(proposal => proposal.Action.Kind)
            .Distinct()
            .Order(StringComparer.Ordinal)
            .ToList();
        return new AnalystQuestion(input.ReportId, context.IdempotencyKey, findings, windows.Windows, actions);
    }
}

/// <param name="Group">1-based.</param>
/// <param name="IsLast">Whether a busy model is not waited for any longer: then the rules explain.</param>
public sealed record ExplainFindingsInput(string ReportId, int Group, bool IsLast = false);

/// <summary>
/// What the ledger keeps of a diagnosis: who explained what, on how many verified lines, at which cost; no text.
/// </summary>
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
    long LatencyMilliseconds
)
{
    /// <value>As <see cref="Core.Findings.Diagnosis.ExplainedBy"/>.</value>
    public Explainer ExplainedBy { get; init; }

    /// <value>As <see cref="Core.Findings.Diagnosis.AskedModel"/>.</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AskedModel { get; init; }

    /// <value>As <see cref="Core.Findings.Diagnosis.AnswerSigns"/>.</value>
    public IReadOnlyList<string> AnswerSigns { get; init; } = [];

    /// <value>Nothing was explained yet; no entry of the ledger has it set.</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsBusy { get; init; }

    /// <value>
    /// Who stands in the ledger as the actor: never just what a server calls itself, which could be a person's name.
    /// </value>
    [JsonIgnore]
    public string Actor =>
        ExplainedBy == Explainer.Rules ? RulesAnalyst.AnalystName : $"model:{ModelName.Shown(Analyst)}";

    public static ExplainedFindings Of(Core.Findings.Diagnosis diagnosis) =>
        new(
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
            diagnosis.LatencyMilliseconds
        )
        {
            ExplainedBy = diagnosis.ExplainedBy,
            AskedModel = diagnosis.AskedModel,
            AnswerSigns = diagnosis.AnswerSigns,
        };

    public static ExplainedFindings Busy(int group) =>
        new(group, "", "", 0, 0, null, null, 0, 0, 0, 0) { IsBusy = true };
}
