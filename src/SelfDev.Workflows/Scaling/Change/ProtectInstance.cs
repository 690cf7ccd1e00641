using SelfDev.Core.Approvals;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Change;

/// <summary>
/// Starts what was decided, if the kill switch is off and the instance is there. Saying it again changes nothing. What
/// is there already without our having asked is somebody else's.
/// </summary>
public sealed class ProtectInstance(
    IApprovalPolicySource policies,
    KillSwitch killSwitch,
    IFleet fleets,
    EffectIntents intents,
    FleetPlanSeals seals,
    TimeProvider clock
) : IActivity<ProtectInstanceInput, EffectStart>
{
    public static readonly Activity<ProtectInstanceInput, EffectStart> Handle = new("ProtectInstance");

    public async Task<EffectStart> RunAsync(ProtectInstanceInput input, ActivityContext context)
    {
        var (plan, cancellation) = (input.Plan, context.Cancellation);
        if (await intents.IsSetAsync(PlanHash.Of(plan), cancellation) != input.IsPoll)
        {
            return input.IsPoll
                ? Answer(EffectStartKind.Refused, "ARM was not asked.")
                : Answer(EffectStartKind.Started, null);
        }

        var instances = await fleets.ListInstancesAsync(plan.Resource, cancellation);
        if (
            instances.FirstOrDefault(instance => instance.ComputerName == ProtectionPlan.Instance(plan))
                is not { } found
            || found.IsProtected == ProtectionPlan.IsProtected(plan)
        )
        {
            return Answer(EffectStartKind.AlreadyThere, null);
        }

        if (input.IsPoll)
        {
            return Answer(EffectStartKind.Started, null);
        }

        if (!await seals.IsGenuineAsync(SealedPlan.Of(input.Fleet, plan), input.Seal, cancellation))
        {
            return Answer(EffectStartKind.Refused, FleetPlanSeals.NotOurs);
        }

        var policy = (await policies.ReadAsync(cancellation)).Policy;
        if (
            policy?.Fleets.GetValueOrDefault(input.Fleet)?.FindScaleSet(plan.Resource) is null
            || clock.GetUtcNow() >= plan.ExpiresAt
        )
        {
            return Answer(
                EffectStartKind.Refused,
                "The policy file does not have this scale set any more, or the plan has expired."
            );
        }

        if (!policy.ActionsEnabled || (await killSwitch.ReadAsync(cancellation)).Engaged)
        {
            return Answer(EffectStartKind.Stopped, "The kill switch is on.");
        }

        try
        {
            var start = await intents.UnderMarkAsync(
                PlanHash.Of(plan),
                () =>
                    fleets.StartProtectAsync(
                        plan.Resource,
                        found.InstanceId,
                        ProtectionPlan.IsProtected(plan),
                        cancellation
                    ),
                cancellation
            );
            return FleetOperations.ToEffectStart(start, plan.From);
        }
        catch (FleetException refused) when (!refused.IsTransient)
        {
            return Answer(EffectStartKind.Refused, $"{refused.Code}: {refused.Message}");
        }

        EffectStart Answer(EffectStartKind kind, string? message) => new(kind, null, null, message, plan.From);
    }
}

/// <param name="IsPoll">Starts nothing: looks whether it is done.</param>
/// <param name="Seal">As <see cref="StartFleetScaleInput"/>.</param>
public sealed record ProtectInstanceInput(string Fleet, EffectPlan Plan, bool IsPoll, string? Seal);
