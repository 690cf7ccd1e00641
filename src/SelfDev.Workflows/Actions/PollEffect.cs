using SelfDev.Core.Approvals;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Actions;

/// <summary>Looks once at a started effect. Reads only.</summary>
public sealed class PollEffect(ApprovalRequests requests, IEnumerable<IEffectExecutor> executors)
    : IActivity<PollInput, OperationState>
{
    public static readonly Activity<PollInput, OperationState> Handle = new("PollEffect");

    public async Task<OperationState> RunAsync(PollInput input, ActivityContext context)
    {
        var plan = (await requests.RequireAsync(input.PlanHash, context.Cancellation)).Plan;
        try
        {
            return await executors.For(plan.Action).PollAsync(plan, input.OperationUri, context.Cancellation);
        }
        catch (FleetException refused) when (!refused.IsTransient)
        {
            return new OperationState(OperationPhase.Failed, null, refused.Code, refused.Message);
        }
    }
}

/// <param name="OperationUri">Null where the resource itself is to be asked.</param>
public sealed record PollInput(string PlanHash, string? OperationUri);
