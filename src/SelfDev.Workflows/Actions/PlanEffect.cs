using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Actions;

/// <summary>
/// Turns a proposal into an exact effect under the policy, and files the request that people will see. What cannot be
/// done anyway (no such node, no quota, no rule) becomes an obstacle here, before anybody is woken up.
/// </summary>
public sealed class PlanEffect(
    IArtifactStore store,
    IApprovalPolicySource policies,
    IEnumerable<IEffectExecutor> executors,
    ApprovalRequests requests,
    SelfAnalysisGate selfAnalysis
) : IActivity<PlanEffectInput, PlanOutcome>
{
    public static readonly Activity<PlanEffectInput, PlanOutcome> Handle = new("PlanEffect");

    public async Task<PlanOutcome> RunAsync(PlanEffectInput input, ActivityContext context)
    {
        var cancellation = context.Cancellation;
        var stored = await store.ReadJsonAsync<StoredAnalysis>(
            Containers.Evidence,
            DiagnosisBlobs.Analysis(input.ReportId),
            cancellation
        );
        var proposal = stored.Proposals[input.Proposal - 1];
        var reading = await policies.ReadAsync(cancellation);
        var policy = reading.Policy ?? ApprovalPolicy.DenyAll;

        var planned = reading.Policy is null
            ? PlannedEffect.Impossible($"The policy file cannot be used: {string.Join(" ", reading.Errors)}")
            : await PlanAsync(proposal.Action, stored.Subject, policy, cancellation);
        var plan = Fill(planned, input, stored, proposal, policy);
        var answer = planned.Obstacle is null ? policy.Require(plan) : PolicyAnswer.Refuse(planned.Obstacle);
        answer = answer.Refusal is null
            ? SelfAnalysisGate.Require(
                answer,
                await selfAnalysis.ReasonAsync(policy, input.ReportId, stored.Subject, cancellation)
            )
            : answer;
        var hash = PlanHash.Of(plan);
        if (answer.Requirement is { } requirement)
        {
            var priced = proposal with { Cost = proposal.Cost ?? policy.PriceOf(plan) };
            var standing = await requests.WriteAsync(
                Request(input, stored, priced, plan, hash, requirement),
                cancellation
            );
            answer = answer with { Requirement = standing.Requirement };
        }

        await StoredActions.SetRoundAsync(
            store,
            input.ReportId,
            input.Proposal,
            proposal,
            new StoredActionRound(input.Round, answer.Refusal is null ? plan : null, hash, answer.Refusal, [], null),
            cancellation
        );
        return new PlanOutcome(
            hash,
            plan.Action,
            plan.Resource,
            plan.From,
            plan.To,
            plan.ETag,
            plan.ExpiresAt,
            answer.Requirement?.RemindEvery ?? plan.ExpiresAt - input.PlannedAt,
            answer.Requirement?.Approvers ?? [],
            answer.Requirement?.Quorum ?? 0,
            answer.Refusal
        );
    }

    private async Task<PlannedEffect> PlanAsync(
        ProposedAction action,
        string subject,
        ApprovalPolicy policy,
        CancellationToken cancellation
    )
    {
        var named = action switch
        {
            ScaleFleet { Fleet: { } name } => name,
            ReplaceNode { Fleet: { } name } => name,
            _ => null,
        };
        var fleet = named is null ? policy.FleetOf(subject) : policy.Fleets.GetValueOrDefault(named);
        var sets = fleet?.ScaleSets.Select(set => set.ResourceId).ToList() ?? [];
        if (action is ScaleFleet { ScaleSet: { } scaleSet })
        {
            if (fleet?.FindScaleSet(scaleSet) is not { } found)
            {
                return PlannedEffect.Impossible(
                    $"The policy file does not count the scale set {scaleSet} among those of the fleet any more."
                );
            }

            sets = [found.ResourceId];
        }

        try
        {
            return await executors
                .For(action.Kind)
                .PlanAsync(action, new PlanningFacts(fleet?.Name, sets, subject), cancellation);
        }
        catch (FleetException refused) when (!refused.IsTransient)
        {
            return PlannedEffect.Impossible($"{refused.Code}: {refused.Message}");
        }
    }

    private static EffectPlan Fill(
        PlannedEffect planned,
        PlanEffectInput input,
        StoredAnalysis stored,
        Proposal proposal,
        ApprovalPolicy policy
    )
    {
        var plan = new EffectPlan
        {
            Action = proposal.Action.Kind,
            Resource = planned.Resource,
            From = planned.From,
            To = planned.To,
            ETag = planned.ETag,
            Evidence = [.. proposal.FindingIds.Select(id => $"sha256:{stored.Analysis.Artifact.Sha256}#{id}")],
            Proposer = stored.DroppedBy ?? LedgerActors.SelfDev,
            ExpiresAt = input.PlannedAt,
            InstanceId = input.InstanceId,
        };
        var expiresAfter = planned.Obstacle is null ? policy.ExpiryOf(plan.Action, ApprovalPolicy.SizeOf(plan)) : null;
        return plan with { ExpiresAt = plan.ExpiresAt + (expiresAfter ?? TimeSpan.Zero) };
    }

    private static ApprovalRequest Request(
        PlanEffectInput input,
        StoredAnalysis stored,
        Proposal proposal,
        EffectPlan plan,
        string hash,
        ApprovalRequirement requirement
    ) =>
        new()
        {
            PlanHash = hash,
            Plan = plan,
            Proposal = proposal,
            Requirement = requirement,
            Round = input.Round,
            ApprovalInstanceId = ActionExecution.ApprovalInstanceId(input.InstanceId, input.Round),
            RequestedAt = input.PlannedAt,
            ReportId = input.ReportId,
            Subject = stored.Subject,
            Findings = [.. stored.Analysis.Findings.Where(finding => proposal.FindingIds.Contains(finding.Id))],
            ExplanationGroup = GroupOf(stored, proposal),
        };

    private static int? GroupOf(StoredAnalysis stored, Proposal proposal)
    {
        for (var group = 0; group < stored.Groups.Count; group++)
        {
            if (stored.Groups[group].Intersect(proposal.FindingIds).Any())
            {
                return group + 1;
            }
        }

        return null;
    }
}

/// <param name="Proposal">1-based number in the report's proposals.</param>
/// <param name="InstanceId">Instance of the action, which the plan is bound to.</param>
/// <param name="PlannedAt">The workflow's time, so that a repeated call makes the same plan of the same world.</param>
public sealed record PlanEffectInput(
    string ReportId,
    int Proposal,
    string InstanceId,
    int Round,
    DateTimeOffset PlannedAt
);

/// <param name="Approvers">Empty where an obstacle stands in the way.</param>
/// <param name="Obstacle">Why nobody is asked; null when somebody is.</param>
public sealed record PlanOutcome(
    string PlanHash,
    string Action,
    string Resource,
    IReadOnlyDictionary<string, string> From,
    IReadOnlyDictionary<string, string> To,
    string? ETag,
    DateTimeOffset ExpiresAt,
    TimeSpan ReminderInterval,
    IReadOnlyList<string> Approvers,
    int Quorum,
    string? Obstacle
);
