using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Asks people about one plan and waits for their decision, with reminders, until the plan expires. Expiry means no
/// action. The decision store is the truth; the event is only the wake-up call, so that a decision recorded right
/// before a crash counts although its event was never raised.
/// </summary>
public static class ApprovalWorkflow
{
    public static readonly Workflow<ApprovalInput, ApprovalResult> Handle = new("Approval");

    public static async Task<ApprovalResult> RunAsync(IWorkflowContext context, ApprovalInput input)
    {
        var expiresAt = input.ExpiresAt.UtcDateTime;
        var recorded = 0;
        for (var reminder = 0; ; reminder++)
        {
            if (context.CurrentUtcDateTime < expiresAt)
            {
                await context.TellAsync(RequestApproval.Handle, new RequestApprovalInput(input.PlanHash, reminder));
            }

            var remindAt = context.CurrentUtcDateTime + input.ReminderInterval;
            var waitUntil = remindAt < expiresAt ? remindAt : expiresAt;
            do
            {
                var progress = await ReadAsync(context, input);
                if (ApprovalLifecycle.IsFinal(progress.State))
                {
                    return new ApprovalResult(progress.State, progress.Describe());
                }

                recorded = progress.Decisions.Count;
            } while (await IsWokenAsync(context, input.PlanHash, recorded + 1, waitUntil));
        }
    }

    // The decisions are in the ledger by then: who records or reads them sees to it.
    private static Task<ApprovalProgress> ReadAsync(IWorkflowContext context, ApprovalInput input) =>
        context.CallActivityAsync(
            ReadDecisions.Handle,
            new ReadDecisionsInput(input.PlanHash, new DateTimeOffset(context.CurrentUtcDateTime, TimeSpan.Zero)),
            Retries.Transient
        );

    // False when it is time for the next reminder, or for the end.
    private static async Task<bool> IsWokenAsync(IWorkflowContext context, string planHash, int number, DateTime until)
    {
        var left = until - context.CurrentUtcDateTime;
        if (left <= TimeSpan.Zero)
        {
            return false;
        }

        try
        {
            await context.WaitForExternalEvent(ApprovalEvents.Decided(planHash, number), left);
            return true;
        }
        catch (TaskCanceledException)
        {
            return false;
        }
    }
}

/// <param name="ReminderInterval">Between notifications.</param>
public sealed record ApprovalInput(string PlanHash, DateTimeOffset ExpiresAt, TimeSpan ReminderInterval);

/// <param name="Why">Who decided what, in one sentence.</param>
public sealed record ApprovalResult(ApprovalState State, string Why);
