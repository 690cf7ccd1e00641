using Microsoft.Extensions.Logging;

namespace SelfDev.Workflows.Engine;

/// <summary>
/// What a workflow may do. The shape is that of Durable Functions' <c>TaskOrchestrationContext</c>. A workflow is a
/// static, deterministic function of its input and of what this context returns: it is run again from the start
/// (replayed) whenever something it waited for has happened. It awaits only tasks of this context, or
/// <c>Task.WhenAll</c> and
/// <c>Task.WhenAny</c> over them, and never uses <c>ConfigureAwait(false)</c>.
/// </summary>
public interface IWorkflowContext
{
    string InstanceId { get; }

    /// <value>The instance that started this one as a child; null for a top-level one.</value>
    string? ParentInstanceId { get; }

    /// <value>The time of the event being processed: the same at every replay. UTC.</value>
    DateTime CurrentUtcDateTime { get; }

    bool IsReplaying { get; }

    /// <value>Version that the instance was started with (see <see cref="WorkflowCatalog.DefaultVersion"/>); fixed for
    /// its life.</value>
    string Version { get; }

    /// <summary>Compares <see cref="Version"/> with <paramref name="version"/> part by part as numbers: below zero when
    /// the instance is older.</summary>
    int CompareVersionTo(string version);

    /// <summary>A new id, the same at every replay.</summary>
    Guid NewGuid();

    /// <summary>
    /// Schedules an activity. It runs at least once: after a crash it may run again, with the same
    /// <see cref="ActivityContext.IdempotencyKey"/>.
    /// </summary>
    /// <exception cref="WorkflowTaskFailedException">On await: the activity failed for good.</exception>
    /// <exception cref="PayloadTooLargeException">The input is over <see cref="Payload.MaxBytes"/>.</exception>
    Task<TOut> CallActivityAsync<TIn, TOut>(Activity<TIn, TOut> activity, TIn input, RetryPolicy? retry = null);

    /// <summary>Starts a child workflow and awaits its output. Terminating this instance terminates the
    /// child.</summary>
    /// <param name="instanceId">Id of the child; null: derived from this instance and the call's position.</param>
    /// <exception cref="WorkflowTaskFailedException">On await: the child failed, was terminated, or its id is taken by
    /// a live instance.</exception>
    Task<TOut> CallWorkflowAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string? instanceId = null,
        RetryPolicy? retry = null
    );

    /// <summary>Completes once <paramref name="fireAt"/> (UTC) has passed, across restarts, never early.</summary>
    /// <param name="cancellation">Cancels the timer. Cancel one that lost a race: on some engines an uncancelled timer
    /// keeps the instance running.</param>
    Task CreateTimer(DateTime fireAt, CancellationToken cancellation);

    /// <summary>
    /// Completes with the next event of that name. An event that was raised before the wait is buffered and delivered;
    /// of several waits on one name the oldest gets it: wait on a name once at a time.
    /// </summary>
    Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, CancellationToken cancellation = default);

    /// <summary>As above, with a durable time-out.</summary>
    /// <exception cref="TaskCanceledException">On await: the time-out came first.</exception>
    Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, TimeSpan timeout);

    /// <summary>Sets what <see cref="IWorkflowClient.GetAsync"/> shows as custom status; at most <see
    /// cref="Payload.MaxBytes"/>.</summary>
    void SetCustomStatus<T>(T status);

    /// <summary>
    /// Ends this generation and starts the instance again with a fresh history. Return straight after it.
    /// Events not yet consumed are carried over.
    /// </summary>
    void ContinueAsNew<TIn>(TIn input);

    /// <summary>Logs nothing while <see cref="IsReplaying"/>.</summary>
    ILogger CreateReplaySafeLogger(string category);
}

/// <summary>Shorthands over the port, the same on every engine.</summary>
public static class WorkflowContextExtensions
{
    public static Task CreateTimer(
        this IWorkflowContext context,
        TimeSpan delay,
        CancellationToken cancellation = default
    ) => context.CreateTimer(context.CurrentUtcDateTime + delay, cancellation);
}
