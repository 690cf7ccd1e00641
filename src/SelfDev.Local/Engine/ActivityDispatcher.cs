using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using SelfDev.Local.Engine.Store;
using SelfDev.Workflows.Engine;
using ActivityContext = SelfDev.Workflows.Engine.ActivityContext;

namespace SelfDev.Local.Engine;

/// <summary>A recorded call that is to run.</summary>
internal sealed record ActivityCall(InstanceSlot Slot, int Generation, int Action, int Call, string Name, string? Input)
{
    public string IdempotencyKey => string.Create(CultureInfo.InvariantCulture, $"{Slot.Id}:{Generation}:{Call}");
}

/// <summary>
/// Runs activities on the thread pool, a bounded number at a time, taking turns between instances so that one wide
/// fan-out does not hold up the others. Safe for several threads.
/// </summary>
internal sealed class ActivityDispatcher(
    WorkflowCatalog catalog,
    IServiceProvider services,
    int maxConcurrent,
    Action<ActivityCall, string?, FailureDetails?> done
) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<InstanceSlot, Queue<ActivityCall>> _waiting = [];
    private readonly Queue<InstanceSlot> _ring = new();
    private readonly Dictionary<InstanceSlot, CancellationTokenSource> _running = [];
    private readonly Dictionary<InstanceSlot, int> _runningCount = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IServiceScopeFactory? _scopes = services.GetService<IServiceScopeFactory>();
    private int _active;
    private int _queued;
    private bool _stopped;

    /// <value>Calls that wait for a free place.</value>
    public int Queued => Volatile.Read(ref _queued);

    public int Running => Volatile.Read(ref _active);

    public void Enqueue(ActivityCall call)
    {
        lock (_gate)
        {
            if (!_waiting.TryGetValue(call.Slot, out var queue))
            {
                _waiting.Add(call.Slot, queue = new Queue<ActivityCall>());
                _ring.Enqueue(call.Slot);
            }

            queue.Enqueue(call);
            _queued++;
            StartReady();
        }
    }

    /// <summary>Drops the instance's waiting calls; with <paramref name="running"/>, cancels those that run as
    /// well.</summary>
    public void Drop(InstanceSlot slot, bool running)
    {
        CancellationTokenSource? cancel = null;
        lock (_gate)
        {
            if (_waiting.Remove(slot, out var queue))
            {
                _queued -= queue.Count;
            }

            if (running)
            {
                _running.TryGetValue(slot, out cancel);
            }
        }

        // On the pool: an activity's own cancellation callbacks must not hold up the engine.
        if (cancel is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static source => Cancel(source), cancel, preferLocal: false);
        }
    }

    /// <summary>Starts nothing more, cancels what runs and waits for it, at most for the grace.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        lock (_gate)
        {
            _stopped = true;
            _waiting.Clear();
            _ring.Clear();
            _queued = 0;
            if (_active == 0)
            {
                _drained.TrySetResult();
            }
        }

        _stopping.Cancel();
        await Task.WhenAny(_drained.Task, Task.Delay(grace));
    }

    public void Dispose()
    {
        lock (_gate)
        {
            // An activity that outlived the grace still holds the token; the collector has it then.
            if (_active == 0)
            {
                _stopping.Dispose();
            }
        }
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The last activity of the instance ended meanwhile: there is nothing left to cancel.
        }
    }

    private void StartReady()
    {
        while (!_stopped && _active < maxConcurrent && _ring.TryDequeue(out var slot))
        {
            // Absent when it was dropped; its place in the ring goes with it.
            if (!_waiting.TryGetValue(slot, out var queue))
            {
                continue;
            }

            var call = queue.Dequeue();
            _queued--;
            if (queue.Count == 0)
            {
                _waiting.Remove(slot);
            }
            else
            {
                _ring.Enqueue(slot);
            }

            if (!_running.TryGetValue(slot, out var cancel))
            {
                _running.Add(slot, cancel = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token));
            }

            _runningCount[slot] = _runningCount.GetValueOrDefault(slot) + 1;
            _active++;
            var token = cancel.Token;
            ThreadPool.UnsafeQueueUserWorkItem(
                static state => _ = state.Dispatcher.RunAsync(state.Call, state.Token),
                (Dispatcher: this, Call: call, Token: token),
                preferLocal: false
            );
        }
    }

    private async Task RunAsync(ActivityCall call, CancellationToken cancellation)
    {
        string? output = null;
        FailureDetails? failure = null;
        using (var span = EngineTelemetry.Source.StartActivity("activity " + call.Name, ActivityKind.Internal))
        {
            span?.SetTag("selfdev.instance", call.Slot.Id);
            span?.SetTag("selfdev.call", call.IdempotencyKey);
            var started = Stopwatch.GetTimestamp();
            try
            {
                await using var scope = _scopes?.CreateAsyncScope();
                output = await catalog
                    .Activities[call.Name]
                    .RunAsync(
                        scope?.ServiceProvider ?? services,
                        call.Input,
                        new ActivityContext(call.Slot.Id, call.IdempotencyKey, cancellation)
                    );
            }
#pragma warning disable CA1031 // Whatever an activity throws is the outcome of that activity.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failure = FailureDetails.From(exception);
                span?.SetStatus(ActivityStatusCode.Error, failure.ErrorType);
            }

            EngineTelemetry.ActivityRan(call.Name, Stopwatch.GetElapsedTime(started), failure is not null);
        }

        bool report;
        lock (_gate)
        {
            _active--;
            if (--_runningCount[call.Slot] == 0)
            {
                _runningCount.Remove(call.Slot);
                _running.Remove(call.Slot, out var finished);
                finished!.Dispose();
            }

            // A failure while stopping is most likely the stop itself: not recorded, the call runs again after the next
            // start.
            report = failure is null || !_stopped;
            StartReady();
        }

        if (report)
        {
            done(call, output, failure);
        }

        lock (_gate)
        {
            if (_stopped && _active == 0)
            {
                _drained.TrySetResult();
            }
        }
    }
}
