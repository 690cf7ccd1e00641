using System.Globalization;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Sends every approver who has not decided yet a link of their own: first as a request, later as a reminder. Tried again where none of them
/// could be reached.
/// </summary>
public sealed class RequestApproval(ApprovalRequests requests, DecisionStore decisions, ApprovalLinks links, INotifier notifier)
    : IActivity<RequestApprovalInput, Nothing>
{
    public static readonly Activity<RequestApprovalInput, Nothing> Handle = new("RequestApproval");

    public async Task<Nothing> RunAsync(RequestApprovalInput input, ActivityContext context)
    {
        var stored = await requests.ReadAsync(input.PlanHash, context.Cancellation)
            ?? throw new NonRetryableException($"The request of plan {input.PlanHash} is gone from storage.");
        var request = stored.Request;
        var decided = await decisions.ReadAsync(input.PlanHash, context.Cancellation);
        var waiting = request.Requirement.Approvers
            .Where(approver => !decided.Any(decision => Core.Approvals.Identity.Same(decision.Approver, approver)))
            .ToList();
        var problems = new List<string>();
        foreach (var approver in waiting)
        {
            var problem = await notifier.NotifyAsync(
                new Notification(
                    string.Create(CultureInfo.InvariantCulture, $"{input.PlanHash}:{input.Reminder}:{approver}"),
                    input.Reminder == 0 ? "approval-requested" : "approval-reminder",
                    approver,
                    $"{request.Plan.Action} on {request.Subject ?? request.Plan.Resource} waits for your decision",
                    string.Create(CultureInfo.InvariantCulture, $"{request.Proposal.Why} {(request.Requirement.Because is { } because ? because + " " : "")}No decision by {request.Plan.ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC means no action."),
                    links.For(request, approver)),
                context.Cancellation);
            problems.AddRange(problem is null ? [] : [problem]);
        }

        return problems.Count == 0 || problems.Count < waiting.Count ? Nothing.Value : throw new NotDeliveredException(problems[0]);
    }
}

/// <param name="Reminder">0 for the request itself.</param>
public sealed record RequestApprovalInput(string PlanHash, int Reminder);
