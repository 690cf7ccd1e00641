using System.Text.Json;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace SelfDev.Functions.Tests.Engine;

/// <summary>An orchestration context that records what it is asked and answers by hand.</summary>
internal sealed class FakeOrchestrationContext(object? input = null) : TaskOrchestrationContext
{
    private readonly Dictionary<string, Queue<TaskCompletionSource<JsonElement>>> _waits = [];

    public List<(string Name, object? Input, TaskOptions? Options)> Activities { get; } = [];

    public List<(string Name, object? Input, TaskOptions? Options)> Children { get; } = [];

    public List<(DateTime FireAt, TaskCompletionSource Fired)> Timers { get; } = [];

    public List<(string InstanceId, string Name, object Payload)> SentEvents { get; } = [];

    public List<object?> NextInputs { get; } = [];

    public object? CustomStatus { get; private set; }

    /// <summary>What an activity or child answers, or throws.</summary>
    public Func<string, Task<object?>> Answer { get; set; } =
        _ => Task.FromResult<object?>(JsonSerializer.SerializeToElement(0));

    public override TaskName Name => "Main";

    public override string InstanceId => "run-1";

    public override ParentOrchestrationInstance? Parent => new("Parent", "parent-1");

    public override DateTime CurrentUtcDateTime { get; } = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    public override bool IsReplaying => true;

    public override string Version => "1.2";

    protected override ILoggerFactory LoggerFactory => NullLoggerFactory.Instance;

    public int OpenWaits(string name) => _waits.GetValueOrDefault(name)?.Count ?? 0;

    /// <summary>Delivers as Durable Functions would: to an open wait of that name.</summary>
    public void Raise(string name, object value) =>
        _waits[name].Dequeue().SetResult(JsonSerializer.SerializeToElement(value));

    public override T? GetInput<T>()
        where T : default => (T?)input;

    public override async Task<TResult> CallActivityAsync<TResult>(
        TaskName name,
        object? input = null,
        TaskOptions? options = null
    )
    {
        Activities.Add((name.Name, input, options));
        return (TResult)(await Answer(name.Name))!;
    }

    public override async Task<TResult> CallSubOrchestratorAsync<TResult>(
        TaskName orchestratorName,
        object? input = null,
        TaskOptions? options = null
    )
    {
        Children.Add((orchestratorName.Name, input, options));
        return (TResult)(await Answer(orchestratorName.Name))!;
    }

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        var fired = new TaskCompletionSource();
        cancellationToken.Register(() => fired.TrySetCanceled(cancellationToken));
        Timers.Add((fireAt, fired));
        return fired.Task;
    }

    public override async Task<T> WaitForExternalEvent<T>(
        string eventName,
        CancellationToken cancellationToken = default
    )
    {
        Assert.False(cancellationToken.CanBeCanceled, "A cancelled wait of the engine swallows the next event.");
        if (!_waits.TryGetValue(eventName, out var waits))
        {
            _waits.Add(eventName, waits = new Queue<TaskCompletionSource<JsonElement>>());
        }

        var wait = new TaskCompletionSource<JsonElement>();
        waits.Enqueue(wait);
        return (T)(object)await wait.Task;
    }

    public override void SendEvent(string instanceId, string eventName, object payload) =>
        SentEvents.Add((instanceId, eventName, payload));

    public override void SetCustomStatus(object? customStatus) => CustomStatus = customStatus;

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true)
    {
        Assert.True(preserveUnprocessedEvents);
        NextInputs.Add(newInput);
    }

    public override Guid NewGuid() => Guid.Empty;
}
