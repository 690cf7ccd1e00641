using SelfDev.Core.Approvals;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.ActionExecution;

/// <summary>
/// Starts an approved effect. Trusts nothing that came before: the plan's hash, the recorded decisions, the expiry and the
/// kill switch are read anew, then the resource itself.
/// </summary>
public sealed class ExecuteEffect(
    ApprovalRequests requests, DecisionStore decisions, KillSwitch killSwitch, IEnumerable<IEffectExecutor> executors, EffectIntents intents, TimeProvider clock)
    : IActivity<EffectReference, EffectStart>
{
    public static readonly Activity<EffectReference, EffectStart> Handle = new("ExecuteEffect");

    public async Task<EffectStart> RunAsync(EffectReference input, ActivityContext context)
    {
        var stored = await requests.ReadAsync(input.PlanHash, context.Cancellation);
        if (stored is not { IsUnchanged: true })
        {
            return Refuse(EffectStartKind.Refused, "The stored plan is not the one that was approved.");
        }

        var (plan, requirement) = (stored.Request.Plan, stored.Request.Requirement);
        var recorded = await decisions.ReadAsync(input.PlanHash, context.Cancellation);
        if (ApprovalLifecycle.StateAfter(requirement, recorded) != ApprovalState.Approved)
        {
            return Refuse(EffectStartKind.Refused, "The recorded decisions do not approve the plan.");
        }

        if (await FindStopAsync(plan, context.Cancellation) is { } stop)
        {
            // An earlier attempt may have changed the resource before its answer was lost: then nothing more is started, and what came of it is observed.
            return await intents.IsSetAsync(input.PlanHash, context.Cancellation)
                ? new EffectStart(EffectStartKind.Started, null, null, stop.Message, plan.From)
                : stop;
        }

        try
        {
            return await executors.For(plan.Action).StartAsync(plan, input.PlanHash, context.Cancellation);
        }
        catch (FleetException refused) when (!refused.IsTransient)
        {
            return Refuse(EffectStartKind.Refused, $"{refused.Code}: {refused.Message}");
        }
    }

    private async Task<EffectStart?> FindStopAsync(EffectPlan plan, CancellationToken cancellation)
    {
        if (clock.GetUtcNow() >= plan.ExpiresAt)
        {
            return Refuse(EffectStartKind.Refused, "The plan expired before it could be carried out.");
        }

        var stop = await killSwitch.ReadAsync(cancellation);
        return stop.Engaged
            ? Refuse(EffectStartKind.Stopped, $"The kill switch is on (by {stop.By}{(stop.Reason is null ? "" : $": {stop.Reason}")}).")
            : null;
    }

    private static EffectStart Refuse(EffectStartKind kind, string message) =>
        new(kind, null, null, message, new Dictionary<string, string>());
}

public sealed record EffectReference(string PlanHash);

internal static class EffectExecutors
{
    public static IEffectExecutor For(this IEnumerable<IEffectExecutor> executors, string action) =>
        executors.First(candidate => candidate.ActionKinds.Contains(action));
}
