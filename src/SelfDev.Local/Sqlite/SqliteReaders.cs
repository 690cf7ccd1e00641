using System.Collections.Concurrent;

namespace SelfDev.Local.Sqlite;

/// <summary>Connections that read what is committed, beside the writer. Each is used by one reader at a time.</summary>
internal sealed class SqliteReaders(string path, int count) : IDisposable
{
    private readonly SemaphoreSlim _free = new(count);
    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private bool _disposed;

    /// <summary>Reads. A read is short, of one page of rows at most, and runs on the caller's thread.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    /// <exception cref="CorruptStoreException">The file is damaged.</exception>
    public async Task<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellation)
    {
        await _free.WaitAsync(cancellation);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Read(read);
        }
        finally
        {
            _free.Release();
        }
    }

    /// <summary>Waits for the readers that are at work.</summary>
    public void Dispose()
    {
        for (var number = 0; number < count && !_disposed; number++)
        {
            _free.Wait();
        }

        if (_disposed)
        {
            return;
        }

        _disposed = true;
        while (_idle.TryTake(out var session))
        {
            session.Dispose();
        }

        // Whoever comes now is told that it is closed.
        _free.Release(count);
    }

    private T Read<T>(Func<SqliteSession, T> read)
    {
        SqliteSession? session = null;
        try
        {
            if (!_idle.TryTake(out session))
            {
                session = new SqliteSession(SqliteFile.OpenReader(path));
            }

            var result = read(session);
            _idle.Add(session);
            return result;
        }
        catch (Exception failure)
        {
            // A connection that failed may hold a transaction or a statement half way through.
            session?.Dispose();
            throw SqliteFailures.Translate(failure, path);
        }
    }
}
