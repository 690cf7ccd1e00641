using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using SelfDev.Workflows.Engine;

namespace SelfDev.Testing;

/// <summary>Instances that a test puts there or that were started, and the events that were raised to them.</summary>
public sealed class RecordingWorkflowClient : IWorkflowClient
{
    private readonly ConcurrentDictionary<string, WorkflowInstance> _instances = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _raised = new();
    private readonly ConcurrentQueue<string> _started = new();
    private int _failuresLeft;
    private int _failingStarts;

    /// <value>Instances started, in order.</value>
    public IReadOnlyList<string> Started => [.. _started];

    /// <value><c>instance event</c>, in order.</value>
    public IReadOnlyList<string> Raised => [.. _raised];

    /// <summary>Lets the next raises fail, as if the process died before them.</summary>
    public void FailRaises(int count) => _failuresLeft = count;

    /// <summary>Lets the next starts fail, as an engine does that has no room on its disk.</summary>
    public void FailStarts(int count) => _failingStarts = count;

    public void Add(
        string instanceId,
        string name,
        WorkflowStatus status,
        DateTimeOffset at,
        string? customStatus = null
    ) =>
        _instances[instanceId] = new WorkflowInstance(
            instanceId,
            name,
            "1.0",
            status,
            at,
            at,
            null,
            null,
            customStatus,
            null
        );

    public void Add(WorkflowInstance instance) => _instances[instance.InstanceId] = instance;

    public Task<StartOutcome> StartAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string instanceId,
        CancellationToken cancellation
    )
    {
        if (Interlocked.Decrement(ref _failingStarts) >= 0)
        {
            throw new IOException("The engine cannot write its store.");
        }

        var isNew = _instances.TryAdd(
            instanceId,
            new WorkflowInstance(
                instanceId,
                workflow.Name,
                "1.0",
                WorkflowStatus.Running,
                default,
                default,
                Payload.Serialize(input),
                null,
                null,
                null
            )
        );
        if (isNew)
        {
            _started.Enqueue(instanceId);
        }

        return Task.FromResult(isNew ? StartOutcome.Started : StartOutcome.AlreadyExists);
    }

    public Task<SignalOutcome> RaiseEventAsync<T>(
        string instanceId,
        WorkflowEvent<T> name,
        T payload,
        CancellationToken cancellation
    )
    {
        if (Interlocked.Decrement(ref _failuresLeft) >= 0)
        {
            throw new IOException("The process died here.");
        }

        if (!_instances.TryGetValue(instanceId, out var instance))
        {
            return Task.FromResult(SignalOutcome.Unknown);
        }

        if (instance.IsFinished)
        {
            return Task.FromResult(SignalOutcome.Finished);
        }

        _raised.Enqueue($"{instanceId} {name.Name}");
        return Task.FromResult(SignalOutcome.Accepted);
    }

    public Task<WorkflowInstance?> GetAsync(string instanceId, CancellationToken cancellation) =>
        Task.FromResult(_instances.GetValueOrDefault(instanceId));

    public async IAsyncEnumerable<WorkflowInstance> QueryAsync(
        WorkflowQuery query,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await Task.Yield();
        var ordered = query.NewestFirst
            ? _instances.Values.OrderByDescending(instance => instance.CreatedAt)
            : _instances.Values.OrderBy(instance => instance.CreatedAt);
        foreach (
            var instance in ordered
                .Where(instance =>
                    (
                        query.InstanceIdPrefix is null
                        || instance.InstanceId.StartsWith(query.InstanceIdPrefix, StringComparison.Ordinal)
                    ) && (query.Statuses is not { Count: > 0 } statuses || statuses.Contains(instance.Status))
                )
                .Take(query.Limit ?? int.MaxValue)
        )
        {
            yield return instance;
        }
    }

    public Task<SignalOutcome> TerminateAsync(string instanceId, string reason, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<SignalOutcome> SuspendAsync(string instanceId, string reason, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<SignalOutcome> ResumeAsync(string instanceId, string reason, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<int> PurgeAsync(DateTimeOffset completedBefore, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<WorkflowInstance> WaitForCompletionAsync(string instanceId, CancellationToken cancellation) =>
        throw new NotSupportedException();
}
