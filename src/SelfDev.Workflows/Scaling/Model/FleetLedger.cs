using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Actions;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;

namespace SelfDev.Workflows.Scaling.Model;

/// <summary>What a fleet's workflow does by itself, in the ledger: the decision before it, the effect before anything
/// else.</summary>
internal static class FleetLedger
{
    public const string Unwritable = "The ledger could not be written, so nothing was done.";

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    /// <param name="key">Unique for the plan in this workflow.</param>
    /// <param name="rule">Of the policy file, by which nobody is asked.</param>
    /// <returns>False: the ledger cannot be written, and nothing may be done.</returns>
    public static async Task<bool> IsDecidedAsync(
        IWorkflowContext context,
        EffectPlan plan,
        string key,
        string reason,
        string rule
    )
    {
        var planHash = PlanHash.Of(plan);
        try
        {
            await context.RecordAsync(
                LedgerEntryTypes.Proposal,
                $"proposal:{key}",
                LedgerActors.SelfDev,
                new
                {
                    planHash,
                    plan.Action,
                    plan.Resource,
                    plan.From,
                    plan.To,
                    reason,
                }
            );
            await context.RecordAsync(
                LedgerEntryTypes.Decision,
                $"decision:{key}",
                LedgerActors.SelfDev,
                new
                {
                    planHash,
                    kind = "within-policy",
                    rule,
                }
            );
            return true;
        }
        catch (WorkflowTaskFailedException)
        {
            return false;
        }
    }

    /// <summary>What was done has to be in the ledger before anything else is: while the ledger is down, the fleet
    /// waits.</summary>
    /// <param name="observed">Null where nothing was.</param>
    public static async Task RecordEffectAsync(
        IWorkflowContext context,
        EffectPlan plan,
        string key,
        EffectOutcome outcome,
        FleetScaleProgress? observed,
        DateTime startedAt,
        string detail
    )
    {
        while (true)
        {
            try
            {
                await context.RecordAsync(
                    LedgerEntryTypes.Effect,
                    $"effect:{key}",
                    LedgerActors.SelfDev,
                    new
                    {
                        planHash = PlanHash.Of(plan),
                        plan.Action,
                        plan.Resource,
                        outcome,
                        before = plan.From,
                        observed = observed is null ? null : new { observed.Capacity, observed.Running },
                        startedAt,
                        finishedAt = context.CurrentUtcDateTime,
                        detail = ActionOutcome.Shorten(detail),
                    }
                );
                return;
            }
            catch (WorkflowTaskFailedException)
            {
                await context.CreateTimer(Pause);
            }
        }
    }
}
