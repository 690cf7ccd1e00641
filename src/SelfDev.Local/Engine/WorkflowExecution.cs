using Microsoft.Extensions.Logging;
using SelfDev.Local.Engine.Store;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine;

/// <summary>What an execution needs to know of its instance; fixed for one generation.</summary>
internal sealed record ExecutionIdentity(string InstanceId, string? ParentInstanceId, string Version, int Generation);

/// <summary>
/// One generation of one workflow, alive in memory: the code, suspended at its awaits, and what it waits for. Fed one
/// inbound event at a time; each produces actions. In replay the actions are compared with the recorded ones instead.
/// </summary>
internal sealed class WorkflowExecution
{
    private readonly TurnScheduler _scheduler;
    private readonly WorkflowCatalog _catalog;
    private readonly Dictionary<int, TaskCompletionSource<HistoryEvent>> _open = [];
    private readonly EventBuffer _events;
    private readonly List<HistoryEvent> _produced = [];
    private IReadOnlyList<HistoryEvent> _recorded = [];
    private int _nextRecorded;
    private int _nextAction;
    private int _nextCall;
    private int _ordinal;
    private Task<string>? _run;
    private Func<IWorkflowContext, string?, Task<string>>? _code;
    private readonly EmbeddedWorkflowContext _context;

    /// <param name="foreign">Called, from any thread, when the workflow was continued by something that is not of its
    /// context.</param>
    public WorkflowExecution(
        ExecutionIdentity identity,
        WorkflowCatalog catalog,
        ILoggerFactory loggers,
        Action<WorkflowExecution> foreign
    )
    {
        Identity = identity;
        _catalog = catalog;
        _scheduler = new TurnScheduler(() => foreign(this));
        _events = new EventBuffer(_scheduler);
        _context = new EmbeddedWorkflowContext(this, loggers);
    }

    public ExecutionIdentity Identity { get; }

    /// <value>How many inbound events the code has seen.</value>
    public int Processed { get; private set; }

    /// <value>Time of the inbound event at work.</value>
    public DateTime Now { get; private set; }

    public DateTime StartedAt { get; private set; }

    public bool IsReplaying { get; private set; }

    /// <value>Why this execution cannot go on; null if it can.</value>
    public string? Mismatch { get; private set; }

    public string? CustomStatus { get; private set; }

    /// <value>Set when the code set a custom status outside replay; the engine clears it.</value>
    public bool CustomStatusChanged { get; set; }

    /// <value>JSON input of the next generation; null unless the code asked for one.</value>
    public string? NextInput { get; private set; }

    public bool IsCompleted => _run is { IsCompleted: true };

    /// <value>Outcome once <see cref="IsCompleted"/>: output or failure, the other null.</value>
    public (string? Output, FailureDetails? Failure) Outcome =>
        _run!.IsCompletedSuccessfully
            ? (_run.Result, null)
            : (
                null,
                _run.Exception is { } exception
                    ? FailureDetails.From(exception.InnerException!)
                    : new FailureDetails(
                        typeof(TaskCanceledException).FullName!,
                        "The workflow let a cancellation through."
                    )
            );

    /// <value>Events that no wait has consumed, in order of arrival.</value>
    public IReadOnlyList<HistoryEvent> UnconsumedEvents => _events.Unconsumed();

    public bool InTurn => _scheduler.InTurn;

    /// <summary>Feeds the recorded inbound events again, up to the one that had been processed.</summary>
    /// <param name="inbound">All inbound events of this generation.</param>
    /// <param name="processed">How many of them the code had seen.</param>
    /// <param name="actions">All actions recorded in this generation, by number.</param>
    public void Replay(IReadOnlyList<HistoryEvent> inbound, int processed, IReadOnlyList<HistoryEvent> actions)
    {
        _recorded = actions;
        IsReplaying = true;
        for (var index = 0; index < processed && Mismatch is null; index++)
        {
            Feed(inbound[index]);
            if (Mismatch is null && IsCompleted)
            {
                Mismatch = $"Step {_nextRecorded + 1}: the history goes on with {Expected()}, the code ended.";
            }
        }

        if (Mismatch is null && _nextRecorded < _recorded.Count)
        {
            Mismatch = $"Step {_nextRecorded + 1}: the history has {Expected()}, the code did nothing.";
        }

        IsReplaying = false;
        _recorded = [];
    }

    /// <summary>Runs the code with one more inbound event.</summary>
    /// <returns>The actions that it took, in order; empty when <see cref="Mismatch"/> is set.</returns>
    public IReadOnlyList<HistoryEvent> Apply(HistoryEvent inbound)
    {
        _produced.Clear();
        Feed(inbound);
        return Mismatch is null ? _produced : [];
    }

    private void Feed(HistoryEvent inbound)
    {
        Now = inbound.At;
        _ordinal = Processed;
        _scheduler.Run(() => Deliver(inbound));
        if (
            Mismatch is null
            && IsReplaying
            && _nextRecorded < _recorded.Count
            && _recorded[_nextRecorded].Cause == _ordinal
        )
        {
            Mismatch = $"Step {_nextRecorded + 1}: the history has {Expected()}, the code did nothing.";
        }

        if (Mismatch is null && !IsCompleted && _open.Count == 0 && !_events.HasWaits)
        {
            Mismatch =
                $"After step {_nextAction} the code awaits something that is not a task of its context, which no "
                + $"replay can repeat.";
        }

        if (Mismatch is null)
        {
            Processed++;
        }
    }

    private void Deliver(HistoryEvent inbound)
    {
        switch (inbound.Kind)
        {
            case HistoryKind.Started:
                StartedAt = inbound.At;
                _code = _catalog.Workflows[inbound.Name!].RunAsync;
                _run = RunCode(inbound.Data);
                break;
            case HistoryKind.EventRaised:
                _events.Raise(inbound);
                break;
            default:
                // Nobody waits any more when a timer was cancelled at the very moment that it fired.
                if (_open.Remove(inbound.Id, out var waiting))
                {
                    waiting.SetResult(inbound);
                }

                break;
        }
    }

    private async Task<string> RunCode(string? input) => await _code!(_context, input);

    public int NextCall() => _nextCall++;

    /// <summary>Takes an action and returns the task of its result.</summary>
    public (int Id, Task<HistoryEvent> Result) Open(
        HistoryKind kind,
        int call,
        DateTime at,
        string? name,
        string? data,
        string? target = null
    )
    {
        var id = Emit(kind, call, at, name, data, target);
        var waiting = new TaskCompletionSource<HistoryEvent>();
        _open.Add(id, waiting);
        return (id, waiting.Task);
    }

    /// <summary>A durable timer. Cancelling is an action too, so that a restart does not arm it again.</summary>
    public Task Timer(DateTime fireAt, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return Task.FromCanceled(cancellation);
        }

        var (id, fired) = Open(HistoryKind.TimerScheduled, 0, fireAt, null, null);
        if (!cancellation.CanBeCanceled)
        {
            return fired;
        }

        var registration = cancellation.Register(() => CancelTimer(id, cancellation));
        _ = fired.ContinueWith(
            static (_, state) => ((CancellationTokenRegistration)state!).Dispose(),
            registration,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default
        );
        return fired;
    }

    private void CancelTimer(int id, CancellationToken cancellation)
    {
        if (!InTurn)
        {
            _scheduler.Post(static _ => { }, null);
        }
        else if (_open.Remove(id, out var waiting))
        {
            Emit(HistoryKind.TimerCancelled, id, Now, null, null, null);
            waiting.SetCanceled(cancellation);
        }
    }

    /// <summary>The next event of a name, buffered or to come.</summary>
    public Task<HistoryEvent> Event(string name, CancellationToken cancellation)
    {
        Emit(HistoryKind.EventAwaited, 0, Now, name, null, null);
        return _events.Wait(name, cancellation);
    }

    public void SetCustomStatus(string json)
    {
        CustomStatus = json;
        CustomStatusChanged = !IsReplaying;
    }

    public void ContinueAsNew(string input) => NextInput = input;

    public void EnsureInTurn()
    {
        if (!InTurn)
        {
            throw new InvalidOperationException(
                $"Workflow instance '{Identity.InstanceId}' called its context from outside its own turn: it may await "
                    + $"only tasks of the context, without ConfigureAwait(false)."
            );
        }
    }

    private int Emit(HistoryKind kind, int call, DateTime at, string? name, string? data, string? target)
    {
        EnsureInTurn();
        var action = new HistoryEvent(kind, _nextAction, _ordinal, call, at, name, data, target);
        if (Mismatch is not null)
        {
            throw new NonDeterminismException(Mismatch);
        }

        if (IsReplaying)
        {
            if (_nextRecorded >= _recorded.Count || !Matches(_recorded[_nextRecorded], action))
            {
                throw Fail(
                    $"Step {_nextRecorded + 1}: the history has {Expected()}, the code did {action.Describe()}."
                );
            }

            _nextRecorded++;
        }
        else if (kind == HistoryKind.ActivityScheduled && !_catalog.Activities.ContainsKey(name!))
        {
            throw Fail($"Step {_nextAction + 1}: no activity is called '{name}' in the catalog.");
        }
        else if (kind == HistoryKind.ChildScheduled && !_catalog.Workflows.ContainsKey(name!))
        {
            throw Fail($"Step {_nextAction + 1}: no workflow is called '{name}' in the catalog.");
        }
        else
        {
            _produced.Add(action);
        }

        return _nextAction++;
    }

    private NonDeterminismException Fail(string message)
    {
        Mismatch = message;
        return new NonDeterminismException(message);
    }

    private string Expected() =>
        _nextRecorded < _recorded.Count && _recorded[_nextRecorded].Cause == _ordinal
            ? _recorded[_nextRecorded].Describe()
            : "nothing more at this point";

    private static bool Matches(HistoryEvent recorded, HistoryEvent action) =>
        recorded.Kind == action.Kind
        && recorded.Id == action.Id
        && recorded.Cause == action.Cause
        && recorded.Call == action.Call
        && recorded.Name == action.Name
        && recorded.Target == action.Target;
}
