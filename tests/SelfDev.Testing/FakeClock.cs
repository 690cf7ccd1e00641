namespace SelfDev.Testing;

/// <summary>A clock that moves only when told to; timers fire during <see cref="Advance"/>, in order of their due
/// time.</summary>
public sealed class FakeClock(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<FakeTimer> _timers = [];
    private DateTimeOffset _now = start;

    public FakeClock()
        : this(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)) { }

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _now;
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    /// <summary>
    /// Lets time pass; timers due by then fire. What a timer does may let more time pass, on this thread or another:
    /// that is not taken back, or a timer that was armed in the meantime would never be due.
    /// </summary>
    public void Advance(TimeSpan by) => MoveTo(GetUtcNow() + by, mayGoBack: false);

    /// <summary>Jumps, backwards too; timers due by then fire.</summary>
    public void SetUtcNow(DateTimeOffset target) => MoveTo(target, mayGoBack: true);

    private void MoveTo(DateTimeOffset target, bool mayGoBack)
    {
        while (true)
        {
            FakeTimer? due;
            lock (_gate)
            {
                due = _timers.Where(timer => timer.Due <= target).MinBy(timer => timer.Due);
                if (due is null)
                {
                    _now = mayGoBack || target > _now ? target : _now;
                    return;
                }

                if (due.Due > _now)
                {
                    _now = due.Due;
                }

                due.Rearm(_now);
            }

            due.Fire();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class FakeTimer(FakeClock clock, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public DateTimeOffset Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var fireNow = false;
            lock (clock._gate)
            {
                clock._timers.Remove(this);
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = clock._now + dueTime;
                    fireNow = dueTime <= TimeSpan.Zero;
                    if (!fireNow)
                    {
                        clock._timers.Add(this);
                    }
                    else if (period > TimeSpan.Zero)
                    {
                        Due = clock._now + period;
                        clock._timers.Add(this);
                    }
                }
            }

            if (fireNow)
            {
                Fire();
            }

            return true;
        }

        // Called with the gate held.
        public void Rearm(DateTimeOffset now)
        {
            if (_period > TimeSpan.Zero)
            {
                Due = now + _period;
            }
            else
            {
                clock._timers.Remove(this);
            }
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
