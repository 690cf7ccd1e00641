using SelfDev.Local.Engine.Store;

namespace SelfDev.Local.Engine;

/// <summary>A timer that is due.</summary>
internal readonly record struct TimerEntry(InstanceSlot Slot, int Generation, int Action, DateTime FireAt);

/// <summary>
/// All armed timers, by due time. Looks at the wall clock, not at elapsed time, and looks again at least every
/// <see cref="LookAgain"/>: when the clock jumps back a timer waits on, when it jumps ahead what became due fires
/// within that time. Never early by the clock. Safe for several threads.
/// </summary>
internal sealed class TimerQueue : IDisposable
{
    public static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly PriorityQueue<TimerEntry, DateTime> _queue = new();
    private readonly TimeProvider _clock;
    private readonly Action<TimerEntry> _fire;
    private readonly ITimer _timer;
    private DateTime _armedFor = DateTime.MaxValue;
    private bool _disposed;

    public TimerQueue(TimeProvider clock, Action<TimerEntry> fire)
    {
        _clock = clock;
        _fire = fire;
        _timer = clock.CreateTimer(_ => FireDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(TimerEntry entry)
    {
        lock (_gate)
        {
            _queue.Enqueue(entry, entry.FireAt);
            if (entry.FireAt >= _armedFor)
            {
                return;
            }

            _armedFor = entry.FireAt;
        }

        FireDue();
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _timer.Dispose();
    }

    private void FireDue()
    {
        var due = new List<TimerEntry>();
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            var now = _clock.GetUtcNow().UtcDateTime;
            while (_queue.TryPeek(out var next, out var fireAt))
            {
                if (fireAt > now)
                {
                    // Timers count whole milliseconds: rounded up, so that it is not armed twice for one due time.
                    var left = fireAt - now;
                    _timer.Change(
                        left < LookAgain ? TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)) : LookAgain,
                        Timeout.InfiniteTimeSpan
                    );
                    break;
                }

                due.Add(next);
                _queue.Dequeue();
            }

            _armedFor = _queue.TryPeek(out _, out var armedFor) ? armedFor : DateTime.MaxValue;
        }

        foreach (var entry in due)
        {
            _fire(entry);
        }
    }
}
