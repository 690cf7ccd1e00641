using System.Text.Json.Serialization;
using SelfDev.Core.Evaluation.Formats;
using SelfDev.Core.Evaluation.Model;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>The envelope's <c>summary</c> of evaluations.</summary>
public sealed record EvaluationSummary
{
    /// <value>One or two sentences: better, worse, or what keeps that from being said.</value>
    public required string Verdict { get; init; }

    /// <value>For a promotion gate; null where there was nothing to compare with.</value>
    public ComparisonVerdict? Overall { get; init; }

    /// <value>What a gate should do: <c>block</c>, <c>allow</c>, or <c>hold</c> until more is known; null without a
    /// comparison.</value>
    public string? Gate { get; init; }

    public CheckpointSummary? Baseline { get; init; }

    /// <value>How the pipeline came to the baseline, or why there is none; null where a person named it.</value>
    public string? BaselineChoice { get; init; }

    public CheckpointSummary? Candidate { get; init; }

    /// <value>Every metric that both sides have, by task.</value>
    public IReadOnlyList<TaskComparison> Comparisons { get; init; } = [];

    public ComparisonCounts? Counts { get; init; }

    /// <value>The same by metric; p values after Holm are those over all comparisons.</value>
    public IReadOnlyDictionary<string, ComparisonCounts>? CountsByMetric { get; init; }

    /// <value>The mean over tasks; null for fewer than two tasks with scores from 0 to 1.</value>
    public MacroDifference? Mean { get; init; }

    public IReadOnlyList<HarnessDifference> HarnessDifferences { get; init; } = [];

    public IReadOnlyList<RenderDifference> RenderDifferences { get; init; } = [];

    public IEnumerable<Transition> Transitions { get; init; } = [];

    public IReadOnlyList<FailureCluster> FailureClusters { get; init; } = [];

    public IReadOnlyList<AttributeCluster> AttributeClusters { get; init; } = [];

    public IReadOnlyList<FlakyTask> Flaky { get; init; } = [];

    public IReadOnlyList<ItemChange> MovedMost { get; init; } = [];

    public IReadOnlyList<GenerationLine> Generation { get; init; } = [];

    public IReadOnlyList<TaskHistory> History { get; init; } = [];

    /// <value>What happened in training between the two checkpoints.</value>
    public IReadOnlyList<TrainingEvent> TrainingBetween { get; init; } = [];

    /// <value>Tasks that only one side has: not compared.</value>
    public IReadOnlyList<string> OnlyInBaseline { get; init; } = [];

    public IReadOnlyList<string> OnlyInCandidate { get; init; } = [];

    public IReadOnlyList<Rejection> Rejections { get; init; } = [];
}

/// <param name="Step">Null where nothing tells.</param>
/// <param name="Samples">Per-sample rows that were read; 0 where only aggregates are.</param>
public sealed record CheckpointSummary(string Name, string? Model, long? Step, int Tasks, long Samples);

/// <summary>How many comparisons there are of each kind. A drop is a change for the worse, by the metric's own
/// direction.</summary>
public sealed record ComparisonCounts(
    int Comparisons,
    int Drops,
    int DropsBelowAlpha,
    int DropsBelowAlphaHolm,
    int Rises,
    int RisesBelowAlpha,
    int RisesBelowAlphaHolm,
    int Improved,
    int Regressed,
    int Tied,
    int Underpowered,
    int NotAttributable
)
{
    [JsonIgnore]
    public double Alpha { get; init; }

    internal static ComparisonCounts Of(IReadOnlyList<TaskComparison> comparisons, double alpha)
    {
        bool Rises(TaskComparison comparison) => comparison.Delta != 0 && !comparison.IsWorse;
        int Count(ComparisonVerdict verdict) => comparisons.Count(comparison => comparison.Verdict == verdict);
        return new ComparisonCounts(
            comparisons.Count,
            comparisons.Count(comparison => comparison.IsWorse),
            comparisons.Count(comparison => comparison.IsWorse && comparison.P < alpha),
            comparisons.Count(comparison => comparison.IsWorse && comparison.PHolm < alpha),
            comparisons.Count(Rises),
            comparisons.Count(comparison => Rises(comparison) && comparison.P < alpha),
            comparisons.Count(comparison => Rises(comparison) && comparison.PHolm < alpha),
            Count(ComparisonVerdict.Improved),
            Count(ComparisonVerdict.Regressed),
            Count(ComparisonVerdict.Tied),
            Count(ComparisonVerdict.Underpowered),
            Count(ComparisonVerdict.NotAttributable)
        )
        {
            Alpha = alpha,
        };
    }
}
