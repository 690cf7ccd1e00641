using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SelfDev.Core.Approvals;

/// <summary>What a link says: this person may decide about this plan until then.</summary>
/// <param name="InstanceId">Workflow instance that waits for the decision.</param>
/// <param name="Round">Which plan of the action, 1-based: a re-planned action has new links.</param>
/// <param name="Nonce">Unique to the link; 1 to 64 characters.</param>
public sealed record ApprovalClaims(
    string PlanHash,
    string InstanceId,
    int Round,
    string Approver,
    DateTimeOffset ExpiresAt,
    string Nonce
);

/// <summary>
/// Tokens of approval links: <c>v1.&lt;keyId&gt;.&lt;payload, base64url JSON&gt;.&lt;HMAC-SHA256 of all before it,
/// base64url&gt;</c> (HMAC: RFC 2104; base64url without padding: RFC 4648 section 5).
/// </summary>
public static class ApprovalTokens
{
    /// <summary>Longer text is refused unread.</summary>
    public const int MaxChars = 2048;

    private const string Version = "v1";

    // Verified against when the key is unknown, so that an unknown key takes as long as a known one.
    private static readonly byte[] NoKey = new byte[ApprovalKey.MinSecretBytes];

    /// <exception cref="InvalidOperationException">No key of the ring is valid now.</exception>
    public static string Issue(ApprovalKeyRing keys, ApprovalClaims claims, DateTimeOffset now)
    {
        var key = keys.SigningKey(now);
        var payload = JsonSerializer.SerializeToUtf8Bytes(
            new Payload(
                claims.PlanHash,
                claims.InstanceId,
                claims.Round,
                claims.Approver,
                claims.ExpiresAt.ToUnixTimeMilliseconds(),
                claims.Nonce
            )
        );
        var signed = $"{Version}.{key.Id}.{Base64Url.EncodeToString(payload)}";
        return $"{signed}.{Mac(key.Secret.Span, signed)}";
    }

    /// <summary>
    /// Checks a token. Takes any text, compares in constant time and reads the payload only once the signature is good.
    /// A token is valid strictly before its expiry.
    /// </summary>
    /// <param name="tolerance">Clock difference that is forgiven at the expiry; zero unless configured.</param>
    public static TokenReading Verify(
        ApprovalKeyRing keys,
        string token,
        DateTimeOffset now,
        TimeSpan tolerance = default
    )
    {
        if (token.Length > MaxChars || token.Split('.') is not [Version, var keyId, var payload, var mac])
        {
            return new TokenReading(TokenStatus.Malformed, null);
        }

        var key = keys.Find(keyId);
        var isGenuine = CryptographicOperations.FixedTimeEquals(
            Encoding.ASCII.GetBytes(Mac(key is null ? NoKey : key.Secret.Span, $"{Version}.{keyId}.{payload}")),
            Encoding.UTF8.GetBytes(mac)
        );
        if (key is null || !isGenuine)
        {
            return new TokenReading(TokenStatus.Forged, null);
        }

        if (!key.IsValidAt(now))
        {
            return new TokenReading(TokenStatus.KeyRetired, null);
        }

        var claims = Read(payload);
        if (claims is null)
        {
            return new TokenReading(TokenStatus.Malformed, null);
        }

        return new TokenReading(now < claims.ExpiresAt + tolerance ? TokenStatus.Valid : TokenStatus.Expired, claims);
    }

    private static string Mac(ReadOnlySpan<byte> secret, string signed) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(signed)));

    private static ApprovalClaims? Read(string payload)
    {
        try
        {
            var read = JsonSerializer.Deserialize<Payload>(Base64Url.DecodeFromChars(payload));
            return read is null
                ? null
                : new ApprovalClaims(
                    read.P,
                    read.I,
                    read.R,
                    read.A,
                    DateTimeOffset.FromUnixTimeMilliseconds(read.E),
                    read.N
                );
        }
        catch (Exception exception) when (exception is JsonException or FormatException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    // One-letter names keep links short enough for mail clients that wrap.
    private sealed record Payload(string P, string I, int R, string A, long E, string N);
}

/// <param name="Claims">Set when the signature is good and its key valid, also when expired.</param>
public sealed record TokenReading(TokenStatus Status, ApprovalClaims? Claims);

public enum TokenStatus
{
    Valid,

    /// <summary>Not a token at all.</summary>
    Malformed,

    /// <summary>Wrong signature or unknown key.</summary>
    Forged,

    /// <summary>Its key is not valid any more, or not yet.</summary>
    KeyRetired,

    Expired,
}

/// <summary>A secret that signs links from <paramref name="NotBefore"/> (inclusive) to <paramref name="NotAfter"/>
/// (exclusive).</summary>
/// <param name="Id">ASCII letters, digits, <c>-</c> and <c>_</c>; stands in every token.</param>
/// <param name="Secret">At least <see cref="MinSecretBytes"/> random bytes.</param>
public sealed record ApprovalKey(
    string Id,
    ReadOnlyMemory<byte> Secret,
    DateTimeOffset NotBefore,
    DateTimeOffset NotAfter
)
{
    /// <summary>As long as the hash's output (RFC 2104 section 3).</summary>
    public const int MinSecretBytes = 32;

    public bool IsValidAt(DateTimeOffset now) => NotBefore <= now && now < NotAfter;

    /// <summary>Keeps the secret out of logs.</summary>
    public override string ToString() => $"approval key '{Id}'";
}

/// <summary>
/// Keys by id. To rotate, add a key whose validity begins while the old one's still lasts: from then on the new one
/// signs, and links of both work until the old one ends.
/// </summary>
public sealed class ApprovalKeyRing
{
    private readonly Dictionary<string, ApprovalKey> _keys = new(StringComparer.Ordinal);

    /// <exception cref="ArgumentException">A key is too short, badly named or there twice.</exception>
    public ApprovalKeyRing(IEnumerable<ApprovalKey> keys)
    {
        foreach (var key in keys)
        {
            if (key.Secret.Length < ApprovalKey.MinSecretBytes)
            {
                throw new ArgumentException(
                    $"The secret of {key} has {key.Secret.Length} bytes; it needs {ApprovalKey.MinSecretBytes} or "
                        + $"more.",
                    nameof(keys)
                );
            }

            if (
                key.Id.Length == 0
                || !key.Id.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')
            )
            {
                throw new ArgumentException(
                    $"'{key.Id}' is no key id: use ASCII letters, digits, '-' and '_'.",
                    nameof(keys)
                );
            }

            if (!_keys.TryAdd(key.Id, key))
            {
                throw new ArgumentException($"There are two approval keys with the id '{key.Id}'.", nameof(keys));
            }
        }
    }

    public ApprovalKey? Find(string keyId) => _keys.GetValueOrDefault(keyId);

    /// <summary>The newest valid key.</summary>
    /// <exception cref="InvalidOperationException">No key is valid.</exception>
    public ApprovalKey SigningKey(DateTimeOffset now) =>
        _keys
            .Values.Where(key => key.IsValidAt(now))
            .OrderByDescending(key => key.NotBefore)
            .ThenBy(key => key.Id, StringComparer.Ordinal)
            .FirstOrDefault()
        ?? throw new InvalidOperationException($"No approval key is valid at {now:O}: add one to the key ring.");
}
