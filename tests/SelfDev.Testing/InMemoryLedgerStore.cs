using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Testing;

/// <summary>A ledger in memory, with genuine hashes and signatures.</summary>
public sealed class InMemoryLedgerStore : ILedgerStore, IDisposable
{
    private readonly Lock _gate = new();
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly List<byte[]> _lines = [];
    private readonly List<SignedTreeHead> _heads = [];
    private readonly Dictionary<string, long> _keys = new(StringComparer.Ordinal);
    private readonly MerkleTree _tree = new();

    public LedgerKeys Keys => new LedgerKeys().Add(_key);

    /// <value>Entries so far.</value>
    public IReadOnlyList<LedgerEntry> Entries
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines.Select(line => LedgerEntryFormat.Parse(line).Entry!)];
            }
        }
    }

    /// <value>Appends wait for it.</value>
    public Task Ready { get; set; } = Task.CompletedTask;

    public async Task<LedgerReceipt> AppendAsync(LedgerEntry entry, CancellationToken cancellation)
    {
        await Ready;
        lock (_gate)
        {
            if (_keys.TryAdd(entry.Key, _tree.Size))
            {
                _lines.Add(LedgerEntryFormat.Serialize(_tree.Size, entry));
                _tree.Append(MerkleHash.Leaf(_lines[^1]));
                var root = _tree.RootAt(_tree.Size);
                var signature = TreeHeads.Sign(
                    _key,
                    TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, _tree.Size, root, entry.At)
                );
                _heads.Add(
                    new SignedTreeHead(
                        _tree.Size,
                        MerkleHash.ToHex(root),
                        entry.At,
                        TreeHeads.KeyId(_key),
                        Convert.ToBase64String(signature)
                    )
                );
            }

            return new LedgerReceipt(_keys[entry.Key], _tree.Size, MerkleHash.ToHex(_tree.RootAt(_tree.Size)));
        }
    }

    public Task<long?> FindAsync(string key, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Task.FromResult(_keys.TryGetValue(key, out var index) ? index : (long?)null);
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        long fromIndex,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fromIndex);
        await Task.Yield();
        byte[][] lines;
        lock (_gate)
        {
            lines = [.. _lines.Skip((int)Math.Min(fromIndex, int.MaxValue))];
        }

        foreach (var line in lines)
        {
            yield return line;
        }
    }

    public async IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync(
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await Task.Yield();
        SignedTreeHead[] heads;
        lock (_gate)
        {
            heads = [.. _heads];
        }

        foreach (var head in heads)
        {
            yield return head;
        }
    }

    public Task<string?> FindDamageAsync(CancellationToken cancellation) => Task.FromResult<string?>(null);

    public Task<SignedTreeHead?> LatestHeadAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Task.FromResult(_heads.LastOrDefault());
        }
    }

    public Task<T> ReadTreeAsync<T>(long size, Func<MerkleNode, T> read, CancellationToken cancellation)
    {
        lock (_gate)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(size, _tree.Size);
            return Task.FromResult(read(_tree.Node));
        }
    }

    public void Dispose() => _key.Dispose();
}
