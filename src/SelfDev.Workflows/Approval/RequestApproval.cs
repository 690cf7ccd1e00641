using System.Globalization;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Sends every approver who has not decided yet a link of their own: first as a request, later as a reminder. Tried
/// again where none of them could be reached.
/// </summary>
/// <remarks>
/// A link decides by itself only where one person is enough and the policy asks for no sign-in, and it goes to that
/// person's own address alone. A channel that several people read gets a link without authority, which leads to
/// sign-in.
/// </remarks>
public sealed class RequestApproval(
    ApprovalRequests requests,
    DecisionStore decisions,
    ApprovalLinks links,
    IApprovalPolicySource policies,
    ILedgerStore ledger,
    INotifier notifier
) : IActivity<RequestApprovalInput, Nothing>
{
    public static readonly Activity<RequestApprovalInput, Nothing> Handle = new("RequestApproval");

    public async Task<Nothing> RunAsync(RequestApprovalInput input, ActivityContext context)
    {
        var request = await requests.RequireAsync(input.PlanHash, context.Cancellation);
        var policy = (await policies.ReadAsync(context.Cancellation)).Policy;
        var decided = await decisions.ReadAsync(request, context.Cancellation);
        var waiting = request
            .Requirement.Approvers.Where(approver =>
                !decided.Items.Any(decision => Core.Approvals.Identity.Same(decision.Approver, approver))
            )
            .ToList();
        var head = await ledger.HeadToShowAsync(context.Cancellation);
        var problems = new List<string>();
        foreach (var approver in waiting)
        {
            var problem = await notifier.NotifyAsync(
                Ask(request, input, approver, policy?.AddressOf(approver), head),
                context.Cancellation
            );
            problems.AddRange(problem is null ? [] : [problem]);
        }

        return problems.Count == 0 || problems.Count < waiting.Count
            ? Nothing.Value
            : throw new NotDeliveredException(problems[0]);
    }

    private Notification Ask(
        ApprovalRequest request,
        RequestApprovalInput input,
        string approver,
        Uri? address,
        SignedTreeHead? head
    )
    {
        var because = request.Requirement.Because is { } reason ? reason + " " : "";
        var signIn = request.Requirement.NeedsSignIn ? "It takes people who are signed in. " : "";
        var shared = links.WithoutAuthority(request);
        return new Notification(
            string.Create(CultureInfo.InvariantCulture, $"{input.PlanHash}:{input.Reminder}:{approver}"),
            input.Reminder == 0 ? "approval-requested" : "approval-reminder",
            approver,
            $"{request.Plan.Action} on {request.Subject ?? request.Plan.Resource} waits for your decision",
            $"{request.Proposal.Why} {because}{signIn}No decision by "
                + string.Create(
                    CultureInfo.InvariantCulture,
                    $"{request.Plan.ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC means no "
                        + $"action.{(head is null ? "" : $" ({head.Short()})")}"
                ),
            request.Requirement.NeedsSignIn ? shared : links.For(request, approver)
        )
        {
            SharedLink = shared,
            Address = address,
        };
    }
}

/// <param name="Reminder">0 for the request itself.</param>
public sealed record RequestApprovalInput(string PlanHash, int Reminder);
