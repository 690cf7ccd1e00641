using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Actions;

/// <summary>
/// Starts an approved effect. Trusts nothing that came before: the request and its hash, the seals of the decisions,
/// who may decide under the policy of now, the expiry and the kill switch are read anew, then the resource itself.
/// </summary>
/// <remarks>
/// Where the policy has become stricter since people were asked (an approver left, actions are off, a smaller limit, a
/// larger quorum), the stricter one counts, and the effect is refused with the reason. A looser one changes nothing.
/// </remarks>
public sealed class ExecuteEffect(
    ApprovalRequests requests,
    DecisionStore decisions,
    IApprovalPolicySource policies,
    SelfAnalysisGate selfAnalysis,
    KillSwitch killSwitch,
    IEnumerable<IEffectExecutor> executors,
    EffectIntents intents,
    TimeProvider clock
) : IActivity<EffectReference, EffectStart>
{
    public static readonly Activity<EffectReference, EffectStart> Handle = new("ExecuteEffect");

    public async Task<EffectStart> RunAsync(EffectReference input, ActivityContext context)
    {
        var request = await requests.ReadAsync(input.PlanHash, context.Cancellation);
        if (request is null)
        {
            return Refuse(EffectStartKind.Refused, "The stored request is not the one that was approved.");
        }

        var plan = request.Plan;
        if (await FindRefusalAsync(request, context.Cancellation) is { } refusal)
        {
            return await AfterStartAsync(input, plan, Refuse(EffectStartKind.Refused, refusal), context.Cancellation);
        }

        if (await FindStopAsync(plan, context.Cancellation) is { } stop)
        {
            return await AfterStartAsync(input, plan, stop, context.Cancellation);
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

    // An earlier attempt may have changed the resource before its answer was lost: then nothing more is started, and
    // what came of it is observed.
    private async Task<EffectStart> AfterStartAsync(
        EffectReference input,
        EffectPlan plan,
        EffectStart stop,
        CancellationToken cancellation
    ) =>
        await intents.IsSetAsync(input.PlanHash, cancellation)
            ? new EffectStart(EffectStartKind.Started, null, null, stop.Message, plan.From)
            : stop;

    private async Task<string?> FindRefusalAsync(ApprovalRequest request, CancellationToken cancellation)
    {
        var terms = request.Terms();
        var recorded = await decisions.ReadAsync(request, cancellation);
        if (recorded.StateUnder(terms) != ApprovalState.Approved)
        {
            return recorded.Damage is { } damage
                ? $"The recorded decisions are not whole, so they approve nothing: {damage}"
                : "The recorded decisions do not approve the plan.";
        }

        var reading = await policies.ReadAsync(cancellation);
        if (reading.Policy is not { } policy)
        {
            return $"The policy file cannot be used by now: {string.Join(" ", reading.Errors)}";
        }

        var answer = policy.Require(request.Plan);
        if (answer.Refusal is null)
        {
            var reason = request is { ReportId: { } reportId, Subject: { } subject }
                ? await selfAnalysis.ReasonAsync(policy, reportId, subject, cancellation)
                : null;
            answer = SelfAnalysisGate.Require(answer, reason);
        }

        if (answer.Requirement is not { } now)
        {
            return $"The policy does not allow it any more: {answer.Refusal}";
        }

        var both = request.Requirement.AndAlso(now);
        return recorded.StateUnder(terms.Under(both, request.RequestedAt)) == ApprovalState.Approved
            ? null
            : "The policy has become stricter since people approved: by now it takes "
                + $"{both.Quorum} of "
                + $"{(both.Approvers.Count == 0 ? "nobody who was asked" : string.Join(", ", both.Approvers))}"
                + $"{(both.NeedsSignIn ? ", signed in" : "")}, within {both.ExpiresAfter} of the request.";
    }

    private async Task<EffectStart?> FindStopAsync(EffectPlan plan, CancellationToken cancellation)
    {
        if (clock.GetUtcNow() >= plan.ExpiresAt)
        {
            return Refuse(EffectStartKind.Refused, "The plan expired before it could be carried out.");
        }

        var stop = await killSwitch.ReadAsync(cancellation);
        return stop.Engaged
            ? Refuse(
                EffectStartKind.Stopped,
                $"The kill switch is on (by {stop.By}{(stop.Reason is null ? "" : $": {stop.Reason}")})."
            )
            : null;
    }

    private static EffectStart Refuse(EffectStartKind kind, string message) =>
        new(kind, null, null, message, new Dictionary<string, string>());
}

public sealed record EffectReference(string PlanHash);

internal static class EffectExecutors
{
    public static IEffectExecutor For(this IEnumerable<IEffectExecutor> executors, string action) =>
        ActionCatalog.Find(action) is { } row
            ? executors.Single(candidate => candidate.Carrier == row.Carrier)
            : throw new NonRetryableException($"'{action}' is no action of the catalog.");
}
