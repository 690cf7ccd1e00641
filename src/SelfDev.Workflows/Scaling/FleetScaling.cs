using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Scaling.Change;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling;

/// <summary>
/// One eternal workflow a fleet: looks every interval, or at once when a sample shows a queue; scales inside the
/// envelope of the policy file at once, asks for what lies outside it, and judges its earlier plans by what came. One
/// change of a scale set at a time.
/// </summary>
public static class FleetScaling
{
    public static readonly Workflow<FleetScalingState, FleetScalingState> Handle = new("FleetScaling");

    /// <value>A sample shows a queue: do not wait for the interval.</value>
    public static readonly WorkflowEvent<Nothing> Urgent = new("urgent");

    /// <summary>Looks before the history is begun anew.</summary>
    private const int LooksAGeneration = 20;

    /// <summary>More than one look can take: a change of each scale set (at most <see
    /// cref="PolicyFleet.MostAlternatives"/> and one) and <see cref="ScaleSetPlanning.MostProtections"/>.</summary>
    private const int StepsALook = 100;

    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(5);

    /// <value>2, 4 and 8 s: the look after one that failed goes by what was last seen of a scale set, so that a region
    /// without ARM holds up no other for long.</value>
    private static readonly RetryPolicy LookRetries = new(4, TimeSpan.FromSeconds(2), 2.0, TimeSpan.FromSeconds(10));

    /// <value>Until the next look when one has failed.</value>
    private static readonly TimeSpan FailurePause = TimeSpan.FromMinutes(1);

    /// <value>Until instances are drained again after one did not become idle.</value>
    private static readonly TimeSpan DrainPause = TimeSpan.FromHours(1);

    /// <value>Until protection is tried again after that failed.</value>
    private static readonly TimeSpan ProtectionPause = TimeSpan.FromMinutes(5);

    /// <value>A plan is judged when what it asked for has served for a while.</value>
    private static readonly TimeSpan PredictionHorizon = TimeSpan.FromMinutes(5);

    public static string InstanceId(string fleet) => $"fleet-{fleet}";

    public static async Task<FleetScalingState> RunAsync(IWorkflowContext context, FleetScalingState state)
    {
        for (var look = 0; look < LooksAGeneration; look++)
        {
            TimeSpan wait;
            try
            {
                (state, wait) = await LookAsync(context, state);
            }
            catch (WorkflowTaskFailedException failed)
            {
                // Storage, ARM or ledger are down for longer than retries last. Nothing is known of the look, so its
                // numbers are used up.
                context.SetCustomStatus(
                    new FleetStatus("holding", null, null, failed.Failure.Message, state.Scores, Names(state.Drains))
                );
                state = state with
                {
                    Spending = state.Spending.Advance(Now(context), null),
                    Sequence = state.Sequence + StepsALook,
                    HasFailed = true,
                };
                wait = FailurePause;
            }

            await WaitAsync(context, wait);
        }

        context.ContinueAsNew(state);
        return state;
    }

    private static DecideFleetInput Question(IWorkflowContext context, FleetScalingState state) =>
        new(
            state.Fleet,
            context.InstanceId,
            state.Spending.At(Now(context)),
            state.SetsWhere(patience => Now(context) < patience.ThrottledUntil),
            state.SetsWhere(patience => Now(context) < patience.PausedUntil),
            state.PendingAsks,
            state.AskedAt,
            state.AskedFor,
            state.HasFailed ? state.LastSeen : [],
            state.Drains,
            state.Protected,
            Now(context) < state.DrainPausedUntil,
            Now(context) < state.ProtectionPausedUntil
        );

    private static async Task<(FleetScalingState State, TimeSpan Wait)> LookAsync(
        IWorkflowContext context,
        FleetScalingState state
    )
    {
        var decision = await context.CallActivityAsync(DecideFleet.Handle, Question(context, state), LookRetries);
        var seenAt = Now(context);
        state = state with
        {
            Spending = state.Spending.Advance(Now(context), decision.UsdPerHour),
            PendingAsks = decision.IsAskPending ? state.PendingAsks : [],
            LastSeen = decision.Seen.Count > 0 ? decision.Seen : state.LastSeen,
            HasFailed = decision.Unreadable.Count > 0,
            Drains = decision.Drains,
            Protected = decision.Protected,
            DrainPausedUntil = decision.IsDrainGivenUp ? Now(context) + DrainPause : state.DrainPausedUntil,
        };
        state = decision.Obstructed.Aggregate(
            state,
            (known, set) => known.With(set, patience => patience.Obstructed(Now(context)))
        );
        context.SetCustomStatus(
            new FleetStatus(
                Word(decision),
                decision.Capacity,
                decision.Wanted,
                decision.Reason,
                state.Scores,
                Names(state.Drains)
            )
        );
        state = decision.Kind switch
        {
            FleetDecisionKind.ScaleNow => await ScaleAsync(context, state, decision),
            FleetDecisionKind.Ask => await AskAsync(context, state, decision),
            _ => state,
        };
        state = await ProtectAsync(context, state, decision);
        // Last, so that a slow ledger delays no change.
        state = decision.NeededNow is { } needed ? await ScoreAsync(context, state, needed, seenAt) : state;
        return (state, decision.Kind == FleetDecisionKind.ScaleNow ? ShortestWait : decision.NextLook);
    }

    private static async Task<FleetScalingState> AskAsync(
        IWorkflowContext context,
        FleetScalingState state,
        FleetDecision decision
    )
    {
        var asks = await context.CallActivityAsync(
            AskAboutFleet.Handle,
            new AskAboutFleetInput(
                state.Fleet,
                $"{context.InstanceId}-{state.Sequence}",
                decision,
                Now(context),
                state.Scores
            ),
            Retries.Transient
        );
        return state with
        {
            Sequence = state.Sequence + 1,
            PendingAsks = asks,
            AskedAt = Now(context),
            AskedFor = decision.Wanted,
        };
    }

    // All at once: a surge that takes two scale sets must not wait for the first.
    private static async Task<FleetScalingState> ScaleAsync(
        IWorkflowContext context,
        FleetScalingState state,
        FleetDecision decision
    )
    {
        var first = state.Sequence;
        var changes = decision
            .Plans.Select(
                (plan, index) => ScaleSetScaling.RunAsync(context, state.Fleet, plan, first + index, decision)
            )
            .ToList();
        await Task.WhenAll(changes);
        state = state with { Sequence = first + changes.Count };
        foreach (var change in changes.Select(change => change.Result))
        {
            state = state
                .Growing(change.Plan.Resource, Math.Max(change.Seen, ScalePlan.Capacity(change.Plan.To)))
                .With(
                    change.Plan.Resource,
                    patience =>
                        change switch
                        {
                            { Outcome: EffectOutcome.Applied } => ScaleSetPatience.None,
                            { ThrottledUntil: { } until } => patience.Throttled(until),
                            // Somebody else was faster: nothing is wrong with the set.
                            { Outcome: EffectOutcome.RefusedDrift } => patience,
                            _ => patience.Failed(Now(context)),
                        }
                );
        }

        if (!changes.All(change => change.Result.Outcome == EffectOutcome.Applied))
        {
            return state;
        }

        var after =
            decision.Capacity + decision.Plans.Sum(plan => ScalePlan.Capacity(plan.To) - ScalePlan.Capacity(plan.From));
        var prediction = new ScalePrediction(first, after, Now(context) + PredictionHorizon);
        return state with
        {
            Predictions = [.. state.Predictions.TakeLast(FleetScalingState.MostPredictions - 1), prediction],
        };
    }

    // After the changes of size: a surge waits for no protection. One after the other, so that none follows a 429. What
    // is left out is planned again.
    private static async Task<FleetScalingState> ProtectAsync(
        IWorkflowContext context,
        FleetScalingState state,
        FleetDecision decision
    )
    {
        foreach (var plan in decision.Protections)
        {
            if (state.SetsWhere(patience => Now(context) < patience.ThrottledUntil).Contains(plan.Resource))
            {
                continue;
            }

            var outcome = await InstanceProtection.RunAsync(
                context,
                state.Fleet,
                plan,
                decision.SealOf(plan),
                state.Sequence
            );
            state = state.Protecting(plan, outcome) with { Sequence = state.Sequence + 1 };
            if (outcome.Outcome != EffectOutcome.Applied)
            {
                return state with { ProtectionPausedUntil = Now(context) + ProtectionPause };
            }
        }

        return state;
    }

    // What the ledger cannot take now is judged at a later look, by the demand of then.
    private static async Task<FleetScalingState> ScoreAsync(
        IWorkflowContext context,
        FleetScalingState state,
        int needed,
        DateTimeOffset seenAt
    )
    {
        foreach (var prediction in state.Predictions.Where(prediction => prediction.DueAt <= seenAt).ToList())
        {
            var enough = prediction.Capacity >= needed;
            try
            {
                await context.RecordAsync(
                    LedgerEntryTypes.Effect,
                    $"score:{prediction.Step}",
                    LedgerActors.SelfDev,
                    new
                    {
                        step = prediction.Step,
                        planned = prediction.Capacity,
                        needed,
                        enough,
                    }
                );
            }
            catch (WorkflowTaskFailedException)
            {
                return state;
            }

            state = state with
            {
                Scores = enough
                    ? state.Scores with
                    {
                        Enough = state.Scores.Enough + 1,
                    }
                    : state.Scores with
                    {
                        Short = state.Scores.Short + 1,
                    },
                Predictions = [.. state.Predictions.Where(other => other != prediction)],
            };
        }

        return state;
    }

    private static async Task WaitAsync(IWorkflowContext context, TimeSpan wait)
    {
        // Events that gathered during a change must not make looks without a pause.
        await context.CreateTimer(ShortestWait);
        if (wait <= ShortestWait)
        {
            return;
        }

        using var timer = new CancellationTokenSource();
        using var waiting = new CancellationTokenSource();
        var elapsed = context.CreateTimer(wait - ShortestWait, timer.Token);
        var urgent = context.WaitForExternalEvent(Urgent, waiting.Token);
        Cancel(await Task.WhenAny(elapsed, urgent) == urgent ? timer : waiting);
    }

    // Not CancelAsync: it would leave the workflow's thread, and the order of things with it.
    private static void Cancel(CancellationTokenSource loser) => loser.Cancel();

    private static DateTimeOffset Now(IWorkflowContext context) => new(context.CurrentUtcDateTime, TimeSpan.Zero);

    private static IReadOnlyList<string> Names(IReadOnlyList<FleetDrain> drains) =>
        [.. drains.Select(drain => drain.Instance)];

    private static string Word(FleetDecision decision) =>
        decision.Kind switch
        {
            FleetDecisionKind.ScaleNow => "scaling",
            FleetDecisionKind.Ask => "asking",
            _ when decision.IsAskPending => "waiting for approval",
            _ => "holding",
        };
}
