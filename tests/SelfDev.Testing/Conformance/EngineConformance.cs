using System.Collections.Concurrent;
using SelfDev.Workflows.Engine;
using Xunit;

namespace SelfDev.Testing.Conformance;

/// <summary>
/// What every engine must do, whatever it is built on. An engine joins by deriving a test class and handing its adapter
/// to <see cref="Create"/>.
/// </summary>
public abstract partial class EngineConformance : IAsyncLifetime
{
    private static readonly TimeSpan RealLimit = TimeSpan.FromSeconds(60);

    /// <summary>A fresh engine, not started, on an empty store.</summary>
    protected abstract IEngineUnderTest Create();

    protected IEngineUnderTest Engine { get; private set; } = null!;

    protected ActivityProbe Probe { get; } = new();

    protected TimeSpan Tick => Engine.Tick;

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        Engine = Create();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Probe.ReleaseAll();
        await Engine.DisposeAsync();
    }

    protected void Need(EngineAbilities ability) =>
        Assert.SkipUnless(Engine.Abilities.HasFlag(ability), $"The engine has no {ability}.");

    protected async Task<WorkflowInstance> FinishAsync(string id) =>
        await Engine.Client.WaitForCompletionAsync(id, Cancellation).WaitAsync(RealLimit, Cancellation);

    protected async Task<WorkflowInstance> RunAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string id = "run"
    )
    {
        Assert.Equal(StartOutcome.Started, await Engine.Client.StartAsync(workflow, input, id, Cancellation));
        return await FinishAsync(id);
    }

    /// <summary>Waits for the workflow to say so in its custom status, i.e. until that turn is durable.</summary>
    protected Task<WorkflowInstance> ReachedAsync(string id, string status) =>
        Engine.WaitUntilAsync(id, instance => instance.CustomStatus == Payload.Serialize(status));

    protected Task<WorkflowInstance> StatusAsync(string id, WorkflowStatus status) =>
        Engine.WaitUntilAsync(id, instance => instance.Status == status);

    protected static T Output<T>(WorkflowInstance instance)
    {
        Assert.True(instance.Status == WorkflowStatus.Completed, $"{instance.Status}: {instance.Failure}");
        return Payload.Deserialize<T>(instance.Output)!;
    }
}

/// <summary>Activities under the test's control: counts runs by idempotency key, and holds some until
/// released.</summary>
public sealed class ActivityProbe
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _arrivals = new();
    private readonly ConcurrentQueue<string> _keys = new();

    /// <value>Idempotency keys, one for each run, in order.</value>
    public IReadOnlyList<string> Keys => [.. _keys];

    public IActivity<TIn, TOut> Activity<TIn, TOut>(Func<TIn, ActivityContext, Task<TOut>> run) =>
        new Probed<TIn, TOut>(this, run);

    public IActivity<TIn, TOut> Activity<TIn, TOut>(Func<TIn, TOut> run) =>
        Activity<TIn, TOut>((input, _) => Task.FromResult(run(input)));

    /// <summary>Completes when an activity has called <see cref="HoldAsync"/> under that name.</summary>
    public Task ArrivedAsync(string name) => Arrival(name).Task.WaitAsync(TimeSpan.FromSeconds(60));

    public bool HasArrived(string name) => Arrival(name).Task.IsCompleted;

    /// <summary>To be awaited by an activity: waits for <see cref="Release"/>, or its cancellation.</summary>
    public async Task HoldAsync(string name, CancellationToken cancellation)
    {
        Arrival(name).TrySetResult();
        await Gate(name).Task.WaitAsync(cancellation);
    }

    public void Release(string name) => Gate(name).TrySetResult();

    public void ReleaseAll()
    {
        foreach (var gate in _gates.Values)
        {
            gate.TrySetResult();
        }
    }

    private TaskCompletionSource Gate(string name) =>
        _gates.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private TaskCompletionSource Arrival(string name) =>
        _arrivals.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private sealed class Probed<TIn, TOut>(ActivityProbe probe, Func<TIn, ActivityContext, Task<TOut>> run)
        : IActivity<TIn, TOut>
    {
        public Task<TOut> RunAsync(TIn input, ActivityContext context)
        {
            probe._keys.Enqueue(context.IdempotencyKey);
            return run(input, context);
        }
    }
}
