using System.Text.Json.Serialization;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Change;

/// <summary>
/// Starts what was decided, if it still holds: policy, envelope, kill switch, expiry and the scale sets are read anew.
/// Capacity is absolute and the write conditional, so that a repeated call has no second effect.
/// </summary>
public sealed class StartFleetScale(
    IApprovalPolicySource policies,
    KillSwitch killSwitch,
    IFleet fleets,
    EffectIntents intents,
    FleetPlanSeals seals,
    TimeProvider clock
) : IActivity<StartFleetScaleInput, EffectStart>
{
    public static readonly Activity<StartFleetScaleInput, EffectStart> Handle = new("StartFleetScale");

    public async Task<EffectStart> RunAsync(StartFleetScaleInput input, ActivityContext context)
    {
        var cancellation = context.Cancellation;
        var (plan, now) = (input.Plan, clock.GetUtcNow());
        if (await intents.IsSetAsync(PlanHash.Of(plan), cancellation))
        {
            // An earlier attempt asked ARM and its answer was lost: no second call, and what came of it is polled.
            return new EffectStart(EffectStartKind.Started, null, null, null, plan.From);
        }

        if (!await seals.IsGenuineAsync(input.Sealed, input.Seal, cancellation))
        {
            return Refuse(EffectStartKind.Refused, FleetPlanSeals.NotOurs);
        }

        if (now >= plan.ExpiresAt)
        {
            return Refuse(EffectStartKind.Refused, "The plan expired before it could be carried out.");
        }

        var reading = await policies.ReadAsync(cancellation);
        var fleet = reading.Policy?.Fleets.GetValueOrDefault(input.Fleet);
        var target = ScalePlan.Capacity(plan.To);
        var isGrowth = target > ScalePlan.Capacity(plan.From);
        // What is above its limit comes back as its instances become idle.
        if (
            fleet?.FindScaleSet(plan.Resource) is not { } set
            || target < set.MinCapacity
            || (isGrowth && target > set.MaxCapacity)
        )
        {
            return Refuse(
                EffectStartKind.Refused,
                $"The policy file does not allow {target} instances of this scale set any more."
            );
        }

        var total = target + await CapacityOfOthersAsync(fleet, input, cancellation);
        if (!IsAllowed(fleet, input, isGrowth, total, now))
        {
            return Refuse(
                EffectStartKind.Refused,
                $"The policy file does not allow {target} instances without approval any more."
            );
        }

        if (isGrowth && total > ScalePlan.FleetCapacity(plan.To))
        {
            return Refuse(EffectStartKind.Drifted, "Another scale set of the fleet has grown meanwhile.");
        }

        if (!reading.Policy!.ActionsEnabled || (await killSwitch.ReadAsync(cancellation)).Engaged)
        {
            return Refuse(EffectStartKind.Stopped, "The kill switch is on.");
        }

        try
        {
            return await StartAsync(input, target, cancellation);
        }
        catch (FleetException refused) when (!refused.IsTransient)
        {
            return Refuse(EffectStartKind.Refused, $"{refused.Code}: {refused.Message}");
        }
    }

    // By the policy of now, whatever the input says: the input is a history's, and histories have no seal.
    // Other sets of the fleet may be under way in the same direction, so only the bound that lies there counts.
    private static bool IsAllowed(
        PolicyFleet fleet,
        StartFleetScaleInput input,
        bool isGrowth,
        int total,
        DateTimeOffset now
    ) =>
        input.IsBudget
            ? !isGrowth && fleet.Scaling?.UsdPerDay is not null
            : fleet.Scaling?.Envelope is { } envelope
                && now < envelope.ExpiresAt
                && (isGrowth ? total <= envelope.MaxCapacity : total >= envelope.MinCapacity);

    // A set that ARM did not show at the decision, and does not now, counts as it was last seen.
    private async Task<int> CapacityOfOthersAsync(
        PolicyFleet fleet,
        StartFleetScaleInput input,
        CancellationToken cancellation
    )
    {
        var total = 0;
        foreach (
            var other in fleet.ScaleSets.Where(other =>
                !string.Equals(other.ResourceId, input.Plan.Resource, StringComparison.OrdinalIgnoreCase)
            )
        )
        {
            var seen = input.Unreadable.FirstOrDefault(set => set.ResourceId == other.ResourceId);
            try
            {
                total += (await fleets.GetAsync(other.ResourceId, cancellation)).Capacity;
            }
            catch (FleetException) when (seen is not null)
            {
                total += seen.Capacity;
            }
        }

        return total;
    }

    private async Task<EffectStart> StartAsync(StartFleetScaleInput input, int target, CancellationToken cancellation)
    {
        var plan = input.Plan;
        var state = await fleets.GetAsync(plan.Resource, cancellation);
        var before = ScalePlan.Fields(state.Capacity, state.Sku);
        if (state.Capacity == target)
        {
            // Done by somebody else; the scale set says when it is ready.
            return new EffectStart(EffectStartKind.Started, null, null, null, before);
        }

        if (state.ETag != plan.ETag)
        {
            return new EffectStart(EffectStartKind.Drifted, null, null, "The scale set was changed meanwhile.", before);
        }

        var leaving = ScalePlan.Delete(plan.To) is { } names
            ? (await fleets.ListInstancesAsync(plan.Resource, cancellation))
                .Where(instance => names.Contains(instance.ComputerName))
                .ToList()
            : null;
        if (
            leaving?.Find(instance =>
                instance.IsProtected && !input.Protected.Any(ours => ours.Is(plan.Resource, instance.ComputerName))
            ) is
            { } kept
        )
        {
            return new EffectStart(
                EffectStartKind.Drifted,
                null,
                null,
                $"Somebody protects instance {kept.InstanceId} by now.",
                before
            );
        }

        var start = await intents.UnderMarkAsync(
            PlanHash.Of(plan),
            () =>
                leaving is null
                    ? fleets.StartScaleAsync(plan.Resource, target, state.ETag, cancellation)
                    : fleets.StartDeleteInstancesAsync(plan.Resource, leaving, cancellation),
            cancellation
        );
        return FleetOperations.ToEffectStart(start, before);
    }

    private static EffectStart Refuse(EffectStartKind kind, string message) =>
        new(kind, null, null, message, new Dictionary<string, string>());
}

/// <param name="IsBudget">As <see cref="ScalingVerdict.IsBudget"/>.</param>
/// <param name="Protected">As <see cref="FleetDecision.Protected"/>.</param>
/// <param name="Unreadable">As <see cref="FleetDecision.Unreadable"/>.</param>
/// <param name="Seal">Of the decision, over all of these; null in histories of before there were seals.</param>
public sealed record StartFleetScaleInput(
    string Fleet,
    EffectPlan Plan,
    bool IsBudget,
    IReadOnlyList<ProtectedInstance> Protected,
    IReadOnlyList<SeenScaleSet> Unreadable,
    string? Seal
)
{
    [JsonIgnore]
    internal SealedPlan Sealed => new(Fleet, Plan, IsBudget, Protected, Unreadable);
}
