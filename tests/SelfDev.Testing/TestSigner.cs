using System.Security.Cryptography;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Testing;

/// <summary>Signs tree heads with a key of its own.</summary>
public sealed class TestSigner : ITreeHeadSigner, IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string KeyId => TreeHeads.KeyId(_key);

    public LedgerKeys Keys => new LedgerKeys().Add(_key);

    /// <value>Set: it throws instead, as a key vault that is not there.</value>
    public bool Fails { get; set; }

    /// <value>Signatures wait for it.</value>
    public Task Ready { get; set; } = Task.CompletedTask;

    public async ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> checkpointText, CancellationToken cancellation)
    {
        await Ready;
        return Fails
            ? throw new InvalidOperationException("No signature today.")
            : TreeHeads.Sign(_key, checkpointText.Span);
    }

    public void Dispose() => _key.Dispose();
}

/// <summary>A witness that remembers in memory.</summary>
public sealed class TestWitness(SignedTreeHead? lastSeen = null) : IHeadWitness
{
    private readonly Lock _gate = new();
    private SignedTreeHead? _lastSeen = lastSeen;

    public SignedTreeHead? LastSeen()
    {
        lock (_gate)
        {
            return _lastSeen;
        }
    }

    public void Note(SignedTreeHead head)
    {
        lock (_gate)
        {
            _lastSeen = head;
        }
    }
}
