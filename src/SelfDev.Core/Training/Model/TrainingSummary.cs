using System.Text.Json.Serialization;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Training.Model;

/// <summary>The envelope's <c>summary</c> of a training artifact.</summary>
public sealed record TrainingSummary
{
    /// <value>One or two sentences: how the run is and what to look at first.</value>
    public required string Verdict { get; init; }

    /// <value>The id of the finding that explains most others; null where nothing is wrong.</value>
    public string? RootFinding { get; init; }

    public required IReadOnlyList<RunSummary> Runs { get; init; }

    /// <value>What pairs of runs have in common; empty unless several runs are read.</value>
    public IReadOnlyList<RunAlignment> Alignments { get; init; } = [];

    /// <value>Findings that <see cref="Limits.FindingsPerReport"/> left out.</value>
    public int FindingsLeftOut { get; init; }
}

/// <summary>One run (one file) in figures. Steps, losses and times are null where no row tells.</summary>
public sealed record RunSummary
{
    public required string File { get; init; }

    public required string Format { get; init; }

    public required long Rows { get; init; }

    public required long EvaluationRows { get; init; }

    public long? FirstStep { get; init; }

    public long? LastStep { get; init; }

    public long? TotalSteps { get; init; }

    public double? FirstLoss { get; init; }

    public double? LastLoss { get; init; }

    public double? BestLoss { get; init; }

    public double? UsualStepSeconds { get; init; }

    public double? SlowStepSeconds { get; init; }

    public double? SlowStepShare { get; init; }

    /// <value>Steps trained twice because of resumes.</value>
    public required long StepsRepeated { get; init; }

    /// <value>Rows left out: the same step logged again, a step out of order, other ranks' copies.</value>
    public required long Duplicates { get; init; }

    public required long OutOfOrder { get; init; }

    public required long OtherRanks { get; init; }

    /// <value>One-row loss outliers too weak to be findings.</value>
    public required long MinorLossOutliers { get; init; }

    public long? LastCheckpointStep { get; init; }

    /// <value>Silence after which the run counts as stalled, in seconds.</value>
    public double? SilentAfterSeconds { get; init; }

    public DateTimeOffset? LastTime { get; init; }

    public required IReadOnlyList<SegmentSummary> Segments { get; init; }
}

/// <param name="Start"><c>beginning</c>, <c>resume</c> or <c>gap</c>.</param>
/// <param name="BestLoss">Lowest finite training loss; null where no row has one.</param>
public sealed record SegmentSummary(
    SegmentStart Start,
    long FirstLine,
    long? FirstStep,
    long LastLine,
    long? LastStep,
    long Rows,
    long RepeatedSteps,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? BestLoss
);
