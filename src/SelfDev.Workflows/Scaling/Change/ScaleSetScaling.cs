using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Change;

/// <summary>Carries out one change of one scale set: proposal, decision and effect go to the ledger, whatever comes of
/// it.</summary>
internal static class ScaleSetScaling
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPoll = TimeSpan.FromMinutes(1);

    /// <value>ARM gives a scale set at most two hours.</value>
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromHours(2);

    /// <param name="step">Makes the ledger keys unique.</param>
    public static async Task<ScaleSetOutcome> RunAsync(
        IWorkflowContext context,
        string fleet,
        EffectPlan plan,
        long step,
        FleetDecision decision
    )
    {
        var (key, startedAt) = (step.ToString(CultureInfo.InvariantCulture), context.CurrentUtcDateTime);
        var (outcome, end, detail) = await FleetLedger.IsDecidedAsync(
            context,
            plan,
            key,
            decision.Reason,
            decision.IsBudget ? "usdPerDay" : "envelope"
        )
            ? await ChangeAsync(
                context,
                new StartFleetScaleInput(
                    fleet,
                    plan,
                    decision.IsBudget,
                    decision.Protected,
                    decision.Unreadable,
                    decision.SealOf(plan)
                )
            )
            : (new ScaleSetOutcome(plan, EffectOutcome.Refused), null, FleetLedger.Unwritable);
        await FleetLedger.RecordEffectAsync(context, plan, key, outcome.Outcome, end, startedAt, detail);
        return outcome;
    }

    private static async Task<(ScaleSetOutcome Outcome, FleetScaleProgress? End, string Detail)> ChangeAsync(
        IWorkflowContext context,
        StartFleetScaleInput input
    )
    {
        var plan = input.Plan;
        EffectStart start;
        try
        {
            start = await context.CallActivityAsync(StartFleetScale.Handle, input, Retries.Transient);
        }
        catch (WorkflowTaskFailedException failed)
        {
            return (new ScaleSetOutcome(plan, EffectOutcome.Failed), null, failed.Failure.Message);
        }

        if (start.Kind is EffectStartKind.Started or EffectStartKind.AlreadyThere)
        {
            var end = await PollAsync(context, plan, start);
            return (new ScaleSetOutcome(plan, Judge(plan, end)) { Seen = end.Capacity ?? 0 }, end, end.Message ?? "");
        }

        var refusal = new ScaleSetOutcome(
            plan,
            start.Kind switch
            {
                EffectStartKind.Drifted => EffectOutcome.RefusedDrift,
                EffectStartKind.Stopped => EffectOutcome.RefusedKillSwitch,
                _ => EffectOutcome.Refused,
            }
        )
        {
            Seen = ScalePlan.SeenCapacity(start.Before),
        };
        if (start.Kind == EffectStartKind.Throttled)
        {
            // ARM said when; no call before, and a fresh decision then.
            var wait = start.RetryAfter is { } asked && asked > ShortestWait ? asked : ShortestWait;
            refusal = refusal with
            {
                ThrottledUntil = new DateTimeOffset(context.CurrentUtcDateTime, TimeSpan.Zero) + wait,
            };
        }

        return (refusal, null, start.Message ?? "Refused.");
    }

    // What counts is what is there, not what ARM says of the operation.
    private static EffectOutcome Judge(EffectPlan plan, FleetScaleProgress end) =>
        end switch
        {
            { Phase: OperationPhase.Running } => EffectOutcome.TimedOut,
            { Capacity: { } capacity }
                when capacity == ScalePlan.Capacity(plan.To) && end.Running + end.Evicted >= capacity =>
                EffectOutcome.Applied,
            _ when end.Capacity == ScalePlan.Capacity(plan.From) => EffectOutcome.Failed,
            _ => EffectOutcome.PartlyApplied,
        };

    private static async Task<FleetScaleProgress> PollAsync(
        IWorkflowContext context,
        EffectPlan plan,
        EffectStart start
    )
    {
        var deadline = context.CurrentUtcDateTime + OperationTimeout;
        var interval = start.RetryAfter ?? ShortestWait;
        while (true)
        {
            FleetScaleProgress progress;
            try
            {
                progress = await context.CallActivityAsync(
                    PollFleetScale.Handle,
                    new PollFleetScaleInput(plan.Resource, start.OperationUri),
                    Retries.Transient
                );
            }
            catch (WorkflowTaskFailedException failed)
            {
                // ARM is down for longer than retries last. The fleet must not wait for it: other scale sets may be in
                // regions that work.
                return new FleetScaleProgress(OperationPhase.Running, null, failed.Failure.Message, null, null, null);
            }

            if (progress.Phase != OperationPhase.Running || context.CurrentUtcDateTime >= deadline)
            {
                return progress;
            }

            var asked = progress.RetryAfter ?? interval;
            await context.CreateTimer(asked > ShortestWait ? asked : ShortestWait);
            interval = interval * 1.5 < LongestPoll ? interval * 1.5 : LongestPoll;
        }
    }
}

/// <param name="Outcome">As the ledger has it.</param>
internal sealed record ScaleSetOutcome(EffectPlan Plan, EffectOutcome Outcome)
{
    /// <value>Capacity that the scale set then had; 0 where it was not read.</value>
    public int Seen { get; init; }

    /// <value>When ARM may be called again; null unless it throttled.</value>
    public DateTimeOffset? ThrottledUntil { get; init; }
}
