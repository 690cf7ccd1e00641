using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Proposals;
using SelfDev.Core.Reports;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.ActionExecution;

/// <summary>
/// Actions that another system carries out (the training job, the gateway, the release gate): an approved one becomes a
/// blob in <c>commands/&lt;kind&gt;/&lt;subject&gt;/&lt;planHash&gt;.json</c>, for that system to pick up. It is written once; only a host that
/// is killed within moments of its being picked up and deleted may write it again, so that system tells repetitions by the hash.
/// </summary>
public sealed class CommandExecutor(IArtifactStore store, EffectIntents intents) : IEffectExecutor
{
    public IReadOnlyList<string> ActionKinds { get; } =
    [
        RollBackAndSkip.KindName, LowerLearningRate.KindName, RestartRun.KindName, WaitForRecovery.KindName, FixPrompt.KindName, PinRouting.KindName, RaiseCacheCapacity.KindName,
        BlockPromotion.KindName, AllowPromotion.KindName, RerunEvaluation.KindName, FixHarness.KindName,
    ];

    public Task<PlannedEffect> PlanAsync(ProposedAction action, PlanningFacts facts, CancellationToken cancellation)
    {
        var parameters = JsonSerializer.SerializeToNode(action, ReportJson.Options)!.AsObject();
        var to = parameters
            .Where(parameter => parameter.Value is not null && parameter.Key != "action")
            .ToDictionary(parameter => parameter.Key, parameter => parameter.Value!.ToString());
        var from = to.ToDictionary(parameter => parameter.Key, _ => "-");
        return Task.FromResult(new PlannedEffect($"{Containers.Commands}/{facts.Subject}", from, to, ETag: null));
    }

    public async Task<EffectStart> StartAsync(EffectPlan plan, string planHash, CancellationToken cancellation)
    {
        var command = new JsonObject
        {
            ["schema"] = "selfdev.command/1",
            ["planHash"] = planHash,
            ["action"] = plan.Action,
            ["parameters"] = JsonSerializer.SerializeToNode(plan.To, ReportJson.Options),
            ["evidence"] = JsonSerializer.SerializeToNode(plan.Evidence, ReportJson.Options),
        };
        // From here on it may be there: an attempt after a crash must not say that nothing was done, whatever has changed by then.
        await intents.SetAsync(planHash, cancellation);
        // Finding it there means that an earlier attempt of this very plan wrote it: the name is the plan's hash.
        await store.TryCreateAsync(
            Containers.Commands, BlobName(plan, planHash), JsonSerializer.SerializeToUtf8Bytes(command, ReportJson.Indented), StoreJson.ContentType, cancellation);
        return new EffectStart(EffectStartKind.Started, null, null, null, plan.From);
    }

    public Task<OperationState> PollAsync(EffectPlan plan, string? operationUri, CancellationToken cancellation) =>
        Task.FromResult(new OperationState(OperationPhase.Succeeded, null, null, "The command lies ready."));

    public async Task<IReadOnlyDictionary<string, string>> ObserveAsync(EffectPlan plan, string planHash, CancellationToken cancellation)
    {
        var info = await store.GetInfoAsync(Containers.Commands, BlobName(plan, planHash), cancellation);
        return info is null ? plan.From : plan.To;
    }

    private static string BlobName(EffectPlan plan, string planHash) =>
        $"{plan.Resource[(Containers.Commands.Length + 1)..]}/{planHash}.json";
}
