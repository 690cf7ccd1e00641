using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace SelfDev.Core.Ledger;

/// <summary>
/// What a signed tree head signs, and how. The text is a C2SP checkpoint (c2sp.org/tlog-checkpoint): origin, size and
/// base64 root hash on a line each, then one extension line with the time. The signature is ECDSA on P-256 with
/// SHA-256, DER, so that <c>openssl dgst -sha256 -verify key.pem -signature sig.der checkpoint.txt</c> checks it
/// without this program.
/// </summary>
public static class TreeHeads
{
    /// <summary>First line of the checkpoint: which log this is.</summary>
    public const string DefaultOrigin = "selfdev/ledger";

    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffffffZ";

    /// <param name="rootHash">32 bytes.</param>
    public static byte[] CheckpointText(string origin, long treeSize, ReadOnlySpan<byte> rootHash, DateTimeOffset at) =>
        Encoding.UTF8.GetBytes(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{origin}\n{treeSize}\n{Convert.ToBase64String(rootHash)}\ntime "
                    + $"{at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)}\n"
            )
        );

    public static byte[] Sign(ECDsa key, ReadOnlySpan<byte> checkpointText) =>
        key.SignData(checkpointText, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>First 8 bytes of SHA-256 over the public key (SubjectPublicKeyInfo, DER), in hex.</summary>
    public static string KeyId(ECDsa key) =>
        Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, 8));

    /// <summary>Whether the head is signed by a known key, and well formed. Any input is allowed.</summary>
    /// <returns>Null when it is good, else what is wrong with it.</returns>
    public static string? Verify(SignedTreeHead head, string origin, LedgerKeys keys)
    {
        if (keys.Find(head.KeyId) is not { } spki)
        {
            return $"it is signed by the unknown key '{head.KeyId}'";
        }

        if (
            head.TreeSize < 0
            || head.RootHash.Length != 2 * MerkleHash.Size
            || !head.RootHash.All(char.IsAsciiHexDigitLower)
        )
        {
            return "its size or root hash is malformed";
        }

        var signature = new byte[head.Signature.Length];
        if (!Convert.TryFromBase64String(head.Signature, signature, out var length))
        {
            return "its signature is not base64";
        }

        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(spki, out _);
        var text = CheckpointText(origin, head.TreeSize, Convert.FromHexString(head.RootHash), head.At);
        return key.VerifyData(
            text,
            signature.AsSpan(0, length),
            HashAlgorithmName.SHA256,
            DSASignatureFormat.Rfc3279DerSequence
        )
            ? null
            : "its signature does not match";
    }
}

/// <summary>
/// Public keys that tree heads may be signed with. Take them from where the ledger's writer cannot change them: a key
/// that lies beside the ledger proves nothing.
/// </summary>
public sealed class LedgerKeys
{
    private readonly Dictionary<string, byte[]> _keys = new(StringComparer.Ordinal);

    public IReadOnlyCollection<string> KeyIds => _keys.Keys;

    public LedgerKeys Add(ECDsa key)
    {
        _keys[TreeHeads.KeyId(key)] = key.ExportSubjectPublicKeyInfo();
        return this;
    }

    /// <summary>Reads one or more PEM blocks; a private key counts as its public half.</summary>
    /// <exception cref="ArgumentException">No readable P-256 key in it.</exception>
    public static LedgerKeys FromPem(string pem)
    {
        var keys = new LedgerKeys();
        var rest = pem.AsSpan();
        while (PemEncoding.TryFind(rest, out var fields))
        {
            using var key = ECDsa.Create();
            try
            {
                key.ImportFromPem(rest[fields.Location]);
            }
            catch (CryptographicException exception)
            {
                throw new ArgumentException(
                    $"The PEM block '{rest[fields.Label]}' is not an elliptic-curve key: {exception.Message}",
                    nameof(pem),
                    exception
                );
            }

            keys.Add(key);
            rest = rest[fields.Location.End..];
        }

        return keys._keys.Count > 0
            ? keys
            : throw new ArgumentException(
                "There is no PEM block in it: expected '-----BEGIN PUBLIC KEY-----'.",
                nameof(pem)
            );
    }

    /// <summary>Whether one of the keys signed the text. Takes any bytes for a signature.</summary>
    public bool IsGenuine(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature)
    {
        foreach (var spki in _keys.Values)
        {
            using var key = ECDsa.Create();
            key.ImportSubjectPublicKeyInfo(spki, out _);
            if (key.VerifyData(text, signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence))
            {
                return true;
            }
        }

        return false;
    }

    internal byte[]? Find(string keyId) => _keys.GetValueOrDefault(keyId);
}
