using SelfDev.Core.Ledger;

namespace SelfDev.Workflows.Ports;

/// <summary>Holds the ledger's signing key: a PEM file locally, a secret setting or a key vault elsewhere.</summary>
public interface ITreeHeadSigner
{
    /// <value>As <see cref="TreeHeads.KeyId"/>.</value>
    string KeyId { get; }

    /// <summary>ECDSA P-256 with SHA-256, DER.</summary>
    ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> checkpointText, CancellationToken cancellation);

    /// <value>What is signed with one of these is genuine: the key that signs, and those that did before it.</value>
    LedgerKeys Keys { get; }
}
