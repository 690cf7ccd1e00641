namespace SelfDev.Workflows.Engine;

/// <summary>Starts, signals and looks at workflow instances.</summary>
public interface IWorkflowClient
{
    /// <summary>
    /// Starts an instance. A start that returned is durable. An id that was ever used and not purged is not started
    /// again, whatever became of it: that is how one blob version runs once.
    /// </summary>
    Task<StartOutcome> StartAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string instanceId,
        CancellationToken cancellation
    );

    /// <summary>Raises an event. Delivered or buffered once this returned <see
    /// cref="SignalOutcome.Accepted"/>.</summary>
    Task<SignalOutcome> RaiseEventAsync<T>(
        string instanceId,
        WorkflowEvent<T> name,
        T payload,
        CancellationToken cancellation
    );

    /// <returns>Null for an unknown id.</returns>
    Task<WorkflowInstance?> GetAsync(string instanceId, CancellationToken cancellation);

    /// <summary>
    /// In order of creation, oldest first unless the query says otherwise. With a limit, newest first, no more is read
    /// than it takes to fill it: what lies long back costs nothing.
    /// </summary>
    IAsyncEnumerable<WorkflowInstance> QueryAsync(WorkflowQuery query, CancellationToken cancellation);

    /// <summary>Ends an instance and all its descendants at once; running activities are cancelled, their results
    /// ignored.</summary>
    Task<SignalOutcome> TerminateAsync(string instanceId, string reason, CancellationToken cancellation);

    /// <summary>Stops processing until resumed; events and results are kept meanwhile.</summary>
    Task<SignalOutcome> SuspendAsync(string instanceId, string reason, CancellationToken cancellation);

    Task<SignalOutcome> ResumeAsync(string instanceId, string reason, CancellationToken cancellation);

    /// <summary>Deletes finished instances, histories included, that ended before <paramref
    /// name="completedBefore"/>.</summary>
    /// <returns>How many.</returns>
    Task<int> PurgeAsync(DateTimeOffset completedBefore, CancellationToken cancellation);

    /// <summary>Completes when the instance is finished.</summary>
    /// <exception cref="KeyNotFoundException">Unknown id.</exception>
    Task<WorkflowInstance> WaitForCompletionAsync(string instanceId, CancellationToken cancellation);
}

public enum StartOutcome
{
    Started,
    AlreadyExists,
}

public enum SignalOutcome
{
    Accepted,

    /// <summary>No instance of that id.</summary>
    Unknown,

    /// <summary>The instance is finished; nothing happened.</summary>
    Finished,
}

public enum WorkflowStatus
{
    Pending,
    Running,
    Suspended,
    Completed,
    Failed,
    Terminated,

    /// <summary>The code no longer matches the history; the instance waits for a matching version. Embedded engine
    /// only: Durable Functions fails it.</summary>
    Quarantined,
}

/// <param name="Input">JSON.</param>
/// <param name="Output">JSON; null until completed.</param>
/// <param name="CustomStatus">JSON; null if never set.</param>
/// <param name="Failure">Why it failed, was terminated, or is quarantined.</param>
public sealed record WorkflowInstance(
    string InstanceId,
    string Name,
    string Version,
    WorkflowStatus Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    string? Input,
    string? Output,
    string? CustomStatus,
    FailureDetails? Failure
)
{
    public bool IsFinished => Status is WorkflowStatus.Completed or WorkflowStatus.Failed or WorkflowStatus.Terminated;
}

/// <param name="InstanceIdPrefix">Null: all.</param>
/// <param name="Statuses">Empty: all.</param>
/// <param name="Limit">Instances at most; null: all.</param>
public sealed record WorkflowQuery(
    string? InstanceIdPrefix = null,
    IReadOnlyList<WorkflowStatus>? Statuses = null,
    int? Limit = null,
    bool NewestFirst = false
);
