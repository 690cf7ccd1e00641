namespace SelfDev.Core.Findings.Catalog;

/// <summary>
/// What comparisons of evaluations may show.
/// </summary>
internal static class EvaluationRows
{
    public static readonly IReadOnlyList<FindingRow> Rows =
    [
        new()
        {
            Kind = FindingKinds.EvalRegression,
            Title = "Regression",
            Means =
                "The checkpoint answers worse, and neither chance nor the harness explains it: look at what was "
                + "trained between the two, and at the items that broke.",
            CheckFirst =
                "the failure clusters, the items that moved most, and training findings between the two checkpoints.",
            DefaultSeverity = Severity.Error,
            Proposals = [BlockPromotion.KindName],
        },
        new()
        {
            Kind = FindingKinds.EvalImprovement,
            Title = "Improvement",
            Means = "The checkpoint answers better than chance explains.",
            CheckFirst = "that the same items were used and that no answers leaked into the training data.",
            DefaultSeverity = Severity.Info,
            Proposals = [AllowPromotion.KindName],
        },
        new()
        {
            Kind = FindingKinds.EvalTie,
            Title = "Tie with the baseline",
            Means = "Whatever difference is left is smaller than the margin.",
            CheckFirst = "whether these tasks measure what the checkpoint was trained for.",
            DefaultSeverity = Severity.Info,
            Proposals = [AllowPromotion.KindName],
        },
        new()
        {
            Kind = FindingKinds.EvalUnderpowered,
            Title = "Too few samples",
            Means =
                "There are too few samples: a drop of this size comes up by chance alone, and so would a real one go "
                + "unseen.",
            CheckFirst = "how many samples the comparison needs, and what they cost.",
            DefaultSeverity = Severity.Warning,
            Proposals = [RerunEvaluation.KindName, ScaleFleet.KindName],
        },
        new()
        {
            Kind = FindingKinds.EvalIncomplete,
            Title = "Incomplete evaluation",
            Means =
                "The evaluation ended before its samples did; those that finished first are the easy and the short "
                + "ones, so their score is no estimate of the whole.",
            CheckFirst = "why it ended: the last lines of the evaluation's own log.",
            DefaultSeverity = Severity.Error,
            SeverityNote = "warning where tasks of the baseline were not measured at all",
            Proposals = [RerunEvaluation.KindName],
        },
        new()
        {
            Kind = FindingKinds.RenderDifference,
            Title = "Prompts rendered differently",
            Means =
                "The two checkpoints were not asked the same: the prompt was rendered differently, most often by a "
                + "chat template or a tokenizer that adds its own beginning token.",
            CheckFirst = "the tokenizer and template files of both checkpoints, and the harness' flags for them.",
            DefaultSeverity = Severity.Error,
            Proposals = [FixHarness.KindName],
        },
        new()
        {
            Kind = FindingKinds.HarnessMismatch,
            Title = "Other harness settings",
            Means = "The two evaluations were run with different settings, so their scores measure different things.",
            CheckFirst = "the command lines of the two evaluations.",
            DefaultSeverity = Severity.Error,
            SeverityNote = "info where the setting leaves the scores comparable; then nothing is proposed",
            Proposals = [FixHarness.KindName],
        },
        new()
        {
            Kind = FindingKinds.HarnessErrors,
            Title = "Errors of the harness",
            Means =
                "Samples failed because of the harness: a sandbox, a network call, a scorer. They count as wrong "
                + "answers although nobody answered.",
            CheckFirst = "the error messages, and whether the same samples pass when they are run again.",
            DefaultSeverity = Severity.Error,
            Proposals = [RerunEvaluation.KindName],
        },
        new()
        {
            Kind = FindingKinds.FailureCluster,
            Title = "Items that fail alike",
            Means = "Many items fail in the same way, which points to one cause rather than to many.",
            CheckFirst = "the exemplars, and what they have in common.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.FlakySamples,
            Title = "Flaky items",
            Means = "The same item passes and fails by turns: sampling, time limits or a test that depends on order.",
            CheckFirst = "temperature, seeds and time limits; then exclude or repeat these items.",
            DefaultSeverity = Severity.Warning,
            SeverityNote = "info up to 1 % of the repeated items",
        },
        new()
        {
            Kind = FindingKinds.ScoreChangePoint,
            Title = "Change of the level",
            Means = "The score changed its level between two checkpoints and stayed there.",
            CheckFirst = "what changed in data, schedule or harness between the two.",
            DefaultSeverity = Severity.Warning,
            SeverityNote = "info where the score became better",
        },
        new()
        {
            Kind = FindingKinds.ScoreTrend,
            Title = "Slide of the score",
            Means = "The score slides from checkpoint to checkpoint.",
            CheckFirst = "the data mixture and the learning-rate schedule.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.UnreadableResult,
            Title = "Unreadable results",
            Means = "Part of the results could not be read, so it is not part of the verdict.",
            CheckFirst = "the file and place that the finding names.",
            DefaultSeverity = Severity.Warning,
        },
    ];
}
