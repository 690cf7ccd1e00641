using SelfDev.Core.Approvals;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Reads where an approval stands, and closes it when its time is up. The expiry is recorded in the same order as
/// people's decisions, so a race between them has one winner for everybody.
/// </summary>
public sealed class ReadDecisions(ApprovalRequests requests, DecisionStore decisions)
    : IActivity<ReadDecisionsInput, ApprovalProgress>
{
    public static readonly Activity<ReadDecisionsInput, ApprovalProgress> Handle = new("ReadDecisions");

    public async Task<ApprovalProgress> RunAsync(ReadDecisionsInput input, ActivityContext context)
    {
        var request = await requests.RequireAsync(input.PlanHash, context.Cancellation);
        if (input.Now >= request.Plan.ExpiresAt)
        {
            await decisions.ExpireAsync(request, input.Now, context.Cancellation);
        }

        var recorded = await decisions.ReadAsync(request, context.Cancellation);
        return new ApprovalProgress(recorded.StateUnder(request.Terms()), recorded.Items);
    }
}

/// <param name="Now">The workflow's time.</param>
public sealed record ReadDecisionsInput(string PlanHash, DateTimeOffset Now);

/// <param name="Decisions">In their order, an expiry included.</param>
public sealed record ApprovalProgress(ApprovalState State, IReadOnlyList<Decision> Decisions)
{
    /// <summary>The outcome in one sentence, naming people.</summary>
    public string Describe()
    {
        var people = Decisions
            .Where(decision => decision.Kind != DecisionKind.Expire)
            .Select(decision => decision.Approver);
        return $"{string.Join(", ", people)} {ApprovalLifecycle.Describe(State)}".Trim();
    }
}
