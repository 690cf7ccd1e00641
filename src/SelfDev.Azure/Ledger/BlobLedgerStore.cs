using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure.Storage.Blobs;
using SelfDev.Core.Ledger;
using SelfDev.Core.Reports;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Ledger;

/// <summary>
/// The ledger on append blobs: entries in <c>ledger/segments/</c>, signed tree heads in <c>ledger/heads/</c>. Several processes may
/// append; each append is conditional on having seen the whole ledger, so their entries form one sequence. Appends that
/// meet in one process share one write and one head.
/// </summary>
/// <remarks>
/// At its first use it reads the ledger once and from then on only what is new; it holds the tree's right edge and the keys
/// (about 150 bytes an entry). It refuses to append to a ledger that does not match its last signed head.
/// </remarks>
public sealed class BlobLedgerStore : ILedgerStore, IDisposable
{
    /// <summary>Lines of a segment, after which the next one is begun. The same for all writers of a ledger, for ever.</summary>
    public const int LinesPerSegment = 10_000;

    /// <summary>Stored bytes of one entry at most: the ledger holds hashes and references, not content.</summary>
    public const int MaxEntryBytes = 64 * 1024;

    private const int MaxBatch = 60;

    private readonly SegmentedAppendBlob _entries;
    private readonly SegmentedAppendBlob _heads;
    private readonly ITreeHeadSigner _signer;
    private readonly TimeProvider _clock;
    private readonly string _origin;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly ConcurrentQueue<Waiting> _queue = new();
    private readonly Dictionary<string, long> _keys = new(StringComparer.Ordinal);
    private readonly MerkleFrontier _tree = new();
    private SignedTreeHead? _lastHead;
    private bool _isLoaded;
    private string? _damage;

    /// <param name="service">Of the account that holds the container <c>ledger</c>.</param>
    /// <param name="origin">As <see cref="TreeHeads.CheckpointText"/>; the same for the life of the ledger.</param>
    public BlobLedgerStore(BlobServiceClient service, ITreeHeadSigner signer, TimeProvider clock, string origin = TreeHeads.DefaultOrigin)
        : this(service, signer, clock, origin, LinesPerSegment)
    {
    }

    internal BlobLedgerStore(BlobServiceClient service, ITreeHeadSigner signer, TimeProvider clock, string origin, int linesPerSegment)
    {
        var container = service.GetBlobContainerClient(Containers.Ledger);
        _entries = new SegmentedAppendBlob(container, "segments", linesPerSegment);
        _heads = new SegmentedAppendBlob(container, "heads", linesPerSegment);
        (_signer, _clock, _origin) = (signer, clock, origin);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The entry is over <see cref="MaxEntryBytes"/>.</exception>
    /// <exception cref="FormatException">Its body cannot be canonical JSON.</exception>
    /// <exception cref="LedgerDamagedException">What is stored does not match the last signed head; nothing is appended on top of it.</exception>
    /// <exception cref="IOException">Storage failed after retries. The entry may have been stored; the same call finds it then.</exception>
    public async Task<LedgerReceipt> AppendAsync(LedgerEntry entry, CancellationToken cancellation)
    {
        // Checked before it joins a batch, so that it cannot fail the others.
        var size = LedgerEntryFormat.Serialize(long.MaxValue >> 10, entry).Length;
        if (size > MaxEntryBytes)
        {
            throw new ArgumentException($"The ledger entry '{entry.Key}' has {size} bytes, over the {MaxEntryBytes} of one entry: refer to a blob instead.", nameof(entry));
        }

        var waiting = new Waiting(entry);
        _queue.Enqueue(waiting);
        await _gate.WaitAsync(cancellation);
        try
        {
            // Whoever held the gate before may have taken this entry along.
            if (!waiting.IsDone)
            {
                await AppendQueuedAsync();
            }
        }
        finally
        {
            _gate.Release();
        }

        return waiting.Receipt();
    }

    public async Task<long?> FindAsync(string key, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            if (!_isLoaded)
            {
                await LoadAsync(cancellation);
            }

            await _entries.ReadNewAsync(Take, cancellation);
            ThrowIfDamaged();
            return _keys.TryGetValue(key, out var index) ? index : null;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var index = 0L;
        await foreach (var line in _entries.ReadAllAsync(cancellation))
        {
            if (index++ >= fromIndex)
            {
                yield return line;
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="LedgerDamagedException">A line is no head.</exception>
    public async IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var line in _heads.ReadAllAsync(cancellation))
        {
            yield return ReadHead(line);
        }
    }

    public void Dispose() => _gate.Dispose();

    // Runs for several callers at once, so no single one's cancellation ends it; the SDK's own time-outs do.
    private async Task AppendQueuedAsync()
    {
        var batch = new List<Waiting>();
        while (batch.Count < MaxBatch && _queue.TryDequeue(out var next))
        {
            batch.Add(next);
        }

        try
        {
            await AppendBatchAsync(batch, CancellationToken.None);
            await SignAsync(CancellationToken.None);
        }
        catch (Exception failure)
        {
            // Everybody who was taken along learns of it; the entries may be stored all the same, and the same keys will find them.
            batch.ForEach(waiting => waiting.Fail(failure));
            throw;
        }

        foreach (var waiting in batch)
        {
            waiting.Succeed(new LedgerReceipt(_keys[waiting.Entry.Key], _tree.Size, _tree.RootHex()));
        }
    }

    private async Task AppendBatchAsync(List<Waiting> batch, CancellationToken cancellation)
    {
        if (!_isLoaded)
        {
            await LoadAsync(cancellation);
        }

        while (true)
        {
            ThrowIfDamaged();
            var lines = batch
                .Select(waiting => waiting.Entry)
                .Where(entry => !_keys.ContainsKey(entry.Key))
                .DistinctBy(entry => entry.Key, StringComparer.Ordinal)
                .Select((entry, number) => LedgerEntryFormat.Serialize(_tree.Size + number, entry))
                .ToList();
            if (lines.Count == 0)
            {
                return;
            }

            byte[] block = [.. lines.SelectMany(line => line.Append((byte)'\n'))];
            if (await _entries.TryAppendAsync(block, lines.Count, cancellation))
            {
                lines.ForEach(Take);
            }
            else if (await _entries.ReadNewAsync(Take, cancellation) == 0)
            {
                _damage ??= $"The ledger is shorter than the {_tree.Size} entries that it had.";
            }
        }
    }

    // Heads first: entries that are appended meanwhile can only make the ledger longer than its last head, never shorter.
    private async Task LoadAsync(CancellationToken cancellation)
    {
        await ReadNewHeadsAsync(cancellation);
        CheckAgainstLastHead();
        await _entries.ReadNewAsync(Take, cancellation);

        if (_lastHead?.TreeSize > _tree.Size)
        {
            _damage ??= $"The ledger has {_tree.Size} entries, its last signed head covers {_lastHead.TreeSize}.";
        }

        _isLoaded = true;
    }

    private void CheckAgainstLastHead()
    {
        if (_lastHead is not null && _lastHead.TreeSize == _tree.Size && _lastHead.RootHash != _tree.RootHex())
        {
            _damage ??= $"The first {_tree.Size} entries of the ledger do not have the root of its last signed head.";
        }
    }

    private void Take(byte[] line)
    {
        var reading = LedgerEntryFormat.Parse(line);
        if (reading.Error is not null || reading.Index != _tree.Size)
        {
            _damage ??= $"Entry {_tree.Size} of the ledger is damaged or out of place.";
        }

        if (reading.Entry is { } entry)
        {
            _keys.TryAdd(entry.Key, _tree.Size);
        }

        _tree.Append(MerkleHash.Leaf(line));
        if (!_isLoaded)
        {
            CheckAgainstLastHead();
        }
    }

    // One head covers whatever is not covered yet: also what a crash had left unsigned.
    private async Task SignAsync(CancellationToken cancellation)
    {
        while ((_lastHead?.TreeSize ?? 0) < _tree.Size)
        {
            ThrowIfDamaged();
            var at = _clock.GetUtcNow();
            var root = _tree.Root();
            var signature = await _signer.SignAsync(TreeHeads.CheckpointText(_origin, _tree.Size, root, at), cancellation);
            var head = new SignedTreeHead(_tree.Size, MerkleHash.ToHex(root), at, _signer.KeyId, Convert.ToBase64String(signature));
            byte[] line = [.. CanonicalJson.Serialize(head, ReportJson.Options), (byte)'\n'];
            if (await _heads.TryAppendAsync(line, 1, cancellation))
            {
                _lastHead = head;
            }
            else if (await ReadNewHeadsAsync(cancellation) == 0)
            {
                _damage ??= "The ledger has fewer signed heads than it had.";
            }
        }
    }

    private Task<int> ReadNewHeadsAsync(CancellationToken cancellation) =>
        _heads.ReadNewAsync(line => _lastHead = ReadHead(line), cancellation);

    private static SignedTreeHead ReadHead(byte[] line)
    {
        try
        {
            return JsonSerializer.Deserialize<SignedTreeHead>(line, ReportJson.Options) ?? throw new JsonException("null");
        }
        catch (JsonException exception)
        {
            throw new LedgerDamagedException($"A line of the ledger's heads is no signed tree head: {exception.Message}");
        }
    }

    private void ThrowIfDamaged()
    {
        if (_damage is not null)
        {
            throw new LedgerDamagedException($"{_damage} Nothing is appended to it; run 'selfdev ledger verify' to see what was changed.");
        }
    }

    private sealed class Waiting(LedgerEntry entry)
    {
        private LedgerReceipt? _receipt;
        private Exception? _failure;

        public LedgerEntry Entry { get; } = entry;

        public bool IsDone => _receipt is not null || _failure is not null;

        public void Succeed(LedgerReceipt receipt) => _receipt = receipt;

        public void Fail(Exception failure) => _failure = failure;

        public LedgerReceipt Receipt() => _receipt ?? throw (_failure is LedgerDamagedException damaged
            ? new LedgerDamagedException(damaged.Message)
            : new IOException($"The ledger could not be written: {_failure?.Message}", _failure));
    }
}

/// <summary>The stored ledger contradicts what was signed.</summary>
public sealed class LedgerDamagedException(string message) : Exception(message);
