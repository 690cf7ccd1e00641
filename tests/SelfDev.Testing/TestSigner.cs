using System.Security.Cryptography;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Testing;

/// <summary>A genuine signer with a key of its own.</summary>
public sealed class TestSigner : ITreeHeadSigner, IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string KeyId => TreeHeads.KeyId(_key);

    public ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> checkpointText, CancellationToken cancellation) =>
        ValueTask.FromResult(TreeHeads.Sign(_key, checkpointText.Span));

    public bool IsGenuine(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature) =>
        _key.VerifyData(text, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    public void Dispose() => _key.Dispose();
}
