using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Effects;

/// <summary>Sets a scale set's capacity: absolute, conditional on the ETag that was approved.</summary>
public sealed class ScaleFleetExecutor(IFleet fleet, EffectIntents intents) : IEffectExecutor
{
    public ActionCarrier Carrier => ActionCarrier.ScaleSet;

    public async Task<PlannedEffect> PlanAsync(
        ProposedAction action,
        PlanningFacts facts,
        CancellationToken cancellation
    )
    {
        var scale = (ScaleFleet)action;
        // Of several the first is the fleet's own: only it has a floor.
        if (facts.ScaleSets is not [var resource, ..])
        {
            return PlannedEffect.Impossible(
                $"The policy file gives no fleet to {facts.Subject}: add it under 'fleets' to let it be scaled."
            );
        }

        var state = await fleet.GetAsync(resource, cancellation);
        var target = scale.Capacity ?? state.Capacity + (scale.RestoreNodes ?? 0);
        if (target == state.Capacity)
        {
            return PlannedEffect.Impossible($"The fleet has capacity {target} already.");
        }

        var obstacles = await fleet.PreflightAsync(resource, target, cancellation);
        return obstacles.Count > 0
            ? PlannedEffect.Impossible(string.Join(" ", obstacles))
            : new PlannedEffect(
                resource,
                ScalePlan.Fields(state.Capacity, state.Sku),
                ScalePlan.Fields(target, state.Sku),
                state.ETag
            );
    }

    public async Task<EffectStart> StartAsync(EffectPlan plan, string planHash, CancellationToken cancellation)
    {
        var state = await fleet.GetAsync(plan.Resource, cancellation);
        var before = ScalePlan.Fields(state.Capacity, state.Sku);
        var isThere = PlannedFields.Equal(before, plan.To);
        if (isThere || !PlannedFields.Equal(before, plan.From) || state.ETag != plan.ETag)
        {
            // With the mark, an earlier attempt changed the set and its answer was lost; what came of it is observed,
            // and may be a part.
            return await intents.IsSetAsync(planHash, cancellation)
                    ? new EffectStart(EffectStartKind.Started, null, null, null, plan.From)
                : isThere ? new EffectStart(EffectStartKind.AlreadyThere, null, null, null, before)
                : new EffectStart(
                    EffectStartKind.Drifted,
                    null,
                    null,
                    PlannedFields.DescribeDrift(plan, before, state.ETag),
                    before
                );
        }

        var start = await intents.UnderMarkAsync(
            planHash,
            () => fleet.StartScaleAsync(plan.Resource, ScalePlan.Capacity(plan.To), state.ETag, cancellation),
            cancellation
        );
        return FleetOperations.ToEffectStart(start, before);
    }

    public async Task<OperationState> PollAsync(EffectPlan plan, string? operationUri, CancellationToken cancellation)
    {
        if (operationUri is not null)
        {
            return await fleet.PollAsync(operationUri, cancellation);
        }

        var state = await fleet.GetAsync(plan.Resource, cancellation);
        return FleetOperations.FromProvisioningState(state.ProvisioningState);
    }

    /// <summary>Capacity is what the instance view counts as provisioned, not what was asked for.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ObserveAsync(
        EffectPlan plan,
        string planHash,
        CancellationToken cancellation
    )
    {
        var state = await fleet.GetAsync(plan.Resource, cancellation);
        return ScalePlan.Fields(state.RunningInstances, state.Sku);
    }
}
