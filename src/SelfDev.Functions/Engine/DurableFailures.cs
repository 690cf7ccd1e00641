using Microsoft.DurableTask;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions.Engine;

/// <summary>Failures as Durable Functions records them, turned into the port's.</summary>
internal static class DurableFailures
{
    // Exceptions that only pass on the failure of a task: what they wrap is the cause.
    private static readonly HashSet<string> Wrappings = new(StringComparer.Ordinal)
    {
        typeof(WorkflowTaskFailedException).FullName!,
        typeof(AggregateException).FullName!,
        "Microsoft.DurableTask.TaskFailedException",
        "DurableTask.Core.Exceptions.TaskFailedException",
        "DurableTask.Core.Exceptions.SubOrchestrationFailedException",
    };

    /// <summary>The failure of the exception that was thrown first, without the wrappings that carried it up.</summary>
    public static FailureDetails ToFailure(TaskFailureDetails details)
    {
        while (Wrappings.Contains(details.ErrorType) && details.InnerFailure is { } cause)
        {
            details = cause;
        }

        return new FailureDetails(
            details.ErrorType,
            Cut(details.ErrorMessage),
            details.InnerFailure is { } inner ? ToFailure(inner) : null
        );
    }

    /// <summary>What a workflow gets on its await.</summary>
    public static WorkflowTaskFailedException ToException(TaskFailedException exception)
    {
        // A child that was terminated leaves no details, whatever the type says.
        var details = (TaskFailureDetails?)exception.FailureDetails;
        return new WorkflowTaskFailedException(
            exception.TaskName,
            details is null ? Terminated("The child was terminated.") : ToFailure(details)
        );
    }

    /// <summary>Durable Functions keeps a reason at most, no exception.</summary>
    public static FailureDetails Terminated(string reason) => new(nameof(WorkflowStatus.Terminated), reason);

    /// <summary>
    /// What leaves a workflow whose task failed. Only its own exception type lets Durable Functions record the cause;
    /// of any other it keeps the wrapping's name and drops what was wrapped.
    /// </summary>
    public static TaskFailedException ToDurable(WorkflowTaskFailedException exception) =>
        new(exception.TaskName, 0, ToDetails(exception.Failure));

    private static TaskFailureDetails ToDetails(FailureDetails failure) =>
        new(
            failure.ErrorType,
            failure.Message,
            StackTrace: null,
            failure.InnerFailure is { } inner ? ToDetails(inner) : null,
            Properties: null
        );

    private static string Cut(string message) =>
        message.Length <= FailureDetails.MaxMessageChars ? message : message[..FailureDetails.MaxMessageChars];
}
