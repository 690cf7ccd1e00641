using System.Text.Json.Serialization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Rendering;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>What the numbers of one task say about the checkpoint.</summary>
public enum ComparisonVerdict
{
    /// <summary>A difference within the margin is all that the interval leaves room for.</summary>
    Tied,

    /// <summary>Better, significant after Holm's correction.</summary>
    Improved,

    /// <summary>Too few samples to tell a difference of the margin from none.</summary>
    Underpowered,

    /// <summary>Worse, significant after Holm's correction.</summary>
    Regressed,

    /// <summary>There may be a difference, but the checkpoint is not what was changed alone: rendering, harness or
    /// completeness differ.</summary>
    NotAttributable,
}

/// <summary>How a comparison was made.</summary>
public enum ComparisonMethod
{
    /// <summary>Yes-or-no scores of the same items.</summary>
    McNemarExact,

    /// <summary>Scores of the same items, clusters drawn whole.</summary>
    PairedBootstrap,

    /// <summary>Two reported scores with their standard errors.</summary>
    UnpairedZ,

    /// <summary>Two reported scores without standard errors: no test is possible.</summary>
    None,
}

/// <summary>One metric of one task, candidate against baseline.</summary>
public sealed record TaskComparison
{
    public required string Task { get; init; }

    public required string Metric { get; init; }

    /// <value>Items that were compared; unpaired, the candidate's samples. Null where no file tells.</value>
    public long? N { get; init; }

    public required double Baseline { get; init; }

    public required double Candidate { get; init; }

    /// <value>Candidate minus baseline, in the metric's unit; see <see cref="HigherIsBetter"/>.</value>
    public required double Delta { get; init; }

    /// <value>Standard error of <see cref="Delta"/>; null where unknown.</value>
    public double? Stderr { get; init; }

    /// <value>95 % interval of <see cref="Delta"/>, low and high; null where unknown.</value>
    public IReadOnlyList<double>? Ci95 { get; init; }

    /// <value>Two-sided p value against no difference; null where no test was possible or none is allowed.</value>
    public double? P { get; init; }

    /// <value>After Holm's correction over all comparisons of the report that are attributable and have a p value; null
    /// for the others.</value>
    public double? PHolm { get; init; }

    public ComparisonVerdict Verdict { get; init; }

    /// <value>Samples on both sides that would show a change of the margin; null unless underpowered.</value>
    public long? NeededSamples { get; init; }

    /// <value>GPU-hours to evaluate both checkpoints on them; null where the time of a sample is unknown.</value>
    public double? NeededGpuHours { get; init; }

    public required ComparisonMethod Method { get; init; }

    public required bool HigherIsBetter { get; init; }

    /// <value>Whether this is the task's first metric, by which its samples count as passed.</value>
    public bool Primary { get; init; }

    /// <value>Items that went from pass to fail and from fail to pass; null unless paired and yes-or-no.</value>
    public long? Lost { get; init; }

    public long? Won { get; init; }

    /// <value>Why the verdict is what it is, in our own words.</value>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    [JsonIgnore]
    public bool IsWorse => HigherIsBetter ? Delta < 0 : Delta > 0;

    [JsonIgnore]
    public bool IsAttributable { get; init; } = true;

    /// <value>Variance of the difference of one item: n·SE².</value>
    [JsonIgnore]
    internal double ItemVariance => N is { } n && Stderr is { } error ? n * error * error : double.NaN;
}

/// <summary>A rendering that differs between the two evaluations of the same item.</summary>
/// <param name="Item">The item's id, as the artifact names it.</param>
/// <param name="Items">Items of the task whose renderings differ.</param>
public sealed record RenderDifference(
    string Task,
    string Item,
    long Items,
    long Compared,
    RenderingClass Class,
    bool ExplainsAll,
    int Offset,
    string Baseline,
    string Candidate,
    string Shown
)
{
    [JsonIgnore]
    internal Place Place { get; init; } = null!;

    [JsonIgnore]
    internal (int Baseline, int Candidate) Lengths { get; init; }
}

/// <summary>A fact about how a task was run that is not the same on both sides.</summary>
/// <param name="Decisive">Whether it makes the scores incomparable.</param>
public sealed record HarnessDifference(string Task, string Fact, string Baseline, string Candidate, bool Decisive)
{
    [JsonIgnore]
    internal Place Place { get; init; } = null!;

    /// <value>Further tasks with the same difference.</value>
    public int OtherTasks { get; init; }
}
