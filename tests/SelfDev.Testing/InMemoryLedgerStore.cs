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
    private readonly MerkleFrontier _tree = new();

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

    public Task<LedgerReceipt> AppendAsync(LedgerEntry entry, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_keys.TryAdd(entry.Key, _tree.Size))
            {
                _lines.Add(LedgerEntryFormat.Serialize(_tree.Size, entry));
                _tree.Append(MerkleHash.Leaf(_lines[^1]));
                var signature = TreeHeads.Sign(_key, TreeHeads.CheckpointText(TreeHeads.DefaultOrigin, _tree.Size, _tree.Root(), entry.At));
                _heads.Add(new SignedTreeHead(_tree.Size, _tree.RootHex(), entry.At, TreeHeads.KeyId(_key), Convert.ToBase64String(signature)));
            }

            return Task.FromResult(new LedgerReceipt(_keys[entry.Key], _tree.Size, _tree.RootHex()));
        }
    }

    public Task<long?> FindAsync(string key, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Task.FromResult(_keys.TryGetValue(key, out var index) ? index : (long?)null);
        }
    }

    public async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(long fromIndex, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        foreach (var line in _lines.Skip((int)fromIndex))
        {
            yield return line;
        }
    }

    public async IAsyncEnumerable<SignedTreeHead> ReadHeadsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await Task.Yield();
        foreach (var head in _heads)
        {
            yield return head;
        }
    }

    public void Dispose() => _key.Dispose();
}
