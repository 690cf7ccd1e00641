using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SelfDev.Local.Engine.Store;
using SelfDev.Local.Sqlite;
using SelfDev.Workflows.Engine;

namespace SelfDev.Local.Engine;

/// <summary>
/// Durable workflows in one process over one SQLite file. What was acknowledged survives a kill at any instruction;
/// recorded steps are not run again; activities run at least once. When the store cannot be written the engine
/// acknowledges nothing more: on a full disk it starts itself again as soon as there is space, on any other failure it
/// stops and <see cref="Fault"/> says why. Calls no workflow waits for any more when it ends, are not started.
/// </summary>
public sealed class EmbeddedEngine : IWorkflowClient, IHostedService, IDisposable
{
    private const int PurgePage = 500;

    private readonly EmbeddedEngineOptions _options;
    private readonly WorkflowCatalog _catalog;
    private readonly IServiceProvider _services;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DataFolderLock? _lock;
    private StoreReader? _reader;
    private Thread? _thread;
    private volatile EngineLoop? _loop;
    private volatile Exception? _fault;

    public EmbeddedEngine(
        EmbeddedEngineOptions options,
        WorkflowCatalog catalog,
        IServiceProvider services,
        ILoggerFactory loggers
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxConcurrentActivities, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxCachedInstances, 1);
        _options = options;
        _catalog = catalog;
        _services = services;
        _loggers = loggers;
        _log = loggers.CreateLogger<EmbeddedEngine>();
    }

    /// <value>Why the engine stopped by itself, or waits for space on the disk; null while all is well.</value>
    public Exception? Fault => _fault;

    /// <summary>
    /// Raised after each commit with the ids of the instances that it changed. Handlers must be quick: they hold up the
    /// engine. What they throw is logged.
    /// </summary>
    public event Action<IReadOnlyList<string>>? Changed;

    /// <value>Commits since the start; for tests and benchmarks.</value>
    internal long Commits => _loop?.Commits ?? 0;

    /// <summary>Opens the store and takes up every unfinished instance; returns when requests are served.</summary>
    /// <exception cref="DataFolderInUseException">Another process has the folder.</exception>
    /// <exception cref="CorruptStoreException">The store is damaged.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _lock = new DataFolderLock(_options.DataFolder);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread = new Thread(() => RunUntilStopped(started)) { IsBackground = true, Name = "selfdev engine" };
        _thread.Start();
        try
        {
            await started.Task.WaitAsync(cancellationToken);
            _reader = new StoreReader(_options.DatabasePath);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    /// <summary>Cancels running activities, records what they still return, and closes the store. They run again after
    /// the next start.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_thread is null)
        {
            return;
        }

        await _stopping.CancelAsync();
        // Without a loop the engine waits for space on the disk, or has ended already.
        if (_loop is { } loop)
        {
            await loop.Dispatcher.StopAsync(_options.StopGrace);
            loop.Post(new StopMessage());
        }

        await _ended.Task.WaitAsync(cancellationToken);
        Interlocked.Exchange(ref _reader, null)?.Dispose();
        _lock?.Dispose();
        _log.EngineStopped();
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _reader?.Dispose();
        _lock?.Dispose();
    }

    public Task<StartOutcome> StartAsync<TIn, TOut>(
        Workflow<TIn, TOut> workflow,
        TIn input,
        string instanceId,
        CancellationToken cancellation
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        return _catalog.Workflows.ContainsKey(workflow.Name)
            ? Ask(new StartRequest(workflow.Name, Payload.Serialize(input), instanceId), cancellation)
            : throw new ArgumentException($"No workflow is called '{workflow.Name}' in the catalog.", nameof(workflow));
    }

    public Task<SignalOutcome> RaiseEventAsync<T>(
        string instanceId,
        WorkflowEvent<T> name,
        T payload,
        CancellationToken cancellation
    ) => Ask(new RaiseRequest(instanceId, name.Name, Payload.Serialize(payload)), cancellation);

    public Task<WorkflowInstance?> GetAsync(string instanceId, CancellationToken cancellation) =>
        Task.FromResult(Reader.Get(instanceId));

    public async IAsyncEnumerable<WorkflowInstance> QueryAsync(
        WorkflowQuery query,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var behind = query.NewestFirst ? long.MaxValue : 0;
        var left = query.Limit ?? int.MaxValue;
        while (left > 0)
        {
            var size = Math.Min(left, StoreReader.PageSize);
            var page = Reader.Page(query, behind, size);
            foreach (var (sequence, instance) in page)
            {
                cancellation.ThrowIfCancellationRequested();
                behind = sequence;
                left--;
                yield return instance;
            }

            if (page.Count < size)
            {
                yield break;
            }

            await Task.Yield();
        }
    }

    /// <returns>The current generation's history, oldest first; empty for an unknown id.</returns>
    public IReadOnlyList<HistoryEvent> ReadHistory(string instanceId) => Reader.History(instanceId);

    /// <returns>How many commits the store has seen, ever: those that are on the disk.</returns>
    public long ReadCommits() => Reader.Commits();

    public Task<SignalOutcome> TerminateAsync(string instanceId, string reason, CancellationToken cancellation) =>
        Ask(new TerminateRequest(instanceId, reason), cancellation);

    public Task<SignalOutcome> SuspendAsync(string instanceId, string reason, CancellationToken cancellation) =>
        Ask(new SuspendRequest(instanceId, reason), cancellation);

    public Task<SignalOutcome> ResumeAsync(string instanceId, string reason, CancellationToken cancellation) =>
        Ask(new ResumeRequest(instanceId, reason), cancellation);

    public async Task<int> PurgeAsync(DateTimeOffset completedBefore, CancellationToken cancellation)
    {
        var purged = 0;
        while (true)
        {
            var count = await Ask(new PurgeRequest(completedBefore.UtcDateTime), cancellation);
            purged += count;
            if (count < PurgePage)
            {
                return purged;
            }
        }
    }

    public async Task<WorkflowInstance> WaitForCompletionAsync(string instanceId, CancellationToken cancellation) =>
        await Ask(new WaitRequest(instanceId), cancellation) && Reader.Get(instanceId) is { } finished
            ? finished
            : throw new KeyNotFoundException($"No workflow instance '{instanceId}'.");

    private StoreReader Reader => _reader ?? throw Stopped();

    private Task<T> Ask<T>(Request<T> request, CancellationToken cancellation)
    {
        if (_loop?.Post(request) != true)
        {
            throw Stopped();
        }

        return request.Answered.WaitAsync(cancellation);
    }

    private EngineStoppedException Stopped() =>
        _fault is { } fault
            ? new EngineStoppedException("The engine cannot write its store: " + fault.Message, fault)
            : new EngineStoppedException("The engine is not running.");

    private void RunUntilStopped(TaskCompletionSource started)
    {
        List<WaitRequest> waits = [];
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                try
                {
                    RunOnce(started, waits);
                }
                catch (SqliteException exception)
                    when (SqliteFailures.IsDiskFull(exception) && started.Task.IsCompletedSuccessfully)
                {
                    _log.DiskFull(_options.FullDiskRetry.TotalSeconds, exception);
                    _stopping.Token.WaitHandle.WaitOne(_options.FullDiskRetry);
                }
            }
        }
#pragma warning disable CA1031 // The engine's thread ends here: it is kept, and given to every caller.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _fault =
                exception is SqliteException sqlite && SqliteFailures.TellsDamage(sqlite, started.Task.IsCompleted)
                    ? SqliteFailures.Damaged(_options.DatabasePath, exception)
                    : exception;
            _log.EngineFaulted(_fault);
            started.TrySetException(_fault);
        }

        foreach (var wait in waits)
        {
            wait.Fail(Stopped());
        }

        _ended.TrySetResult();
    }

    private void OnChanged(IReadOnlyList<string> ids)
    {
        try
        {
            Changed?.Invoke(ids);
        }
#pragma warning disable CA1031 // A watcher's fault is not the engine's.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _log.WatcherFailed(exception);
        }
    }

    /// <summary>One life of the in-memory state: from recovery to stop. Throws when the store fails.</summary>
    /// <param name="waits">Waits of the life before; on return, those that this one leaves.</param>
    private void RunOnce(TaskCompletionSource started, List<WaitRequest> waits)
    {
        using var store = new EngineStore(_options);
        using var loop = new EngineLoop(_options, _catalog, _services, _loggers, store) { Changed = OnChanged };
        using var gauges = EngineTelemetry.Watch(() => loop.QueuedMessages, () => loop.Dispatcher.Queued);
        waits.ForEach(wait => loop.Post(wait));
        waits.Clear();
        try
        {
            loop.Recover();
            _fault = null;
            _loop = loop;
            if (_stopping.IsCancellationRequested)
            {
                loop.Post(new StopMessage());
            }

            started.TrySetResult();
            loop.Run();
            store.Checkpoint();
        }
        catch (Exception exception)
        {
            _fault = exception;
            throw;
        }
        finally
        {
            _loop = null;
            waits.AddRange(loop.Close(Stopped()));
            _ = loop.Dispatcher.StopAsync(TimeSpan.Zero);
        }
    }
}
