namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>
/// Time and order of a simulation: one thread, one queue. What is due first happens first; of what is due at once the
/// seed decides. The wall clock may jump, the world's own time does not.
/// </summary>
internal sealed class VirtualTime(Random random) : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PriorityQueue<Action, (TimeSpan Due, int Order)> _world = new();
    private readonly PriorityQueue<Action, (DateTimeOffset Due, int Order)> _timers = new();
    private TimeSpan _skew;

    /// <value>Time of the world since the simulation began.</value>
    public TimeSpan Elapsed { get; private set; }

    public override DateTimeOffset GetUtcNow() => Start + Elapsed + _skew;

    /// <summary>Something in the world, after so long.</summary>
    public void After(TimeSpan delay, Action action) => _world.Enqueue(action, (Elapsed + delay, random.Next()));

    /// <summary>A timer of an engine, by the wall clock.</summary>
    public void At(DateTimeOffset due, Action action) => _timers.Enqueue(action, (due, random.Next()));

    public void JumpClock(TimeSpan by) => _skew += by;

    /// <summary>Lets everything happen up to then.</summary>
    public void Run(TimeSpan until)
    {
        while (true)
        {
            var isTimer = _timers.TryPeek(out _, out var timer);
            var timerDue = isTimer ? timer.Due - Start - _skew : TimeSpan.MaxValue;
            timerDue = timerDue < Elapsed ? Elapsed : timerDue;
            var isWorld = _world.TryPeek(out _, out var world);
            var next = isWorld && world.Due <= timerDue ? world.Due : timerDue;
            if ((!isTimer && !isWorld) || next > until)
            {
                Elapsed = until;
                return;
            }

            Elapsed = next > Elapsed ? next : Elapsed;
            (isWorld && world.Due <= timerDue ? _world.Dequeue() : _timers.Dequeue())();
        }
    }
}
