using SelfDev.Core.Approvals;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Actions;

/// <summary>
/// Reads what is there after an action has ended, whatever its end, and files it with the report. An operation that
/// says it succeeded counts as applied only if the resource agrees.
/// </summary>
public sealed class ObserveEffect(
    IArtifactStore store,
    ApprovalRequests requests,
    DecisionStore decisions,
    IEnumerable<IEffectExecutor> executors
) : IActivity<ObserveInput, Effect>
{
    public static readonly Activity<ObserveInput, Effect> Handle = new("ObserveEffect");

    private static readonly IReadOnlyDictionary<string, string> NoFields = new Dictionary<string, string>();

    public async Task<Effect> RunAsync(ObserveInput input, ActivityContext context)
    {
        var cancellation = context.Cancellation;
        var action = await StoredActions.TryReadAsync(store, input.ReportId, input.Proposal, cancellation);
        var round = action?.Rounds.SingleOrDefault(candidate => candidate.Round == input.Round);
        // The plan and the decisions come from the trust store; what the report's own file says of them decides
        // nothing.
        var request = round is { Plan: null } ? null : await requests.ReadAsync(input.PlanHash, cancellation);
        var effect = await ObserveAsync(input, request?.Plan, cancellation);
        var recorded = request is null ? [] : (await decisions.ReadAsync(request, cancellation)).Items;
        // A story that somebody forged or took away is told anew from the trust store.
        round ??= new StoredActionRound(input.Round, request?.Plan, request?.PlanHash, null, [], null);
        if ((action?.Proposal ?? request?.Proposal) is { } proposal)
        {
            await StoredActions.SetRoundAsync(
                store,
                input.ReportId,
                input.Proposal,
                proposal,
                round with
                {
                    Decisions = recorded,
                    Effect = effect,
                },
                cancellation
            );
        }

        return effect;
    }

    private async Task<Effect> ObserveAsync(ObserveInput input, EffectPlan? plan, CancellationToken cancellation)
    {
        if (plan is null)
        {
            return new Effect(
                input.PlanHash,
                "",
                "",
                input.Outcome,
                NoFields,
                NoFields,
                input.StartedAt,
                input.EndedAt,
                input.Detail
            );
        }

        var before = input.Before is { Count: > 0 } ? input.Before : plan.From;
        var effect = new Effect(
            input.PlanHash,
            plan.Action,
            plan.Resource,
            input.Outcome,
            before,
            before,
            input.StartedAt,
            input.EndedAt,
            input.Detail
        );
        if (input.Outcome is not (EffectOutcome.Applied or EffectOutcome.Failed or EffectOutcome.TimedOut))
        {
            return effect;
        }

        var after = await executors.For(plan.Action).ObserveAsync(plan, input.PlanHash, cancellation);
        var outcome = Judge(input.Outcome, plan, after);
        return effect with
        {
            After = after,
            Outcome = outcome,
            Detail = outcome == EffectOutcome.Applied ? Changes(before, after) : input.Detail,
        };
    }

    private static string Changes(
        IReadOnlyDictionary<string, string> before,
        IReadOnlyDictionary<string, string> after
    ) =>
        string.Join(
            ", ",
            after
                .OrderBy(field => field.Key, StringComparer.Ordinal)
                .Select(field =>
                    before.TryGetValue(field.Key, out var was) && was != field.Value
                        ? $"{field.Key} {was} -> {field.Value}"
                        : $"{field.Key} {field.Value}"
                )
        );

    private static EffectOutcome Judge(
        EffectOutcome outcome,
        EffectPlan plan,
        IReadOnlyDictionary<string, string> after
    ) =>
        PlannedFields.Equal(after, plan.To) ? EffectOutcome.Applied
        : outcome == EffectOutcome.Applied || !PlannedFields.Equal(after, plan.From) ? EffectOutcome.PartlyApplied
        : outcome;
}

/// <param name="Before">As read right before the effect; null where nothing was started.</param>
public sealed record ObserveInput(
    string ReportId,
    int Proposal,
    int Round,
    string PlanHash,
    EffectOutcome Outcome,
    IReadOnlyDictionary<string, string>? Before,
    DateTimeOffset StartedAt,
    DateTimeOffset EndedAt,
    string Detail
);
