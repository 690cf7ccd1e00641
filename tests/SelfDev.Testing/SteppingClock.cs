using System.Collections.Concurrent;

namespace SelfDev.Testing;

/// <summary>
/// A clock on which every wait is over at once and is written down, except waits of exactly <paramref name="held"/>:
/// those stand for time-outs and pass when <see cref="PassHeld"/> is called.
/// </summary>
public sealed class SteppingClock(TimeSpan held) : TimeProvider
{
    private readonly FakeClock _clock = new();
    private readonly Lock _gate = new();
    private readonly List<TimerCallback> _heldCallbacks = [];
    private readonly List<object?> _heldStates = [];

    /// <value>Waits that passed at once, in order.</value>
    public ConcurrentQueue<TimeSpan> Waits { get; } = new();

    public override long TimestampFrequency => _clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => _clock.GetUtcNow();

    public override long GetTimestamp() => _clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Schedule(callback, state, dueTime);
        return new Timer(this, callback, state);
    }

    private void Schedule(TimerCallback callback, object? state, TimeSpan dueTime)
    {
        if (dueTime == held)
        {
            lock (_gate)
            {
                _heldCallbacks.Add(callback);
                _heldStates.Add(state);
            }
        }
        else if (dueTime >= TimeSpan.Zero)
        {
            Waits.Enqueue(dueTime);
            _clock.Advance(dueTime);
            ThreadPool.QueueUserWorkItem(_ => callback(state));
        }
    }

    /// <summary>Lets time pass without anybody waiting for it.</summary>
    public void Advance(TimeSpan by) => _clock.Advance(by);

    /// <summary>The held waits pass now.</summary>
    public void PassHeld()
    {
        List<(TimerCallback Callback, object? State)> due;
        lock (_gate)
        {
            due = [.. _heldCallbacks.Zip(_heldStates)];
            _heldCallbacks.Clear();
            _heldStates.Clear();
        }

        foreach (var (callback, state) in due)
        {
            callback(state);
        }
    }

    private sealed class Timer(SteppingClock clock, TimerCallback callback, object? state) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock.Schedule(callback, state, dueTime);
            return true;
        }

        public void Dispose() { }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
