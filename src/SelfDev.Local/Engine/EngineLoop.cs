using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SelfDev.Local.Engine.Store;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine;

/// <summary>
/// The engine's one thread. It takes whatever messages are there, runs the workflows that they concern, writes
/// everything that came of it in one commit, and only then lets the outside see it: answers requests, starts
/// activities. So one fsync serves all instances that were ready, no answer is given for something that a crash could
/// undo, and no effect starts whose call is not recorded. When a commit fails, what is in memory is ahead of the disk
/// and worthless: the loop ends.
/// </summary>
internal sealed partial class EngineLoop : IDisposable
{
    private const int MaxMessagesPerCommit = 1024;

    private static readonly TimeSpan SlowTurn = TimeSpan.FromSeconds(1);

    private readonly EmbeddedEngineOptions _options;
    private readonly WorkflowCatalog _catalog;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly EngineStore _store;
    private readonly ActivityDispatcher _dispatcher;
    private readonly TimerQueue _timers;

    private readonly object _gate = new();
    private Queue<EngineMessage> _inbox = new();
    private bool _closed;

    private readonly Dictionary<string, InstanceSlot> _slots = new(StringComparer.Ordinal);
    private readonly LinkedList<InstanceSlot> _cached = new();
    private readonly Dictionary<string, List<WaitRequest>> _waits = new(StringComparer.Ordinal);

    // Of the commit that is being gathered.
    private readonly List<EngineMessage> _inHand = [];
    private readonly Queue<EngineMessage> _local = new();
    private readonly Queue<EngineMessage> _next = new();
    private readonly List<InstanceSlot> _dirty = [];
    private readonly List<InstanceSlot> _finished = [];
    private readonly List<long> _deleted = [];
    private readonly List<Action> _afterCommit = [];
    private int _turns;

    public EngineLoop(
        EmbeddedEngineOptions options,
        WorkflowCatalog catalog,
        IServiceProvider services,
        ILoggerFactory loggers,
        EngineStore store
    )
    {
        _options = options;
        _catalog = catalog;
        _loggers = loggers;
        _log = loggers.CreateLogger(typeof(EmbeddedEngine).FullName!);
        _store = store;
        _dispatcher = new ActivityDispatcher(
            catalog,
            services,
            options.MaxConcurrentActivities,
            (call, output, failure) => Post(new ActivityDone(call, output, failure))
        );
        _timers = new TimerQueue(options.Clock, due => Post(new TimerDue(due)));
    }

    /// <summary>Called on the engine's thread after each commit with the ids that it changed.</summary>
    public Action<IReadOnlyList<string>>? Changed { get; init; }

    public ActivityDispatcher Dispatcher => _dispatcher;

    public int QueuedMessages
    {
        get
        {
            lock (_gate)
            {
                return _inbox.Count;
            }
        }
    }

    public long Commits { get; private set; }

    /// <returns>False when the loop has ended: the message is not taken.</returns>
    public bool Post(EngineMessage message)
    {
        lock (_gate)
        {
            if (_closed)
            {
                return false;
            }

            _inbox.Enqueue(message);
            if (_inbox.Count == 1)
            {
                Monitor.Pulse(_gate);
            }

            return true;
        }
    }

    /// <summary>Works until told to stop. Throws when the store cannot be written; nothing gathered since the last
    /// commit was acknowledged.</summary>
    public void Run()
    {
        for (var stop = false; !stop; )
        {
            Take();
            foreach (var message in _inHand)
            {
                stop |= message is StopMessage;
                Handle(message);
            }

            for (var handled = 0; handled < MaxMessagesPerCommit && _local.TryDequeue(out var message); handled++)
            {
                Handle(message);
            }

            Commit();
            _inHand.Clear();
        }
    }

    /// <summary>Takes no more messages and fails every request that has no answer yet.</summary>
    /// <returns>Waits for the end of an instance: they may go on with the next loop.</returns>
    public IReadOnlyList<WaitRequest> Close(Exception reason)
    {
        List<EngineMessage> open;
        lock (_gate)
        {
            _closed = true;
            open = [.. _inHand, .. _local, .. _next, .. _inbox];
            _inbox.Clear();
        }

        foreach (var request in open.OfType<Request>().Where(request => request is not WaitRequest))
        {
            request.Fail(reason);
        }

        return [.. open.OfType<WaitRequest>(), .. _waits.Values.SelectMany(waits => waits)];
    }

    public void Dispose()
    {
        _timers.Dispose();
        _dispatcher.Dispose();
    }

    private void Take()
    {
        while (_inHand.Count < MaxMessagesPerCommit && _next.TryDequeue(out var message))
        {
            _inHand.Add(message);
        }

        lock (_gate)
        {
            while (_inbox.Count == 0 && _inHand.Count == 0 && _local.Count == 0)
            {
                Monitor.Wait(_gate);
            }

            while (_inHand.Count < MaxMessagesPerCommit && _inbox.TryDequeue(out var message))
            {
                _inHand.Add(message);
            }
        }
    }

    private void Handle(EngineMessage message)
    {
        switch (message)
        {
            case ActivityDone done:
                OnActivityDone(done);
                break;
            case TimerDue due:
                OnTimerDue(due.Timer);
                break;
            case StartRequest start:
                OnStart(start);
                break;
            case RaiseRequest raise:
                OnRaise(raise);
                break;
            case ChildStart start:
                OnChildStart(start);
                break;
            case ChildDone done:
                OnChildDone(done);
                break;
            case CatchUp catchUp:
                OnCatchUp(catchUp);
                break;
            case WaitRequest wait:
                OnWait(wait);
                break;
            case TerminateRequest terminate:
                OnTerminate(terminate);
                break;
            case SuspendRequest suspend:
                OnSuspend(suspend);
                break;
            case ResumeRequest resume:
                OnResume(resume);
                break;
            case PurgeRequest purge:
                OnPurge(purge);
                break;
            case ForeignContinuation foreign:
                OnForeignContinuation(foreign.Execution);
                break;
            case StopMessage:
                break;
            default:
                throw new UnreachableException(message.GetType().Name);
        }
    }

    private void Commit()
    {
        if (_dirty.Count > 0 || _deleted.Count > 0)
        {
            var started = Stopwatch.GetTimestamp();
            _options.Probe?.Invoke(CommitPoint.BeforeBegin);
            _store.Begin();
            _options.Probe?.Invoke(CommitPoint.BeforeWrites);
            foreach (var sequence in _deleted)
            {
                _store.Delete(sequence);
            }

            foreach (var slot in _dirty)
            {
                _store.Write(slot);
            }

            _options.Probe?.Invoke(CommitPoint.BeforeCommit);
            _store.Commit();
            _options.Probe?.Invoke(CommitPoint.AfterCommit);
            Commits++;
            EngineTelemetry.Committed(_dirty.Count, Stopwatch.GetElapsedTime(started));
            EngineTelemetry.Turned(_turns);
        }

        foreach (var slot in _finished)
        {
            _slots.Remove(slot.Id);
            EngineTelemetry.Ended(slot.Name, slot.Status.ToString());
        }

        foreach (var effect in _afterCommit)
        {
            effect();
        }

        _options.Probe?.Invoke(CommitPoint.AfterAcknowledge);
        if (Changed is not null && _dirty.Count > 0)
        {
            Changed([.. _dirty.Select(slot => slot.Id)]);
        }

        _dirty.Clear();
        _finished.Clear();
        _deleted.Clear();
        _afterCommit.Clear();
        _turns = 0;
        EvictLeastRecentlyUsed();
    }

    private void EvictLeastRecentlyUsed()
    {
        while (_cached.Count > _options.MaxCachedInstances)
        {
            Forget(_cached.First!.Value);
        }
    }

    private DateTime Now => _options.Clock.GetUtcNow().UtcDateTime;
}
