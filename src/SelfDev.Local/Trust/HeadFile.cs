using System.Text.Json;
using Microsoft.Extensions.Logging;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Sqlite;
using SelfDev.Local.Storage;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Trust;

/// <summary>
/// Remembers the ledger's newest head in a file of its own, as <c>ledger verify --anchor</c> reads it. Written at most
/// once a second and when the host stops, beside the appends: it may lag behind by that, which only makes it a lower
/// floor.
/// </summary>
internal sealed class HeadFile : IHeadWitness, IDisposable
{
    /// <summary>Between two writes at least.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly ILogger<HeadFile> _logger;
    private readonly Lock _gate = new();
    private readonly Lock _writing = new();
    private readonly ITimer _timer;
    private SignedTreeHead? _noted;
    private SignedTreeHead? _written;
    private bool _isArmed;

    /// <exception cref="CorruptStoreException">The file is there and holds no head.</exception>
    public HeadFile(string path, TimeProvider clock, ILogger<HeadFile> logger)
    {
        (_path, _logger) = (path, logger);
        _noted = _written = Read(path);
        _timer = clock.CreateTimer(_ => Write(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public SignedTreeHead? LastSeen()
    {
        lock (_gate)
        {
            return _noted;
        }
    }

    public void Note(SignedTreeHead head)
    {
        lock (_gate)
        {
            // Heads only grow; one that came late from another thread takes nothing back.
            if (_noted?.TreeSize >= head.TreeSize)
            {
                return;
            }

            _noted = head;
            if (!_isArmed)
            {
                _isArmed = true;
                _timer.Change(Interval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>Writes what is not written yet.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        Write();
    }

    private void Write()
    {
        // One at a time: at the stop the timer's write may still be at work.
        lock (_writing)
        {
            SignedTreeHead? head;
            lock (_gate)
            {
                _isArmed = false;
                head = _noted;
            }

            if (head is null || head == _written)
            {
                return;
            }

            try
            {
                AtomicFile.Replace(_path, JsonSerializer.SerializeToUtf8Bytes(head, SelfDevJson.Stored));
                _written = head;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                // The ledger goes on; the next head tries again.
                _logger.HeadNotKept(_path, failure);
            }
        }
    }

    /// <returns>Null where there is no such file.</returns>
    /// <exception cref="CorruptStoreException">The file is there and holds no head.</exception>
    public static SignedTreeHead? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<SignedTreeHead>(File.ReadAllBytes(path), SelfDevJson.Stored)
                ?? throw new JsonException("null");
        }
        catch (JsonException wrong)
        {
            throw new CorruptStoreException(
                $"'{path}' holds no ledger head: {wrong.Message} It tells whether the ledger was put back to an "
                    + $"earlier state. Restore it from a copy, "
                    + "or compare the ledger with a head that you noted elsewhere and then delete the file.",
                wrong
            );
        }
    }
}
