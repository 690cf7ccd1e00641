using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Azure.Core;

namespace SelfDev.Local.ArmSimulator;

/// <summary>
/// The simulator's certificate and the key that signs its tokens. Both are made at the first start and kept in the data
/// directory, readable by the owner alone. Their lifetimes run on the machine's own clock, for the clients' TLS and
/// token caches do, whatever clock the simulation has.
/// </summary>
internal sealed class ArmTrust : IDisposable
{
    private static readonly TimeSpan CertificateLife = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewBefore = TimeSpan.FromDays(7);
    private readonly byte[] _tokenKey;

    public ArmTrust(string? folder)
    {
        _tokenKey = Keep(
            folder,
            "arm-token.key",
            stored => stored.Length == 32,
            () => RandomNumberGenerator.GetBytes(32)
        );
        var pfx = Keep(folder, "arm-certificate.pfx", IsCurrent, CreateCertificate);
        Certificate = X509CertificateLoader.LoadPkcs12(pfx, null);
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>Upper-case hex SHA-256 of the certificate.</summary>
    public string Thumbprint => Certificate.GetCertHashString(HashAlgorithmName.SHA256);

    public AccessToken IssueToken(TimeSpan lifetime)
    {
        var expires = TimeProvider.System.GetUtcNow() + lifetime;
        var payload = "sim." + expires.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return new AccessToken(payload + "." + Sign(payload), expires);
    }

    public bool IsOwn(string token)
    {
        var end = token.LastIndexOf('.');
        return end > 4
            && token.StartsWith("sim.", StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(
                Encoding.ASCII.GetBytes(token[(end + 1)..]),
                Encoding.ASCII.GetBytes(Sign(token[..end]))
            )
            && long.TryParse(token.AsSpan(4, end - 4), NumberStyles.None, CultureInfo.InvariantCulture, out var expires)
            && expires > TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
    }

    public void Dispose() => Certificate.Dispose();

    private string Sign(string payload) =>
        Convert.ToHexString(HMACSHA256.HashData(_tokenKey, Encoding.ASCII.GetBytes(payload)));

    private static byte[] Keep(string? folder, string name, Func<byte[], bool> isGood, Func<byte[]> create)
    {
        if (folder is null)
        {
            return create();
        }

        var path = Path.Combine(folder, name);
        if (File.Exists(path) && File.ReadAllBytes(path) is var stored && isGood(stored))
        {
            return stored;
        }

        var fresh = create();
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var draft = path + ".new";
        using (var file = new FileStream(draft, options))
        {
            file.Write(fresh);
            file.Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
        return fresh;
    }

    private static bool IsCurrent(byte[] pfx)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadPkcs12(pfx, null);
            return certificate.HasPrivateKey
                && certificate.NotAfter.ToUniversalTime() > TimeProvider.System.GetUtcNow().UtcDateTime + RenewBefore;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static byte[] CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=SelfDev ARM simulator", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now + CertificateLife);
        return certificate.Export(X509ContentType.Pfx);
    }
}
