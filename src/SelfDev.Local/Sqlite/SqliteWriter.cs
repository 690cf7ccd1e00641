using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace SelfDev.Local.Sqlite;

/// <summary>
/// The one writer of a database file: a thread with a connection. What waits when it comes round goes into one
/// transaction, and one fsync serves all of it. A caller's task completes only when that commit is on the disk. Work
/// that fails is taken out (by its savepoint) and fails alone.
/// </summary>
internal sealed class SqliteWriter : IDisposable
{
    private const int MaxBatch = 256;

    private readonly string _path;
    private readonly SqliteSession _session;
    private readonly bool _countsCommits;
    private readonly BlockingCollection<Work> _queue = [];
    private readonly Thread _thread;
    private long _commits;
    private int _isClosed;

    /// <param name="session">Of <see cref="SqliteFile.OpenWriter"/>; closed with this.</param>
    /// <param name="countsCommits">Whether the file has marks, and each commit counts in them.</param>
    public SqliteWriter(string path, SqliteSession session, bool countsCommits = false)
    {
        (_path, _session, _countsCommits) = (path, session, countsCommits);
        _thread = new Thread(Run) { IsBackground = true, Name = "selfdev " + Path.GetFileName(path) };
        _thread.Start();
    }

    /// <value>Transactions committed so far; for tests and benchmarks.</value>
    public long Commits => Interlocked.Read(ref _commits);

    /// <summary>Runs work in a transaction that it may share with others.</summary>
    /// <param name="work">
    /// Changes the database and nothing else: it runs on the writer's thread, holds everybody up, and may run again
    /// when the transaction that it was part of could not be committed.
    /// </param>
    /// <returns>What the work returned, once it is on the disk.</returns>
    /// <exception cref="IOException">The disk failed or is full. Nothing of it was written, as far as can be known:
    /// repeat it and look.</exception>
    /// <exception cref="CorruptStoreException">The file is damaged.</exception>
    /// <exception cref="ObjectDisposedException">The writer is closed.</exception>
    public Task<T> RunAsync<T>(Func<SqliteSession, T> work, CancellationToken cancellation)
    {
        var waiting = new Work<T>(work, cancellation);
        try
        {
            _queue.Add(waiting, cancellation);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(_path, "The store is closed.");
        }

        return waiting.Task.WaitAsync(cancellation);
    }

    /// <summary>Writes what still waits, moves the log into the main file and closes it.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 1)
        {
            return;
        }

        _queue.CompleteAdding();
        _thread.Join();
        _session.Dispose();
        _queue.Dispose();
    }

    private void Run()
    {
        var batch = new List<Work>();
        while (_queue.TryTake(out var first, Timeout.Infinite))
        {
            batch.Add(first);
            while (batch.Count < MaxBatch && _queue.TryTake(out var next))
            {
                batch.Add(next);
            }

            Write(batch);
            batch.Clear();
        }

        Checkpoint();
    }

    // Ends when every work is done or has failed: each round takes out one at least.
    private void Write(List<Work> batch)
    {
        var waiting = batch.FindAll(work => !work.DropIfCancelled());
        while (waiting.Count > 0)
        {
            List<Work>? written = null;
            try
            {
                _session.Execute("BEGIN IMMEDIATE");
                written = RunAll(waiting);
                if (!_session.InTransaction)
                {
                    // The failure of one ended the transaction of all. It is out; the others begin anew.
                    waiting.RemoveAll(work => work.IsDone);
                    continue;
                }

                if (_countsCommits)
                {
                    _session.Execute(StoreMarks.CountCommit);
                }

                _session.Execute("COMMIT");
            }
            catch (Exception failure)
            {
                Rollback();
                if (written?.Count > 1 && SqliteFailures.IsDiskFull(failure))
                {
                    // What is too large for the disk may be one of them: each for itself.
                    written.ForEach(work => Write([work]));
                    return;
                }

                var clear = SqliteFailures.Translate(failure, _path);
                waiting.ForEach(work => work.Fail(clear));
                return;
            }

            Interlocked.Increment(ref _commits);
            written.ForEach(work => work.Complete());
            return;
        }
    }

    /// <returns>Those that did not fail. Stops early when the transaction is gone.</returns>
    private List<Work> RunAll(List<Work> waiting)
    {
        var written = new List<Work>(waiting.Count);
        foreach (var work in waiting)
        {
            _session.Execute("SAVEPOINT work");
            if (TryRun(work, out var failure))
            {
                _session.Execute("RELEASE work");
                written.Add(work);
                continue;
            }

            work.Fail(SqliteFailures.Translate(failure, _path));
            if (!_session.InTransaction)
            {
                break;
            }

            _session.Execute("ROLLBACK TO work");
            _session.Execute("RELEASE work");
        }

        return written;
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it was goes to the caller whose work it is.")]
    private bool TryRun(Work work, [NotNullWhen(false)] out Exception? failure)
    {
        try
        {
            work.Run(_session);
            failure = null;
            return true;
        }
        catch (Exception exception)
        {
            failure = exception;
            return false;
        }
    }

    [SuppressMessage(
        "Design",
        "CA1031",
        Justification = "What led here is reported; the next BEGIN tells if this did not work."
    )]
    private void Rollback()
    {
        try
        {
            if (_session.InTransaction)
            {
                _session.Execute("ROLLBACK");
            }
        }
        catch (Exception) { }
    }

    [SuppressMessage(
        "Design",
        "CA1031",
        Justification = "Everything is in the log already: the next start takes it from there."
    )]
    private void Checkpoint()
    {
        try
        {
            SqliteFile.Execute(_session.Connection, "PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (Exception) { }
    }

    private abstract class Work
    {
        public abstract bool IsDone { get; }

        public abstract bool DropIfCancelled();

        public abstract void Run(SqliteSession session);

        public abstract void Complete();

        public abstract void Fail(Exception failure);
    }

    private sealed class Work<T>(Func<SqliteSession, T> work, CancellationToken cancellation) : Work
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;

        public Task<T> Task => _done.Task;

        public override bool IsDone => _done.Task.IsCompleted;

        public override bool DropIfCancelled() =>
            cancellation.IsCancellationRequested && _done.TrySetCanceled(cancellation);

        public override void Run(SqliteSession session) => _result = work(session);

        public override void Complete() => _done.TrySetResult(_result!);

        public override void Fail(Exception failure)
        {
            _done.TrySetException(failure);
            // Observed: a caller that was cancelled meanwhile does not look at it.
            _ = _done.Task.Exception;
        }
    }
}
