using SelfDev.Local.Engine.Store;

namespace SelfDev.Local.Engine;

/// <summary>External events of one generation: those that came before anybody waited, and the waits for those to
/// come.</summary>
internal sealed class EventBuffer(TurnScheduler scheduler)
{
    private readonly Dictionary<string, Queue<HistoryEvent>> _early = new(StringComparer.Ordinal);
    private readonly Dictionary<string, LinkedList<TaskCompletionSource<HistoryEvent>>> _waits = new(
        StringComparer.Ordinal
    );
    private readonly List<HistoryEvent> _arrived = [];
    private int _waitCount;

    public bool HasWaits => _waitCount > 0;

    /// <summary>Gives the event to the oldest wait of its name; keeps it when there is none.</summary>
    public void Raise(HistoryEvent raised)
    {
        if (_waits.TryGetValue(raised.Name!, out var waits) && waits.First is { } oldest)
        {
            waits.RemoveFirst();
            _waitCount--;
            oldest.Value.SetResult(raised);
            return;
        }

        if (!_early.TryGetValue(raised.Name!, out var queue))
        {
            _early.Add(raised.Name!, queue = new Queue<HistoryEvent>());
        }

        queue.Enqueue(raised);
        _arrived.Add(raised);
    }

    public Task<HistoryEvent> Wait(string name, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Task.FromCanceled<HistoryEvent>(cancellation);
        }

        if (_early.TryGetValue(name, out var queue) && queue.TryDequeue(out var raised))
        {
            _arrived.RemoveAt(_arrived.FindIndex(arrived => ReferenceEquals(arrived, raised)));
            return Task.FromResult(raised);
        }

        if (!_waits.TryGetValue(name, out var waits))
        {
            _waits.Add(name, waits = new LinkedList<TaskCompletionSource<HistoryEvent>>());
        }

        var waiting = new TaskCompletionSource<HistoryEvent>();
        var node = waits.AddLast(waiting);
        _waitCount++;
        if (cancellation.CanBeCanceled)
        {
            var registration = cancellation.Register(() =>
            {
                if (!scheduler.InTurn)
                {
                    scheduler.Post(static _ => { }, null);
                }
                else if (node.List is { } list)
                {
                    list.Remove(node);
                    _waitCount--;
                    waiting.SetCanceled(cancellation);
                }
            });
            _ = waiting.Task.ContinueWith(
                static (_, state) => ((CancellationTokenRegistration)state!).Dispose(),
                registration,
                CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default
            );
        }

        return waiting.Task;
    }

    public IReadOnlyList<HistoryEvent> Unconsumed() => [.. _arrived];
}
