using System.Security.Cryptography;
using System.Text;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Ledger;

/// <summary>
/// Signs with a P-256 private key in PEM: from a file on one machine, from a secret setting (in Azure a Key Vault
/// reference) elsewhere. The first block of the PEM signs; what was signed with the keys of further blocks (public ones
/// will do) is known as genuine, so that a key can be replaced by putting the new one in front.
/// </summary>
public sealed class PemTreeHeadSigner : ITreeHeadSigner, IDisposable
{
    private readonly ECDsa _key;

    /// <exception cref="ArgumentException">No P-256 private key in it. The message holds nothing of it.</exception>
    public PemTreeHeadSigner(string pem)
    {
        _key = ECDsa.Create();
        try
        {
            // The framework refuses a PEM with several keys, so it gets the first one alone.
            _key.ImportFromPem(PemEncoding.TryFind(pem, out var first) ? pem.AsSpan()[first.Location] : pem);
            if (_key.KeySize != 256 || _key.ExportParameters(includePrivateParameters: true).D is null)
            {
                throw new CryptographicException("The key is not on the curve P-256.");
            }

            Keys = LedgerKeys.FromPem(pem);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            _key.Dispose();
            throw new ArgumentException(
                "The ledger's signing key is no P-256 private key in PEM; make one with 'openssl ecparam -name "
                    + "prime256v1 -genkey -noout'.",
                nameof(pem),
                exception
            );
        }

        KeyId = TreeHeads.KeyId(_key);
    }

    public string KeyId { get; }

    public LedgerKeys Keys { get; }

    /// <value>For auditors: what <c>ledger verify</c> needs.</value>
    public string PublicKeyPem => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>
    /// Reads the key file, or makes it (readable by its owner only) with the public key beside it as <c>.pub.pem</c>.
    /// </summary>
    public static PemTreeHeadSigner FromFile(string path)
    {
        if (!File.Exists(path))
        {
            CreateFile(path);
        }

        return new PemTreeHeadSigner(File.ReadAllText(path));
    }

    public ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> checkpointText, CancellationToken cancellation) =>
        ValueTask.FromResult(TreeHeads.Sign(_key, checkpointText.Span));

    public void Dispose() => _key.Dispose();

    // Written whole under another name and then renamed: a crash leaves no half key, and of two processes one key wins.
    private static void CreateFile(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var temporary = Path.Combine(folder, Path.GetRandomFileName());
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(temporary, options))
        {
            file.Write(Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
            // What is signed with it must not outlive it.
            file.Flush(flushToDisk: true);
        }

        try
        {
            File.Move(temporary, path, overwrite: false);
            File.WriteAllText(Path.ChangeExtension(path, ".pub.pem"), key.ExportSubjectPublicKeyInfoPem() + "\n");
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
        }
    }
}
