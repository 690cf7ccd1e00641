using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SelfDev.Core.Json;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>
/// Runs one workflow in virtual time with an engine's promises and no more: activities run at least once, sometimes
/// twice, and take time; events come late and more than once. Replay is the engines' own matter and tested with them.
/// </summary>
internal sealed class VirtualEngine(VirtualTime time, Random random, string instanceId) : IWorkflowContext
{
    private readonly Dictionary<string, Func<object, Task<object>>> _activities = new(StringComparer.Ordinal);
    private readonly Queue<TaskCompletionSource> _waits = new();
    private int _buffered;
    private int _calls;
    private object? _next;
    private Func<object, Task>? _workflow;

    /// <value>Chance that an activity dies before it runs, and again after it ran and before that was recorded.</value>
    public double CrashRate { get; set; }

    public string InstanceId => instanceId;

    public string? ParentInstanceId => null;

    public DateTime CurrentUtcDateTime => time.GetUtcNow().UtcDateTime;

    public bool IsReplaying => false;

    public string Version => WorkflowCatalog.DefaultVersion;

    /// <value>What the workflow died of; null while it lives.</value>
    public Exception? Fault { get; private set; }

    /// <value>Called when an activity ran and its result was lost with the process: nobody knows any more what it was
    /// told.</value>
    public Action ResultLost { get; set; } = () => { };

    /// <value>Activities executed, repetitions included.</value>
    public int Executions { get; private set; }

    public VirtualEngine Add<TIn, TOut>(Activity<TIn, TOut> handle, IActivity<TIn, TOut> activity)
        where TIn : notnull
        where TOut : notnull
    {
        _activities[handle.Name] = async input =>
            await activity.RunAsync((TIn)input, new ActivityContext(instanceId, handle.Name, CancellationToken.None));
        return this;
    }

    public void Start<TIn, TOut>(Func<IWorkflowContext, TIn, Task<TOut>> workflow, TIn input)
        where TIn : notnull
    {
        _workflow = async state => await workflow(this, (TIn)state);
        _ = RunAsync(input);
    }

    public void Raise()
    {
        if (_waits.TryDequeue(out var wait))
        {
            wait.TrySetResult();
        }
        else
        {
            _buffered++;
        }
    }

    public Task<TOut> CallActivityAsync<TIn, TOut>(Activity<TIn, TOut> activity, TIn input, RetryPolicy? retry = null)
    {
        var result = new TaskCompletionSource<TOut>();
        // Through JSON, as every engine sends it.
        var sent = JsonSerializer.Deserialize<TIn>(
            JsonSerializer.Serialize(input, ReportJson.Options),
            ReportJson.Options
        )!;
        Schedule(1);
        return result.Task;

        void Schedule(int attempt) =>
            time.After(TimeSpan.FromMilliseconds(random.Next(20, 2000)), () => Attempt(attempt));

        void Attempt(int attempt)
        {
            if (random.NextDouble() < CrashRate)
            {
                Schedule(attempt);
                return;
            }

            Executions++;
            var run = _activities[activity.Name](sent!);
            if (!run.IsCompleted)
            {
                throw new InvalidOperationException($"{activity.Name} left the simulation's thread.");
            }

            if (random.NextDouble() < CrashRate)
            {
                ResultLost();
                Schedule(attempt);
            }
            else if (run.IsCompletedSuccessfully)
            {
                result.SetResult(
                    JsonSerializer.Deserialize<TOut>(
                        JsonSerializer.Serialize((TOut)run.Result, ReportJson.Options),
                        ReportJson.Options
                    )!
                );
            }
            else
            {
                var failure = FailureDetails.From(run.Exception!);
                if (retry is null || attempt >= retry.MaxNumberOfAttempts || !retry.Handles(failure))
                {
                    result.SetException(new WorkflowTaskFailedException(activity.Name, failure));
                }
                else
                {
                    time.At(time.GetUtcNow() + retry.DelayBefore(attempt + 1), () => Attempt(attempt + 1));
                }
            }
        }
    }

    public Task CreateTimer(DateTime fireAt, CancellationToken cancellation)
    {
        var timer = new TaskCompletionSource();
        cancellation.Register(() => timer.TrySetCanceled(cancellation));
        time.At(new DateTimeOffset(fireAt, TimeSpan.Zero), () => timer.TrySetResult());
        return timer.Task;
    }

    public async Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, CancellationToken cancellation = default)
    {
        if (_buffered > 0)
        {
            _buffered--;
            return default!;
        }

        var wait = new TaskCompletionSource();
        _waits.Enqueue(wait);
        cancellation.Register(() =>
        {
            wait.TrySetCanceled(cancellation);
            var others = _waits.Where(other => other != wait).ToList();
            _waits.Clear();
            others.ForEach(_waits.Enqueue);
        });
        await wait.Task;
        return default!;
    }

    public void ContinueAsNew<TIn>(TIn input) =>
        _next = JsonSerializer.Deserialize<TIn>(
            JsonSerializer.Serialize(input, ReportJson.Options),
            ReportJson.Options
        );

    /// <value>Hears of every custom status.</value>
    public Action<object> Told { get; set; } = _ => { };

    public void SetCustomStatus<T>(T status) =>
        Told(JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(status, ReportJson.Options), ReportJson.Options)!);

    public ILogger CreateReplaySafeLogger(string category) => NullLogger.Instance;

    public Guid NewGuid() => new(0, 0, 0, BitConverter.GetBytes((long)++_calls));

    public int CompareVersionTo(string version) => 0;

    public Task<TOut> CallWorkflowAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string? instanceId = null,
        RetryPolicy? retry = null
    ) => throw new NotSupportedException();

    public Task<T> WaitForExternalEvent<T>(WorkflowEvent<T> name, TimeSpan timeout) =>
        throw new NotSupportedException();

    private async Task RunAsync(object state)
    {
        try
        {
            while (true)
            {
                _next = null;
                await _workflow!(state);
                if (_next is null)
                {
                    throw new InvalidOperationException("The workflow has ended.");
                }

                state = _next;
            }
        }
        catch (Exception fault)
        {
            Fault = fault;
        }
    }
}
