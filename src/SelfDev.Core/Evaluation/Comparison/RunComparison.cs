using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Evaluation.Reading;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>Everything that comparing two evaluations gives.</summary>
internal sealed record RunComparison(EvaluationRun Baseline, EvaluationRun Candidate)
{
    public IReadOnlyList<TaskComparison> Tasks { get; init; } = [];

    public IReadOnlyList<HarnessDifference> Harness { get; init; } = [];

    public IReadOnlyList<RenderDifference> Renderings { get; init; } = [];

    public TransitionMatrix Transitions { get; init; } = new();

    public IReadOnlyDictionary<string, TransitionMatrix> TransitionsByTask { get; init; } =
        new Dictionary<string, TransitionMatrix>();

    public IReadOnlyList<FlakyTask> Flaky { get; init; } = [];

    public IReadOnlyList<FailureCluster> Clusters { get; init; } = [];

    public IReadOnlyList<AttributeCluster> Attributes { get; init; } = [];

    public IReadOnlyList<ItemChange> Movers { get; init; } = [];

    public IReadOnlyList<GenerationLine> Generation { get; init; } = [];

    /// <value>Tasks that only one side has.</value>
    public IReadOnlyList<string> OnlyBaseline { get; init; } = [];

    public IReadOnlyList<string> OnlyCandidate { get; init; } = [];

    /// <value>Broken items that are in no cluster: beyond the most that are looked at, or with a message of their own
    /// when there were clusters enough.</value>
    public long BrokenLeftOut { get; init; }
}

/// <summary>Items of a task that both pass and fail when they are tried again.</summary>
/// <param name="Repeated">Items that were tried more than once.</param>
/// <param name="Broken">Items that passed in every try before and fail in every try now.</param>
/// <param name="Examples">Ids, at most three.</param>
public sealed record FlakyTask(string Task, long Flaky, long Repeated, long Broken, IReadOnlyList<string> Examples)
{
    [System.Text.Json.Serialization.JsonIgnore]
    internal Place? Place { get; init; }
}

/// <summary>One of the items that moved most.</summary>
public sealed record ItemChange(string Task, string Item, double Change)
{
    [System.Text.Json.Serialization.JsonIgnore]
    internal SampleText Text { get; init; } = null!;
}
