namespace SelfDev.Local.Engine;

/// <summary>
/// Runs the continuations of one workflow on the engine's thread, one after the other, so that its code is
/// single-threaded and its order is the history's. A continuation that comes from another thread proves that the
/// workflow awaited something that is not of its context: it is dropped and reported.
/// </summary>
internal sealed class TurnScheduler(Action foreignContinuation) : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _ready = new();
    private int _thread = -1;

    public bool InTurn => _thread == Environment.CurrentManagedThreadId;

    /// <summary>Runs <paramref name="first"/> and then whatever it made ready, until nothing is.</summary>
    public void Run(Action first)
    {
        var before = Current;
        SetSynchronizationContext(this);
        Volatile.Write(ref _thread, Environment.CurrentManagedThreadId);
        try
        {
            first();
            while (_ready.TryDequeue(out var next))
            {
                next.Callback(next.State);
            }
        }
        finally
        {
            _ready.Clear();
            Volatile.Write(ref _thread, -1);
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (InTurn)
        {
            _ready.Enqueue((d, state));
        }
        else
        {
            foreignContinuation();
        }
    }

    public override void Send(SendOrPostCallback d, object? state)
    {
        if (InTurn)
        {
            d(state);
        }
        else
        {
            foreignContinuation();
        }
    }

    public override SynchronizationContext CreateCopy() => this;
}
