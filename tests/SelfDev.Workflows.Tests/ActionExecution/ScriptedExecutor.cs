using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.ActionExecution;

/// <summary>An executor that plans and sees what a test says, and keeps the facts that it was given.</summary>
/// <param name="like">Another one, whose plans and facts these are.</param>
internal sealed class ScriptedExecutor(ActionCarrier carrier, ScriptedExecutor? like = null) : IEffectExecutor
{
    public ActionCarrier Carrier => carrier;

    public Func<PlanningFacts, PlannedEffect> Plans { get; set; } = _ => PlannedEffect.Impossible("not asked for");

    public IReadOnlyDictionary<string, string> Seen { get; set; } = new Dictionary<string, string>();

    public List<PlanningFacts> Facts { get; } = [];

    public int Looks { get; private set; }

    public Task<PlannedEffect> PlanAsync(ProposedAction action, PlanningFacts facts, CancellationToken cancellation)
    {
        (like ?? this).Facts.Add(facts);
        return Task.FromResult((like ?? this).Plans(facts));
    }

    public Task<IReadOnlyDictionary<string, string>> ObserveAsync(
        EffectPlan plan,
        string planHash,
        CancellationToken cancellation
    )
    {
        Looks++;
        return Task.FromResult(Seen);
    }

    public Task<EffectStart> StartAsync(EffectPlan plan, string planHash, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<OperationState> PollAsync(EffectPlan plan, string? operationUri, CancellationToken cancellation) =>
        throw new NotSupportedException();
}
