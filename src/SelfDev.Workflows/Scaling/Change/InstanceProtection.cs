using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Change;

/// <summary>Puts protection from scale-in on one instance, or lifts it: proposal, decision and effect go to the ledger,
/// whatever comes of it.</summary>
internal static class InstanceProtection
{
    /// <value>A fleet that waits for ARM to protect an instance does not see a surge.</value>
    private static readonly RetryPolicy Brief = new(3, TimeSpan.FromSeconds(2), 2.0, TimeSpan.FromSeconds(10));

    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(5);

    /// <value>The fleet is not looked at meanwhile, so ARM gets no longer. What comes later is found when the instances
    /// are listed again.</value>
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    /// <param name="seal">As <see cref="FleetDecision.SealOf"/>.</param>
    /// <param name="step">Makes the ledger keys unique.</param>
    public static async Task<ProtectionOutcome> RunAsync(
        IWorkflowContext context,
        string fleet,
        EffectPlan plan,
        string? seal,
        long step
    )
    {
        var (key, startedAt) = (step.ToString(CultureInfo.InvariantCulture), context.CurrentUtcDateTime);
        var reason = ProtectionPlan.IsProtected(plan) ? "It drains and is busy." : "It stays.";
        var outcome = await FleetLedger.IsDecidedAsync(context, plan, key, reason, "drain")
            ? await ChangeAsync(context, new ProtectInstanceInput(fleet, plan, IsPoll: false, seal))
            : new ProtectionOutcome(EffectOutcome.Refused, IsAsked: false, FleetLedger.Unwritable);
        await FleetLedger.RecordEffectAsync(context, plan, key, outcome.Outcome, null, startedAt, outcome.Detail);
        return outcome;
    }

    private static async Task<ProtectionOutcome> ChangeAsync(IWorkflowContext context, ProtectInstanceInput input)
    {
        EffectStart start;
        try
        {
            start = await context.CallActivityAsync(ProtectInstance.Handle, input, Brief);
        }
        catch (WorkflowTaskFailedException failed)
        {
            return new ProtectionOutcome(
                EffectOutcome.Failed,
                await MayHaveAskedAsync(context, input),
                failed.Failure.Message
            );
        }

        return start.Kind switch
        {
            EffectStartKind.Started => await PollAsync(context, input, start),
            EffectStartKind.AlreadyThere => new ProtectionOutcome(EffectOutcome.Applied, IsAsked: false, ""),
            EffectStartKind.Stopped => new ProtectionOutcome(
                EffectOutcome.RefusedKillSwitch,
                IsAsked: false,
                start.Message ?? ""
            ),
            EffectStartKind.Throttled => new ProtectionOutcome(
                EffectOutcome.Refused,
                IsAsked: false,
                start.Message ?? ""
            )
            {
                ThrottledUntil =
                    new DateTimeOffset(context.CurrentUtcDateTime, TimeSpan.Zero) + (start.RetryAfter ?? Wait),
            },
            _ => new ProtectionOutcome(EffectOutcome.Refused, IsAsked: false, start.Message ?? ""),
        };
    }

    private static async Task<ProtectionOutcome> PollAsync(
        IWorkflowContext context,
        ProtectInstanceInput input,
        EffectStart start
    )
    {
        var deadline = context.CurrentUtcDateTime + Timeout;
        while (true)
        {
            (OperationPhase Phase, string? Message) progress;
            try
            {
                progress = await LookAsync(context, input, start);
            }
            catch (WorkflowTaskFailedException failed)
            {
                return new ProtectionOutcome(EffectOutcome.TimedOut, IsAsked: true, failed.Failure.Message);
            }

            if (progress.Phase != OperationPhase.Running || context.CurrentUtcDateTime >= deadline)
            {
                var outcome = progress.Phase switch
                {
                    OperationPhase.Running => EffectOutcome.TimedOut,
                    OperationPhase.Succeeded => EffectOutcome.Applied,
                    _ => EffectOutcome.Failed,
                };
                return new ProtectionOutcome(outcome, IsAsked: true, progress.Message ?? "");
            }

            await context.CreateTimer(Wait);
        }
    }

    // What cannot be found out may have been done.
    private static async Task<bool> MayHaveAskedAsync(IWorkflowContext context, ProtectInstanceInput input)
    {
        try
        {
            return (await context.CallActivityAsync(ProtectInstance.Handle, input with { IsPoll = true }, Brief)).Kind
                != EffectStartKind.Refused;
        }
        catch (WorkflowTaskFailedException)
        {
            return true;
        }
    }

    private static async Task<(OperationPhase Phase, string? Message)> LookAsync(
        IWorkflowContext context,
        ProtectInstanceInput input,
        EffectStart start
    )
    {
        if (start.OperationUri is { } uri)
        {
            var progress = await context.CallActivityAsync(
                PollFleetScale.Handle,
                new PollFleetScaleInput(input.Plan.Resource, uri),
                Brief
            );
            return (progress.Phase, progress.Message);
        }

        // The answer was lost, or there was nothing to wait for: the instance itself says.
        var look = await context.CallActivityAsync(ProtectInstance.Handle, input with { IsPoll = true }, Brief);
        return (
            look.Kind == EffectStartKind.AlreadyThere ? OperationPhase.Succeeded : OperationPhase.Running,
            look.Message
        );
    }
}
