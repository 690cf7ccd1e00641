using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Effects;

/// <summary>
/// Reimages or deletes one instance. The node that a log names counts only if the fleet has an instance of that
/// computer name: a log line cannot make anything else a target. The plan holds which machine that was and when it was
/// provisioned, so that a node which was replaced since is not replaced once more.
/// </summary>
public sealed class ReplaceNodeExecutor(IFleet fleet, EffectIntents intents) : IEffectExecutor
{
    private const string NodeField = "node";
    private const string StateField = "state";
    private const string InUse = "in use";
    private const string Reimaged = "reimaged";
    private const string Deleted = "deleted";
    private const string InstancesSegment = "/virtualMachines/";

    public ActionCarrier Carrier => ActionCarrier.Instance;

    public async Task<PlannedEffect> PlanAsync(
        ProposedAction action,
        PlanningFacts facts,
        CancellationToken cancellation
    )
    {
        var replace = (ReplaceNode)action;
        if (facts.ScaleSets.Count == 0)
        {
            return PlannedEffect.Impossible(
                $"The policy file gives no fleet to {facts.Subject}: add it under 'fleets' to let its nodes be "
                    + $"replaced."
            );
        }

        foreach (var resource in facts.ScaleSets)
        {
            var instances = await fleet.ListInstancesAsync(resource, cancellation);
            if (
                instances.FirstOrDefault(candidate =>
                    string.Equals(candidate.ComputerName, replace.Node.Value, StringComparison.OrdinalIgnoreCase)
                ) is
                { } instance
            )
            {
                return new PlannedEffect(
                    resource + InstancesSegment + instance.InstanceId,
                    Fields(instance.ComputerName, InUse),
                    Fields(instance.ComputerName, replace.Mode == NodeReplacement.Delete ? Deleted : Reimaged),
                    Version(instance)
                );
            }
        }

        return PlannedEffect.Impossible($"The fleet '{facts.Fleet}' has no instance named {replace.Node}.");
    }

    public async Task<EffectStart> StartAsync(EffectPlan plan, string planHash, CancellationToken cancellation)
    {
        var (resource, instanceId) = Split(plan.Resource);
        var setAt = await intents.FindAsync(planHash, cancellation);
        var instance = await FindAsync(resource, instanceId, cancellation);
        if (instance is null)
        {
            return setAt is not null && plan.To[StateField] == Deleted
                ? new EffectStart(EffectStartKind.Started, null, null, null, plan.From)
                : new EffectStart(EffectStartKind.Drifted, null, null, "The instance is gone.", Fields("", "gone"));
        }

        if (!string.Equals(instance.ComputerName, plan.From[NodeField], StringComparison.OrdinalIgnoreCase))
        {
            return new EffectStart(
                EffectStartKind.Drifted,
                null,
                null,
                $"Instance {instanceId} is {instance.ComputerName} by now.",
                Fields(instance.ComputerName, InUse)
            );
        }

        // An instance that is being worked on, or was provisioned after the mark was set, shows our own earlier start.
        if (setAt is not null && (IsBusy(instance) || instance.ProvisionedAt >= setAt))
        {
            return new EffectStart(EffectStartKind.Started, null, null, null, plan.From);
        }

        if (Version(instance) is var version && version != plan.ETag)
        {
            return new EffectStart(
                EffectStartKind.Drifted,
                null,
                null,
                $"The node was replaced since the plan was made: it is {version} by now.",
                Fields(instance.ComputerName, InUse)
            );
        }

        var start = await intents.UnderMarkAsync(
            planHash,
            () =>
                plan.To[StateField] == Deleted
                    ? fleet.StartDeleteAsync(resource, instanceId, cancellation)
                    : fleet.StartReimageAsync(resource, instanceId, cancellation),
            cancellation
        );
        return FleetOperations.ToEffectStart(start, plan.From);
    }

    public async Task<OperationState> PollAsync(EffectPlan plan, string? operationUri, CancellationToken cancellation)
    {
        if (operationUri is not null)
        {
            return await fleet.PollAsync(operationUri, cancellation);
        }

        var (resource, instanceId) = Split(plan.Resource);
        var instance = await FindAsync(resource, instanceId, cancellation);
        return FleetOperations.FromProvisioningState(instance?.State ?? "Succeeded");
    }

    public async Task<IReadOnlyDictionary<string, string>> ObserveAsync(
        EffectPlan plan,
        string planHash,
        CancellationToken cancellation
    )
    {
        var (resource, instanceId) = Split(plan.Resource);
        var instance = await FindAsync(resource, instanceId, cancellation);
        if (instance is null)
        {
            return Fields(plan.From[NodeField], Deleted);
        }

        var setAt = await intents.FindAsync(planHash, cancellation);
        return Fields(instance.ComputerName, instance.ProvisionedAt >= setAt ? Reimaged : InUse);
    }

    // ARM gives an instance no ETag. Its VM says which machine it is, the time says whether that was reimaged.
    private static string Version(FleetInstance instance) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"vm {instance.VmId ?? "unknown"}, provisioned {instance.ProvisionedAt?.UtcDateTime:O}"
        );

    private static bool IsBusy(FleetInstance instance) => instance.State is not ("Succeeded" or "Failed" or "Canceled");

    private async Task<FleetInstance?> FindAsync(string resource, string instanceId, CancellationToken cancellation) =>
        (await fleet.ListInstancesAsync(resource, cancellation)).FirstOrDefault(instance =>
            instance.InstanceId == instanceId
        );

    private static (string Resource, string InstanceId) Split(string instanceResource)
    {
        var at = instanceResource.LastIndexOf(InstancesSegment, StringComparison.Ordinal);
        return (instanceResource[..at], instanceResource[(at + InstancesSegment.Length)..]);
    }

    private static Dictionary<string, string> Fields(string node, string state) =>
        new() { [NodeField] = node, [StateField] = state };
}
