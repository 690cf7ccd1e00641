using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Approval;

/// <summary>How workflows call the activities that tell people.</summary>
public static class NotificationCalls
{
    /// <summary>
    /// Tries as <see cref="Retries.Notification"/> says, then goes on: nobody being told is logged by the notifier, and
    /// it must not stop the pipeline. Any other failure is thrown as it is.
    /// </summary>
    public static async Task TellAsync<TIn>(this IWorkflowContext context, Activity<TIn, Nothing> activity, TIn input)
    {
        try
        {
            await context.CallActivityAsync(activity, input, Retries.Notification);
        }
        catch (WorkflowTaskFailedException failed)
            when (failed.Failure.ErrorType == typeof(NotDeliveredException).FullName) { }
    }
}
