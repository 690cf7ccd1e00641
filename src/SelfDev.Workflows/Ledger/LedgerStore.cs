using System.Collections.Concurrent;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Ledger;

/// <summary>
/// The ledger, whatever its log is kept on: one entry a key, signed tree heads, no entry on top of damage. Each append
/// is conditional on having seen the whole ledger, so the entries of several processes form one sequence. Appends that
/// meet in one process share one write and one head.
/// </summary>
/// <remarks>
/// On opening, and whenever others have appended, the log is compared with its newest head, and on opening with the
/// head that a witness remembers: a ledger that is shorter than either, or has another root there, is not appended to.
/// Neither is one with entries behind its last head that SelfDev did not write.
/// </remarks>
public sealed class LedgerStore : ILedgerStore, IDisposable
{
    /// <summary>Stored bytes of one entry at most: the ledger holds hashes and references, not content.</summary>
    public const int MaxEntryBytes = 64 * 1024;

    // With their line feeds they fit into one append of a log of lines.
    private const int MaxBatch = 60;

    private readonly ILedgerLog _log;
    private readonly ITreeHeadSigner _signer;
    private readonly TimeProvider _clock;
    private readonly IHeadWitness? _witness;
    private readonly string _origin;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly ConcurrentQueue<Waiting> _queue = new();
    private MerkleFrontier _tree = new();
    private SignedTreeHead? _head;
    private bool _isOpen;
    private bool _isStale = true;
    private volatile string? _damage;

    /// <param name="witness">Null: nobody remembers heads for it.</param>
    /// <param name="origin">As <see cref="TreeHeads.CheckpointText"/>; the same for the life of the ledger.</param>
    public LedgerStore(
        ILedgerLog log,
        ITreeHeadSigner signer,
        TimeProvider clock,
        IHeadWitness? witness = null,
        string origin = TreeHeads.DefaultOrigin
    ) => (_log, _signer, _clock, _witness, _origin) = (log, signer, clock, witness, origin);

    /// <summary>Reads the ledger's state and compares it with its newest head and with the witness's. Done by the first
    /// append otherwise.</summary>
    /// <exception cref="LedgerDamagedException">It contradicts one of them; the message says how.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        await RefreshAsync(cancellation);
        ThrowIfDamaged();
    }

    /// <summary>Tells of damage that somebody else found. From now on nothing is appended.</summary>
    /// <param name="damage">One sentence.</param>
    public void ReportDamage(string damage) => _damage ??= damage;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The entry is over <see cref="MaxEntryBytes"/>.</exception>
    /// <exception cref="FormatException">Its body cannot be canonical JSON.</exception>
    /// <exception cref="LedgerDamagedException">What is stored does not match what was signed or seen; nothing is
    /// appended on top of it.</exception>
    /// <exception cref="IOException">Storage failed after retries. The entry may have been stored; the same call finds
    /// it then.</exception>
    public async Task<LedgerReceipt> AppendAsync(LedgerEntry entry, CancellationToken cancellation)
    {
        // Checked before it joins a batch, so that it cannot fail the others.
        var size = LedgerEntryFormat.Serialize(long.MaxValue >> 10, entry).Length;
        if (size > MaxEntryBytes)
        {
            throw new ArgumentException(
                $"The ledger entry '{entry.Key}' has {size} bytes, over the {MaxEntryBytes} of one entry: refer to a "
                    + $"blob instead.",
                nameof(entry)
            );
        }

        var waiting = new Waiting(entry);
        _queue.Enqueue(waiting);
        await _gate.WaitAsync(cancellation);
        try
        {
            // Whoever held the gate before may have taken this entry along.
            while (!waiting.IsDone)
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

    /// <inheritdoc/>
    /// <exception cref="IOException">Storage failed after retries.</exception>
    public async Task<long?> FindAsync(string key, CancellationToken cancellation)
    {
        if (await _log.FindAsync(key, cancellation) is { } known)
        {
            return known;
        }

        if (!_log.IsShared)
        {
            return null;
        }

        await RefreshAsync(cancellation);
        return await _log.FindAsync(key, cancellation);
    }

    public IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fromIndex);
        return _log.ReadAsync(fromIndex, cancellation);
    }

    /// <inheritdoc/>
    /// <exception cref="LedgerDamagedException">Something among the heads is none.</exception>
    public IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync(CancellationToken cancellation) =>
        _log.ReadHeadsAsync(cancellation);

    public Task<SignedTreeHead?> LatestHeadAsync(CancellationToken cancellation) => _log.LatestHeadAsync(cancellation);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">The tree is smaller.</exception>
    /// <exception cref="LedgerDamagedException">What is stored is not what was signed.</exception>
    public async Task<T> ReadTreeAsync<T>(long size, Func<MerkleNode, T> read, CancellationToken cancellation)
    {
        // Others may have appended, and signed, what was not taken up here yet.
        if (Volatile.Read(ref _tree).Size < size)
        {
            await RefreshAsync(cancellation);
            ThrowIfDamaged();
            ArgumentOutOfRangeException.ThrowIfGreaterThan(size, Volatile.Read(ref _tree).Size);
        }

        return await _log.ReadTreeAsync(read, cancellation);
    }

    public void Dispose() => _gate.Dispose();

    /// <inheritdoc/>
    public async Task<string?> FindDamageAsync(CancellationToken cancellation)
    {
        await RefreshAsync(cancellation);
        return _damage;
    }

    private async Task RefreshAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation);
        try
        {
            _isStale = true;
            await RefreshIfStaleAsync(cancellation);
        }
        finally
        {
            _gate.Release();
        }
    }

    // Runs for several callers at once, so no single one's cancellation ends it; the log's own time-outs do.
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
        }
        catch (Exception failure)
        {
            // Everybody who was taken along learns of it; the entries may be stored all the same, and the same keys
            // will find them.
            _isStale = true;
            batch.ForEach(waiting => waiting.Fail(failure));
            throw;
        }

        var root = _tree.RootHex();
        batch.ForEach(waiting => waiting.Succeed(_tree.Size, root));
    }

    private async Task AppendBatchAsync(List<Waiting> batch, CancellationToken cancellation)
    {
        while (true)
        {
            await RefreshIfStaleAsync(cancellation);
            ThrowIfDamaged();
            var (lines, tree, completed) = await PlaceAsync(batch, cancellation);
            if (lines.Count == 0 && _head?.TreeSize >= _tree.Size)
            {
                return;
            }

            // One head covers whatever is not covered yet: also what a crash had left unsigned.
            var head = await SignAsync(tree, cancellation);
            if (await _log.TryAppendAsync(new LedgerAppend(_tree.Size, lines, completed, head), cancellation))
            {
                (_tree, _head) = (tree, head);
                _witness?.Note(head);
                return;
            }

            var (size, covered) = (_tree.Size, _head?.TreeSize ?? 0);
            _isStale = true;
            await RefreshIfStaleAsync(cancellation);
            if (_tree.Size == size && (_head?.TreeSize ?? 0) == covered)
            {
                _damage ??=
                    $"The ledger is shorter than the {size} entries and the head of size {covered} that it had.";
            }
        }
    }

    /// <summary>Gives every entry of the batch its index: that of the entry that has its key, or the next free
    /// one.</summary>
    private async Task<(List<LedgerLine> Lines, MerkleFrontier Tree, List<MerkleSubtree> Completed)> PlaceAsync(
        List<Waiting> batch,
        CancellationToken cancellation
    )
    {
        var lines = new List<LedgerLine>();
        var tree = _tree.Copy();
        var completed = new List<MerkleSubtree>();
        var placed = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var waiting in batch)
        {
            var key = waiting.Entry.Key;
            if (!placed.TryGetValue(key, out var index))
            {
                if (await _log.FindAsync(key, cancellation) is { } known)
                {
                    index = known;
                }
                else
                {
                    index = tree.Size;
                    var line = LedgerEntryFormat.Serialize(index, waiting.Entry);
                    lines.Add(new LedgerLine(key, line));
                    tree.Append(MerkleHash.Leaf(line), completed);
                }

                placed.Add(key, index);
            }

            waiting.Index = index;
        }

        return (lines, tree, completed);
    }

    private async Task<SignedTreeHead> SignAsync(MerkleFrontier tree, CancellationToken cancellation)
    {
        var at = _clock.GetUtcNow();
        var root = tree.Root();
        var signature = await _signer.SignAsync(TreeHeads.CheckpointText(_origin, tree.Size, root, at), cancellation);
        return new SignedTreeHead(
            tree.Size,
            MerkleHash.ToHex(root),
            at,
            _signer.KeyId,
            Convert.ToBase64String(signature)
        );
    }

    private async Task RefreshIfStaleAsync(CancellationToken cancellation)
    {
        if (!_isStale)
        {
            return;
        }

        var state = await _log.RefreshAsync(cancellation);
        _damage ??= state.Damage;
        if (state.Size < _tree.Size)
        {
            _damage ??= $"The ledger has {state.Size} entries, fewer than the {_tree.Size} that it had.";
        }

        if (_damage is null && (!_isOpen || state.Size != _tree.Size || state.Head != _head))
        {
            await TakeUpAsync(state, cancellation);
        }

        _isStale = false;
        _isOpen = true;
    }

    private async Task TakeUpAsync(LedgerLogState state, CancellationToken cancellation)
    {
        await CheckTailAsync(state, cancellation);
        await CheckAsync(state.Head, "its last signed head", state.Size, cancellation);
        if (!_isOpen)
        {
            await CheckAsync(_witness?.LastSeen(), "the last head that was seen of it", state.Size, cancellation);
        }

        if (_damage is null)
        {
            (_tree, _head) = (
                await _log.ReadTreeAsync(node => MerkleFrontier.At(state.Size, node), cancellation),
                state.Head
            );
        }
    }

    // What lies behind the last head was put there by somebody else: where nobody else appends, always, for entries and
    // the head over them are one transaction; where several append and one may have died in between, unless the draft
    // of its head covers it.
    private async Task CheckTailAsync(LedgerLogState state, CancellationToken cancellation)
    {
        if (state.Head is { } head && TreeHeads.Verify(head, _origin, _signer.Keys) is { } wrong)
        {
            _damage ??=
                $"The ledger's head of size {head.TreeSize} is none of SelfDev's: {wrong}. "
                + "Where that is a key that signed before, put its public key behind the one that signs now.";
        }

        var covered = state.Head?.TreeSize ?? 0;
        if (_damage is null && state.Size > covered && !await IsDraftedAsync(state, cancellation))
        {
            _damage =
                $"The ledger has {state.Size} entries, its last signed head covers {covered}: somebody else put "
                + $"entries {covered} to {state.Size - 1} there.";
        }
    }

    private async Task<bool> IsDraftedAsync(LedgerLogState state, CancellationToken cancellation)
    {
        var drafts = state
            .Drafts.Where(draft =>
                draft.TreeSize == state.Size && TreeHeads.Verify(draft, _origin, _signer.Keys) is null
            )
            .ToList();
        if (drafts.Count == 0)
        {
            return false;
        }

        var root = MerkleHash.ToHex(
            await _log.ReadTreeAsync(node => MerklePaths.RootAt(state.Size, node), cancellation)
        );
        return drafts.Exists(draft => draft.RootHash == root);
    }

    private async Task CheckAsync(SignedTreeHead? head, string name, long size, CancellationToken cancellation)
    {
        if (head is null)
        {
            return;
        }

        if (head.TreeSize > size)
        {
            _damage ??=
                $"The ledger has {size} entries, {name} covers {head.TreeSize}: entries {size} to {head.TreeSize - 1} "
                + $"are gone.";
        }
        else if (
            MerkleHash.ToHex(await _log.ReadTreeAsync(node => MerklePaths.RootAt(head.TreeSize, node), cancellation))
            != head.RootHash
        )
        {
            _damage ??=
                $"The first {head.TreeSize} entries of the ledger do not have the root of {name}: they were changed.";
        }
    }

    private void ThrowIfDamaged()
    {
        if (_damage is { } damage)
        {
            throw new LedgerDamagedException(
                $"{damage} Nothing is appended to it; run 'selfdev ledger verify' to see what was changed."
            );
        }
    }

    private sealed class Waiting(LedgerEntry entry)
    {
        private LedgerReceipt? _receipt;
        private Exception? _failure;

        public LedgerEntry Entry { get; } = entry;

        public long Index { get; set; }

        public bool IsDone => _receipt is not null || _failure is not null;

        public void Succeed(long treeSize, string root) => _receipt = new LedgerReceipt(Index, treeSize, root);

        public void Fail(Exception failure) => _failure = failure;

        public LedgerReceipt Receipt() =>
            _receipt
            ?? throw (
                _failure is LedgerDamagedException damaged
                    ? new LedgerDamagedException(damaged.Message)
                    : new IOException($"The ledger could not be written: {_failure?.Message}", _failure)
            );
    }
}
