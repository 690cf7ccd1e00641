using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.ActionExecution;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.FleetScaling;

/// <summary>Carries out one change of one scale set: proposal, decision and effect go to the ledger, whatever comes of it.</summary>
internal static class ScaleSetScaling
{
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPoll = TimeSpan.FromMinutes(1);

    /// <value>ARM gives a scale set at most two hours.</value>
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromHours(2);

    /// <param name="step">Makes the ledger keys unique.</param>
    public static async Task<ScaleSetOutcome> RunAsync(IWorkflowContext context, string fleet, EffectPlan plan, long step, FleetDecision decision)
    {
        var (hash, startedAt) = (PlanHash.Of(plan), context.CurrentUtcDateTime);
        var key = step.ToString(CultureInfo.InvariantCulture);
        var (outcome, end, detail) = await IsDecidedAsync(context, plan, hash, key, decision)
            ? await ChangeAsync(context, fleet, plan, decision.IsBudget)
            : (new ScaleSetOutcome(plan.Resource, EffectOutcome.Refused), null, "The ledger could not be written, so nothing was done.");
        await RecordEffectAsync(context, $"effect:{key}", new
        {
            planHash = hash,
            plan.Action,
            plan.Resource,
            outcome = outcome.Outcome,
            before = plan.From,
            observed = end is null ? null : new { end.Capacity, end.Running },
            startedAt,
            finishedAt = context.CurrentUtcDateTime,
            detail = ActionOutcome.Shorten(detail),
        });
        return outcome;
    }

    private static async Task<bool> IsDecidedAsync(IWorkflowContext context, EffectPlan plan, string hash, string key, FleetDecision decision)
    {
        try
        {
            await context.RecordAsync(LedgerEntryTypes.Proposal, $"proposal:{key}", LedgerActors.SelfDev, new { planHash = hash, plan.Resource, plan.From, plan.To, reason = decision.Reason });
            await context.RecordAsync(
                LedgerEntryTypes.Decision, $"decision:{key}", LedgerActors.SelfDev, new { planHash = hash, kind = "within-policy", rule = decision.IsBudget ? "usdPerDay" : "envelope" });
            return true;
        }
        catch (WorkflowTaskFailedException)
        {
            return false;
        }
    }

    // What was done has to be in the ledger before anything else is: while the ledger is down, the fleet waits.
    private static async Task RecordEffectAsync<T>(IWorkflowContext context, string step, T body)
    {
        while (true)
        {
            try
            {
                await context.RecordAsync(LedgerEntryTypes.Effect, step, LedgerActors.SelfDev, body);
                return;
            }
            catch (WorkflowTaskFailedException)
            {
                await context.CreateTimer(LongestPoll);
            }
        }
    }

    private static async Task<(ScaleSetOutcome Outcome, FleetScaleProgress? End, string Detail)> ChangeAsync(
        IWorkflowContext context, string fleet, EffectPlan plan, bool isBudget)
    {
        EffectStart start;
        try
        {
            start = await context.CallActivityAsync(StartFleetScale.Handle, new StartFleetScaleInput(fleet, plan, isBudget), Retries.Transient);
        }
        catch (WorkflowTaskFailedException failed)
        {
            return (new ScaleSetOutcome(plan.Resource, EffectOutcome.Failed), null, failed.Failure.Message);
        }

        if (start.Kind is EffectStartKind.Started or EffectStartKind.AlreadyThere)
        {
            var end = await PollAsync(context, plan, start);
            return (new ScaleSetOutcome(plan.Resource, Judge(plan, end)), end, end.Message ?? "");
        }

        var refusal = new ScaleSetOutcome(plan.Resource, start.Kind switch
        {
            EffectStartKind.Drifted => EffectOutcome.RefusedDrift,
            EffectStartKind.Stopped => EffectOutcome.RefusedKillSwitch,
            _ => EffectOutcome.Refused,
        });
        if (start.Kind == EffectStartKind.Throttled)
        {
            // ARM said when; no call before, and a fresh decision then.
            var wait = start.RetryAfter is { } asked && asked > ShortestWait ? asked : ShortestWait;
            refusal = refusal with { ThrottledUntil = new DateTimeOffset(context.CurrentUtcDateTime, TimeSpan.Zero) + wait };
        }

        return (refusal, null, start.Message ?? "Refused.");
    }

    // What counts is what is there, not what ARM says of the operation.
    private static EffectOutcome Judge(EffectPlan plan, FleetScaleProgress end) => end switch
    {
        { Phase: OperationPhase.Running } => EffectOutcome.TimedOut,
        { Capacity: { } capacity } when capacity == ScalePlan.Capacity(plan.To) && end.Running >= capacity => EffectOutcome.Applied,
        _ when end.Capacity == ScalePlan.Capacity(plan.From) => EffectOutcome.Failed,
        _ => EffectOutcome.PartlyApplied,
    };

    private static async Task<FleetScaleProgress> PollAsync(IWorkflowContext context, EffectPlan plan, EffectStart start)
    {
        var deadline = context.CurrentUtcDateTime + OperationTimeout;
        var interval = start.RetryAfter ?? ShortestWait;
        while (true)
        {
            FleetScaleProgress progress;
            try
            {
                progress = await context.CallActivityAsync(PollFleetScale.Handle, new PollFleetScaleInput(plan.Resource, start.OperationUri), Retries.Transient);
            }
            catch (WorkflowTaskFailedException failed)
            {
                progress = new FleetScaleProgress(OperationPhase.Running, null, failed.Failure.Message, null, null);
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
internal sealed record ScaleSetOutcome(string Resource, EffectOutcome Outcome)
{
    /// <value>When ARM may be called again; null unless it throttled.</value>
    public DateTimeOffset? ThrottledUntil { get; init; }
}
