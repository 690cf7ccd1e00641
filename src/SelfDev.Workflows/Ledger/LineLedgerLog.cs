using System.Runtime.CompilerServices;
using System.Text.Json;
using SelfDev.Core.Ledger;
using SelfDev.Core.Reports;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Ledger;

/// <summary>
/// A ledger's log on two logs of lines: entries and heads. At its first use it reads both once and from then on only what is new; it
/// holds the tree's hashes and the keys in memory (about 250 bytes an entry). Entries go in before the head that covers them, so a
/// crash between the two leaves entries without a head, never a head without its entries.
/// </summary>
public sealed class LineLedgerLog(ILineLog entries, ILineLog heads) : ILedgerLog, IDisposable
{
    private readonly Lock _taken = new();
    private readonly Dictionary<string, long> _keys = new(StringComparer.Ordinal);
    private readonly MerkleTree _tree = new();
    private readonly SemaphoreSlim _headsGate = new(1);
    private SignedTreeHead? _head;
    private string? _damage;

    public bool IsShared => true;

    // Heads first: entries that are appended meanwhile can only make the ledger longer than its last head, never shorter.
    public async Task<LedgerLogState> RefreshAsync(CancellationToken cancellation)
    {
        var head = await LatestHeadAsync(cancellation);
        await entries.ReadNewAsync(Take, cancellation);
        return new LedgerLogState(Size, head, _damage);
    }

    public async Task<bool> TryAppendAsync(LedgerAppend append, CancellationToken cancellation)
    {
        if (append.FromIndex != Size)
        {
            return false;
        }

        if (append.Lines.Count > 0)
        {
            byte[] block = [.. append.Lines.SelectMany(line => line.Line.Append((byte)'\n'))];
            if (!await entries.TryAppendAsync(block, append.Lines.Count, cancellation))
            {
                return false;
            }

            foreach (var line in append.Lines)
            {
                Take(line.Line);
            }
        }

        return await AppendHeadAsync(append.Head, cancellation);
    }

    public ValueTask<long?> FindAsync(string key, CancellationToken cancellation)
    {
        lock (_taken)
        {
            return ValueTask.FromResult(_keys.TryGetValue(key, out var index) ? index : (long?)null);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Reads the heads that are new and nothing else. It may wait for one head to be written, never for entries.</remarks>
    public async Task<SignedTreeHead?> LatestHeadAsync(CancellationToken cancellation)
    {
        await _headsGate.WaitAsync(cancellation);
        try
        {
            await ReadNewHeadsAsync(cancellation);
            return _head;
        }
        finally
        {
            _headsGate.Release();
        }
    }

    public Task<T> ReadTreeAsync<T>(Func<MerkleNode, T> read, CancellationToken cancellation)
    {
        lock (_taken)
        {
            return Task.FromResult(read(_tree.Node));
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var line in entries.ReadAsync(fromIndex, cancellation))
        {
            yield return line;
        }
    }

    public async IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var line in heads.ReadAsync(0, cancellation))
        {
            yield return ReadHead(line);
        }
    }

    public void Dispose() => _headsGate.Dispose();

    private long Size
    {
        get
        {
            lock (_taken)
            {
                return _tree.Size;
            }
        }
    }

    // Another process may have signed further meanwhile: its head covers ours too.
    private async Task<bool> AppendHeadAsync(SignedTreeHead head, CancellationToken cancellation)
    {
        await _headsGate.WaitAsync(cancellation);
        try
        {
            byte[] line = [.. CanonicalJson.Serialize(head, ReportJson.Options), (byte)'\n'];
            while ((_head?.TreeSize ?? 0) < head.TreeSize)
            {
                if (await heads.TryAppendAsync(line, 1, cancellation))
                {
                    _head = head;
                }
                else if (await ReadNewHeadsAsync(cancellation) == 0)
                {
                    _damage ??= "The ledger has fewer signed heads than it had.";
                    return false;
                }
            }

            return true;
        }
        finally
        {
            _headsGate.Release();
        }
    }

    private Task<int> ReadNewHeadsAsync(CancellationToken cancellation) =>
        heads.ReadNewAsync(line => _head = ReadHead(line), cancellation);

    private void Take(byte[] line)
    {
        lock (_taken)
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
        }
    }

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
}
