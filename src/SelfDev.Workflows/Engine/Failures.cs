namespace SelfDev.Workflows.Engine;

/// <summary>What is recorded of an exception at a workflow boundary: the exception itself does not cross.</summary>
/// <param name="ErrorType">Full name of the exception's type.</param>
/// <param name="Message">At most <see cref="MaxMessageChars"/> characters; longer ones are cut, so that histories stay
/// small.</param>
public sealed record FailureDetails(string ErrorType, string Message, FailureDetails? InnerFailure = null)
{
    public const int MaxMessageChars = 1024;

    public static FailureDetails From(Exception exception) =>
        exception switch
        {
            WorkflowTaskFailedException failed => failed.Failure,
            AggregateException { InnerExceptions.Count: 1 } aggregate => From(aggregate.InnerExceptions[0]),
            _ => new FailureDetails(
                exception.GetType().FullName!,
                exception.Message.Length <= MaxMessageChars ? exception.Message : exception.Message[..MaxMessageChars],
                exception.InnerException is { } inner ? From(inner) : null
            ),
        };
}

/// <summary>Thrown into a workflow when an activity or a child workflow failed for good (after its retries).</summary>
public sealed class WorkflowTaskFailedException : Exception
{
    public WorkflowTaskFailedException(string taskName, FailureDetails failure)
        : base($"'{taskName}' failed: {failure.Message}")
    {
        TaskName = taskName;
        Failure = failure;
    }

    public string TaskName { get; }

    /// <value>Of the exception that the activity or child threw, not of the wrapping.</value>
    public FailureDetails Failure { get; }
}

/// <summary>An activity failed in a way that no retry can mend, e.g. an access denied.</summary>
public sealed class NonRetryableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// What lies in storage where SelfDev alone may write is not what it wrote. It has been reported, nothing of it was
/// used, and no retry can mend it.
/// </summary>
public sealed class TamperedException(string message) : Exception(message);

/// <summary>A payload is over <see cref="Payload.MaxBytes"/>: it belongs into a blob, with a reference in its
/// place.</summary>
public sealed class PayloadTooLargeException(string message) : Exception(message);
