namespace SelfDev.Workflows.Ports;

/// <summary>Holds the ledger's signing key: a PEM file locally, a secret setting or a key vault elsewhere.</summary>
public interface ITreeHeadSigner
{
    /// <value>As <see cref="Core.Ledger.TreeHeads.KeyId"/>.</value>
    string KeyId { get; }

    /// <summary>ECDSA P-256 with SHA-256, DER.</summary>
    ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> checkpointText, CancellationToken cancellation);

    /// <summary>Whether this key signed the text. Takes any bytes for a signature.</summary>
    bool IsGenuine(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature);
}
