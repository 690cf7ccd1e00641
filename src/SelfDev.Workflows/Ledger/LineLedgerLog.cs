using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Ledger;

/// <summary>
/// A ledger's log on three logs of lines: entries, heads, and drafts of heads. At its first use it reads them once and
/// from then on only what is new; it holds the tree's hashes and the keys in memory (about 250 bytes an entry). Entries
/// go in before the head that covers them, so a crash between the two leaves entries without a head, never a head
/// without its entries. Before both goes the same head as a draft: it tells what a crash left from what somebody else
/// put there.
/// </summary>
public sealed class LineLedgerLog(ILineLog entries, ILineLog heads, ILineLog drafts) : ILedgerLog, IDisposable
{
    private readonly Lock _taken = new();
    private readonly Dictionary<string, long> _keys = new(StringComparer.Ordinal);
    private readonly MerkleTree _tree = new();
    private readonly SemaphoreSlim _headsGate = new(1);
    private readonly List<SignedTreeHead> _drafts = [];
    private SignedTreeHead? _head;
    private string? _damage;

    public bool IsShared => true;

    // Heads first: entries that are appended meanwhile can only make the ledger longer than its last head, never
    // shorter.
    public async Task<LedgerLogState> RefreshAsync(CancellationToken cancellation)
    {
        var head = await LatestHeadAsync(cancellation);
        await entries.ReadNewAsync(Take, cancellation);
        var covered = head?.TreeSize ?? 0;
        if (Size > covered)
        {
            // After the entries: the draft of whatever was read is there by now.
            await ReadNewDraftsAsync(cancellation);
        }

        _drafts.RemoveAll(draft => draft.TreeSize <= covered);
        return new LedgerLogState(Size, head, _damage) { Drafts = [.. _drafts] };
    }

    public async Task<bool> TryAppendAsync(LedgerAppend append, CancellationToken cancellation)
    {
        if (append.FromIndex != Size)
        {
            return false;
        }

        if (append.Lines.Count > 0)
        {
            if (!await AppendDraftAsync(append.Head, cancellation))
            {
                return false;
            }

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
    /// <remarks>Reads the heads that are new and nothing else. It may wait for one head to be written, never for
    /// entries.</remarks>
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

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        long fromIndex,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await foreach (var line in entries.ReadAsync(fromIndex, cancellation))
        {
            yield return line;
        }
    }

    public async IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync(
        [EnumeratorCancellation] CancellationToken cancellation
    )
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
            var line = Line(head);
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

    // Of several drafts each is good for its own entries; only whoever has seen the last one may add to them.
    private async Task<bool> AppendDraftAsync(SignedTreeHead draft, CancellationToken cancellation)
    {
        var line = Line(draft);
        while (!await drafts.TryAppendAsync(line, 1, cancellation))
        {
            if (await ReadNewDraftsAsync(cancellation) == 0)
            {
                _damage ??= "The ledger has fewer drafts of heads than it had.";
                return false;
            }

            if (_drafts.Contains(draft))
            {
                // The answer of an earlier try was lost.
                return true;
            }
        }

        _drafts.Add(draft);
        return true;
    }

    // A line that is no head covers nothing, and must not keep anybody from appending.
    private Task<int> ReadNewDraftsAsync(CancellationToken cancellation) =>
        drafts.ReadNewAsync(
            line =>
            {
                if (TryReadHead(line, out var draft, out _))
                {
                    _drafts.Add(draft);
                }
            },
            cancellation
        );

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

    private static byte[] Line(SignedTreeHead head) =>
        [.. CanonicalJson.Serialize(head, SelfDevJson.Signed), (byte)'\n'];

    private static SignedTreeHead ReadHead(byte[] line) =>
        TryReadHead(line, out var head, out var problem)
            ? head
            : throw new LedgerDamagedException($"A line of the ledger's heads is no signed tree head: {problem}");

    private static bool TryReadHead(byte[] line, [NotNullWhen(true)] out SignedTreeHead? head, out string problem)
    {
        (head, problem) = (null, "null");
        try
        {
            head = JsonSerializer.Deserialize<SignedTreeHead>(line, SelfDevJson.Signed);
        }
        catch (JsonException exception)
        {
            problem = exception.Message;
        }

        return head is not null;
    }
}
