using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Engine;
using RetryPolicy = SelfDev.Workflows.Engine.RetryPolicy;

namespace SelfDev.Functions.Engine;

/// <summary>The workflow port on Durable Functions' orchestration context. One is made for each run of the code,
/// replays included.</summary>
internal sealed class DurableTaskContext(TaskOrchestrationContext inner, int generation) : IWorkflowContext
{
    private readonly EventInbox _events = new(inner);
    private int _calls;

    public string InstanceId => inner.InstanceId;

    public string? ParentInstanceId => inner.Parent?.InstanceId;

    public DateTime CurrentUtcDateTime => inner.CurrentUtcDateTime;

    public bool IsReplaying => inner.IsReplaying;

    public string Version => inner.Version;

    public int CompareVersionTo(string version) => inner.CompareVersionTo(version);

    public Guid NewGuid() => inner.NewGuid();

    public Task<TOut> CallActivityAsync<TIn, TOut>(Activity<TIn, TOut> activity, TIn input, RetryPolicy? retry = null)
    {
        var call = new ActivityCall(InstanceId, $"{InstanceId}:{generation}:{_calls++}", Wire.Pack(input));
        var options = DurableRetries.ToDurable(retry) is { } policy ? TaskOptions.FromRetryPolicy(policy) : null;
        return ResultAsync<TOut>(inner.CallActivityAsync<JsonElement>(activity.Name, call, options));
    }

    public Task<TOut> CallWorkflowAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string? instanceId = null,
        RetryPolicy? retry = null
    )
    {
        var policy = DurableRetries.ToDurable(retry);
        var options = new SubOrchestrationOptions(
            policy is null ? null : new TaskRetryOptions(policy),
            instanceId ?? $"{InstanceId}:{generation}:{_calls++}"
        )
        {
            Version = WorkflowCatalog.DefaultVersion,
            Tags = InstanceTags.Of(WorkflowCatalog.DefaultVersion, parent: InstanceId),
        };
        return ResultAsync<TOut>(inner.CallSubOrchestratorAsync<JsonElement>(workflow.Name, Wire.Pack(input), options));
    }

    /// <inheritdoc/>
    /// <remarks>Longer than the backend takes (Azure Storage: three days): Durable Functions chains timers by
    /// itself.</remarks>
    public Task CreateTimer(DateTime fireAt, CancellationToken cancellation) =>
        // The engine takes a time of unspecified kind for local time.
        inner.CreateTimer(
            fireAt.Kind == DateTimeKind.Unspecified ? DateTime.SpecifyKind(fireAt, DateTimeKind.Utc) : fireAt,
            cancellation
        );

    public async Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, CancellationToken cancellation = default) =>
        Wire.Unpack<T>(await _events.NextAsync(name.Name, cancellation));

    public async Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, TimeSpan timeout)
    {
        using var waiting = new CancellationTokenSource();
        using var timing = new CancellationTokenSource();
        var arrival = _events.NextAsync(name.Name, waiting.Token);
        var timer = inner.CreateTimer(inner.CurrentUtcDateTime + timeout, timing.Token);
        if (await Task.WhenAny(arrival, timer) == arrival)
        {
            // A timer left running would keep the instance from ending.
            timing.Cancel();
        }
        else
        {
            waiting.Cancel();
        }

        return Wire.Unpack<T>(await arrival);
    }

    public void SetCustomStatus<T>(T status) => inner.SetCustomStatus(Wire.Pack(status));

    public void ContinueAsNew<TIn>(TIn input)
    {
        inner.ContinueAsNew(
            new WorkflowInput(generation + 1, Wire.Pack(input)).ToWire(),
            preserveUnprocessedEvents: true
        );
        _events.ForwardToNextGeneration();
    }

    public ILogger CreateReplaySafeLogger(string category) => inner.CreateReplaySafeLogger(category);

    private static async Task<T> ResultAsync<T>(Task<JsonElement> task)
    {
        try
        {
            return Wire.Unpack<T>(await task);
        }
        catch (TaskFailedException failed)
        {
            throw DurableFailures.ToException(failed);
        }
    }
}
