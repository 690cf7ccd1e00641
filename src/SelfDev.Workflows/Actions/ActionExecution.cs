using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Actions;

/// <summary>
/// Takes one proposal through plan, approval, effect and observation. An effect that no longer fits the world is
/// planned and approved anew, at most <see cref="MaxPlans"/> times. Whatever happens is in the ledger.
/// </summary>
public static class ActionExecution
{
    public static readonly Workflow<ActionInput, ActionOutcome> Handle = new("ActionExecution");

    /// <summary>Plans in all, the first included, before a drifting resource is left to people.</summary>
    public const int MaxPlans = 3;

    /// <summary>Time that a long-running operation gets. ARM gives a scale set at most two hours.</summary>
    private static readonly TimeSpan OperationTimeout = TimeSpan.FromHours(2);

    private static readonly TimeSpan DefaultPollInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MaxPollInterval = TimeSpan.FromMinutes(1);

    public static async Task<ActionOutcome> RunAsync(IWorkflowContext context, ActionInput input)
    {
        var outcome = new ActionOutcome(input.ReportId, input.Proposal, null, null, EffectOutcome.RefusedDrift, "");
        for (var round = 1; round <= MaxPlans && outcome.Outcome == EffectOutcome.RefusedDrift; round++)
        {
            outcome = await RunRoundAsync(context, input, round);
        }

        return outcome;
    }

    /// <summary>Known beforehand, so that a request can name who waits for its decisions.</summary>
    public static string ApprovalInstanceId(string actionInstanceId, int round) =>
        string.Create(CultureInfo.InvariantCulture, $"{actionInstanceId}:approval:{round}");

    private static async Task<ActionOutcome> RunRoundAsync(IWorkflowContext context, ActionInput input, int round)
    {
        var startedAt = context.CurrentUtcDateTime;
        var plan = await context.CallActivityAsync(
            PlanEffect.Handle,
            new PlanEffectInput(
                input.ReportId,
                input.Proposal,
                context.InstanceId,
                round,
                new DateTimeOffset(startedAt, TimeSpan.Zero)
            ),
            Retries.Transient
        );
        await context.RecordAsync(LedgerEntryTypes.Proposal, $"proposal:{round}", LedgerActors.SelfDev, plan);
        if (plan.Obstacle is not null)
        {
            return await EndAsync(context, input, plan, round, EffectOutcome.Refused, startedAt, null, plan.Obstacle);
        }

        context.SetCustomStatus(new ActionStatus("waiting for approval", plan.PlanHash));
        var decided = await context.CallWorkflowAsync(
            ApprovalWorkflow.Handle,
            new ApprovalInput(plan.PlanHash, plan.ExpiresAt, plan.ReminderInterval),
            ApprovalInstanceId(context.InstanceId, round)
        );
        if (decided.State != ApprovalState.Approved)
        {
            return await EndAsync(context, input, plan, round, EffectOutcome.NotApproved, startedAt, null, decided.Why);
        }

        context.SetCustomStatus(new ActionStatus("carrying out", plan.PlanHash));
        var (start, unknown) = await TryStartAsync(context, plan);
        if (start is null)
        {
            return await EndAsync(context, input, plan, round, EffectOutcome.TimedOut, startedAt, null, unknown);
        }

        var ended = start.Kind switch
        {
            EffectStartKind.Started => await FollowAsync(context, plan, start),
            EffectStartKind.AlreadyThere => new PollResult(EffectOutcome.AlreadyThere, "It was so already."),
            EffectStartKind.Drifted => new PollResult(
                EffectOutcome.RefusedDrift,
                start.Message ?? "The resource changed."
            ),
            EffectStartKind.Throttled => new PollResult(
                EffectOutcome.TimedOut,
                "Throttled until the plan expired; nothing was done."
            ),
            EffectStartKind.Stopped => new PollResult(
                EffectOutcome.RefusedKillSwitch,
                start.Message ?? "The kill switch is on."
            ),
            _ => new PollResult(EffectOutcome.Refused, start.Message ?? "Refused."),
        };
        return await EndAsync(context, input, plan, round, ended.Outcome, startedAt, start, ended.Detail);
    }

    // A failure here may have come after the call: what is there is read, and recorded, all the same.
    private static async Task<(EffectStart? Start, string Unknown)> TryStartAsync(
        IWorkflowContext context,
        PlanOutcome plan
    )
    {
        try
        {
            return (await StartAsync(context, plan), "");
        }
        catch (WorkflowTaskFailedException failed)
        {
            return (null, $"Whether it was begun is not known: {failed.Failure.Message}");
        }
    }

    // Whatever keeps the end from being seen, a request that somebody took out of the store for instance: what was
    // begun is recorded.
    private static async Task<PollResult> FollowAsync(IWorkflowContext context, PlanOutcome plan, EffectStart start)
    {
        try
        {
            return await PollAsync(context, plan, start);
        }
        catch (WorkflowTaskFailedException failed)
        {
            return new PollResult(
                EffectOutcome.TimedOut,
                $"It was begun; how it ended could not be seen: {failed.Failure.Message}"
            );
        }
    }

    // Waits out throttling with durable timers: no earlier call than the provider allows, none after the plan's expiry.
    private static async Task<EffectStart> StartAsync(IWorkflowContext context, PlanOutcome plan)
    {
        while (true)
        {
            var start = await context.CallActivityAsync(
                ExecuteEffect.Handle,
                new EffectReference(plan.PlanHash),
                Retries.Transient
            );
            var wait = Clamp(start.RetryAfter);
            if (
                start.Kind != EffectStartKind.Throttled
                || context.CurrentUtcDateTime + wait >= plan.ExpiresAt.UtcDateTime
            )
            {
                return start;
            }

            await context.CreateTimer(start.RetryAfter is { } asked && asked > wait ? asked : wait);
        }
    }

    private static async Task<PollResult> PollAsync(IWorkflowContext context, PlanOutcome plan, EffectStart start)
    {
        var deadline = context.CurrentUtcDateTime + OperationTimeout;
        var interval = start.RetryAfter ?? DefaultPollInterval;
        while (true)
        {
            var state = await context.CallActivityAsync(
                PollEffect.Handle,
                new PollInput(plan.PlanHash, start.OperationUri),
                Retries.Transient
            );
            switch (state.Phase)
            {
                case OperationPhase.Succeeded:
                    return new PollResult(EffectOutcome.Applied, "The operation succeeded.");
                case OperationPhase.Failed:
                    return new PollResult(EffectOutcome.Failed, $"{state.Code}: {state.Message}");
                default:
                    if (context.CurrentUtcDateTime >= deadline)
                    {
                        return new PollResult(
                            EffectOutcome.TimedOut,
                            $"Still running after {OperationTimeout.TotalHours:0} hours."
                        );
                    }

                    await context.CreateTimer(state.RetryAfter ?? interval);
                    interval = Clamp(interval * 1.5);
                    break;
            }
        }
    }

    private static async Task<ActionOutcome> EndAsync(
        IWorkflowContext context,
        ActionInput input,
        PlanOutcome plan,
        int round,
        EffectOutcome outcome,
        DateTime startedAt,
        EffectStart? start,
        string detail
    )
    {
        var observed = new ObserveInput(
            input.ReportId,
            input.Proposal,
            round,
            plan.PlanHash,
            outcome,
            start?.Before,
            new DateTimeOffset(startedAt, TimeSpan.Zero),
            new DateTimeOffset(context.CurrentUtcDateTime, TimeSpan.Zero),
            ActionOutcome.Shorten(detail)
        );
        var effect = await ObserveAsync(context, plan, observed);
        await context.RecordAsync(LedgerEntryTypes.Effect, $"effect:{round}", LedgerActors.SelfDev, effect);
        await context.TellAsync(
            NotifyEffect.Handle,
            new NotifyEffectInput(plan.PlanHash, plan.Action, effect.Outcome, effect.Detail, plan.Approvers)
        );
        context.SetCustomStatus(new ActionStatus(effect.Outcome.ToString(), plan.PlanHash));
        return new ActionOutcome(
            input.ReportId,
            input.Proposal,
            plan.Action,
            plan.PlanHash,
            effect.Outcome,
            ActionOutcome.Shorten(effect.Detail)
        );
    }

    private static async Task<Effect> ObserveAsync(IWorkflowContext context, PlanOutcome plan, ObserveInput observed)
    {
        try
        {
            return await context.CallActivityAsync(ObserveEffect.Handle, observed, Retries.Transient);
        }
        catch (WorkflowTaskFailedException failed)
        {
            // Nobody has seen that it is as planned, so nobody says so.
            var outcome = observed.Outcome == EffectOutcome.Applied ? EffectOutcome.TimedOut : observed.Outcome;
            var before = observed.Before ?? plan.From;
            return new Effect(
                plan.PlanHash,
                plan.Action,
                plan.Resource,
                outcome,
                before,
                before,
                observed.StartedAt,
                observed.EndedAt,
                ActionOutcome.Shorten(
                    $"{observed.Detail} What is there now could not be read: {failed.Failure.Message}"
                )
            );
        }
    }

    private static TimeSpan Clamp(TimeSpan? interval) =>
        interval is not { } asked || asked < DefaultPollInterval ? DefaultPollInterval
        : asked > MaxPollInterval ? MaxPollInterval
        : asked;

    private sealed record PollResult(EffectOutcome Outcome, string Detail);
}

/// <param name="ReportId">Instance id of the diagnosis, where the proposal's evidence lies.</param>
/// <param name="Proposal">1-based number in its proposals.</param>
public sealed record ActionInput(string ReportId, int Proposal);

/// <param name="Action">Kind of the action; null, as <paramref name="PlanHash"/>, where it came to no plan.</param>
/// <param name="Detail">At most <see cref="MaxDetailChars"/>, so that the outcomes of all proposals fit one
/// payload.</param>
public sealed record ActionOutcome(
    string ReportId,
    int Proposal,
    string? Action,
    string? PlanHash,
    EffectOutcome Outcome,
    string Detail
)
{
    public const int MaxDetailChars = 300;

    public static string Shorten(string detail) => detail.Length <= MaxDetailChars ? detail : detail[..MaxDetailChars];
}

/// <summary>Custom status of a running action.</summary>
public sealed record ActionStatus(string Phase, string? PlanHash);
