using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SelfDev.Core.Approvals;

namespace SelfDev.Core.Trust;

/// <summary>
/// Seals what SelfDev itself writes to a store that others may write to. A seal is an HMAC-SHA256 (RFC 2104) over the
/// place and the content, under a key that no storage holds, so that what was forged, edited, or copied from another
/// place is told from what is genuine. It does not tell an older genuine version of the same place from the newest one:
/// what matters is therefore created once and never rewritten.
/// </summary>
/// <remarks>
/// Keys are derived (HKDF, RFC 5869) from those that sign approval links, so that one ring is rotated. A seal stays
/// good for as long as its key is in the ring, also past the key's <see cref="ApprovalKey.NotAfter"/>: old records do
/// not become forgeries. A key that leaked has to leave the ring.
/// </remarks>
public sealed class Seals(ApprovalKeyRing keys)
{
    private const string Version = "selfdev-seal/1";
    private const int DerivedBytes = 32;
    private const int MaxHeaderBytes = 256;

    private static readonly byte[] Purpose = Encoding.ASCII.GetBytes(Version);

    private readonly ConcurrentDictionary<string, byte[]> _derived = new(StringComparer.Ordinal);

    /// <summary>
    /// The content with its seal in a first line: <c>selfdev-seal/1 &lt;key id&gt; &lt;MAC, base64url&gt;</c>.
    /// </summary>
    /// <param name="place">Where it will lie; the seal is good there and nowhere else.</param>
    /// <exception cref="InvalidOperationException">No key of the ring is valid now.</exception>
    public byte[] Seal(string place, ReadOnlySpan<byte> content, DateTimeOffset now)
    {
        var header = Encoding.ASCII.GetBytes(Sign(place, content, now) + "\n");
        return [.. header, .. content];
    }

    /// <summary>Takes off a seal that is good for this place.</summary>
    /// <param name="content">What was sealed; empty where there is no seal, or where it is not good.</param>
    /// <returns>Whether the seal is good.</returns>
    public bool TryOpen(string place, ReadOnlyMemory<byte> sealedContent, out ReadOnlyMemory<byte> content)
    {
        content = default;
        var window = sealedContent.Span[..Math.Min(sealedContent.Length, MaxHeaderBytes)];
        var end = window.IndexOf((byte)'\n');
        if (end < 0)
        {
            return false;
        }

        var rest = sealedContent[(end + 1)..];
        if (!IsGenuine(place, rest.Span, Encoding.Latin1.GetString(window[..end])))
        {
            return false;
        }

        content = rest;
        return true;
    }

    /// <summary>The seal by itself, for content that must stay as it is: goes into metadata or a field beside
    /// it.</summary>
    /// <inheritdoc cref="Seal"/>
    public string Sign(string place, ReadOnlySpan<byte> content, DateTimeOffset now)
    {
        var key = keys.SigningKey(now);
        return $"{Version} {key.Id} {Base64Url.EncodeToString(Mac(key, place, content))}";
    }

    /// <summary>Checks what <see cref="Sign"/> made. Takes any text, and compares in constant time.</summary>
    public bool IsGenuine(string place, ReadOnlySpan<byte> content, string? seal)
    {
        if (seal?.Split(' ') is not [Version, var keyId, var mac] || keys.Find(keyId) is not { } key)
        {
            return false;
        }

        var expected = Encoding.ASCII.GetBytes(Base64Url.EncodeToString(Mac(key, place, content)));
        return CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(mac));
    }

    private byte[] Mac(ApprovalKey key, string place, ReadOnlySpan<byte> content)
    {
        var derived = _derived.GetOrAdd(
            key.Id,
            _ => HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Secret.ToArray(), DerivedBytes, info: Purpose)
        );
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, derived);
        // The length in front: no place and content can be cut in another way.
        var utf8 = Encoding.UTF8.GetBytes(place);
        mac.AppendData(
            Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Version}\n{utf8.Length}\n"))
        );
        mac.AppendData(utf8);
        mac.AppendData(content);
        return mac.GetHashAndReset();
    }
}
