// Stands for Microsoft.DurableTask.Abstractions 1.25.0 (TaskFailureDetails, TaskFailedException) and
// Microsoft.Azure.DurableTask.Core 3.9 (OrchestrationAlreadyExistsException). Declarations only.
namespace Microsoft.DurableTask
{
    public record TaskFailureDetails(
        string ErrorType,
        string ErrorMessage,
        string? StackTrace,
        TaskFailureDetails? InnerFailure,
        IDictionary<string, object?>? Properties
    );

    public sealed class TaskFailedException(string taskName, int taskId, TaskFailureDetails failureDetails)
        : Exception(failureDetails.ErrorMessage)
    {
        public string TaskName { get; } = taskName;

        public int TaskId { get; } = taskId;

        public TaskFailureDetails FailureDetails { get; } = failureDetails;
    }
}

namespace DurableTask.Core.Exceptions
{
    public class OrchestrationAlreadyExistsException(string message) : Exception(message);
}
