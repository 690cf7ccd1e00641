using System.Buffers;

namespace SelfDev.Core.Redaction.Secrets;

/// <summary>What tells a secret from a text that only has its form.</summary>
internal static class Checks
{
    private static readonly SearchValues<char> OfVersions = SearchValues.Create("0123456789.");

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdefABCDEF");

    private static readonly string[] DigestWords =
    [
        "commit", "sha1", "sha256", "sha512", "sha-", "sha:", "sha=", "md5", "digest", "hash", "checksum", "revision", "rev ", "rev:", "rev=",
        "git ", "tree", "head", "etag", "fingerprint", "thumbprint", "object ", "@",
    ];

    private static readonly string[] CacheWords = ["cache", "idempot", "routing", "surrogate", "partition", "sort", "primary", "public"];

    /// <summary>The text changes its kinds of letters as generated text does.</summary>
    public static bool Random(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) => Randomness.LooksRandom(secret);

    /// <summary>The text stands for itself, not for a secret that is elsewhere.</summary>
    public static bool Real(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) => !Randomness.IsPlaceholder(secret);

    /// <summary>No word just before says that a digest follows: a commit is as long as a key of W&amp;B.</summary>
    public static bool NoDigest(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        !EndsWithAny(before, 16, DigestWords) && secret.ContainsAnyInRange('0', '9');

    public static bool RandomNoDigest(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Randomness.LooksRandom(secret) && NoDigest(before, secret);

    /// <summary>A password may be a word; a number alone after <c>-u</c> or in a URL is a user's or a version's.</summary>
    public static bool RealNoNumber(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Real(before, secret) && secret.ContainsAnyExcept(OfVersions);

    /// <summary>Holds a digit or a sign inside: of words alone, prose is made.</summary>
    public static bool NoWord(ReadOnlySpan<char> before, ReadOnlySpan<char> secret)
    {
        secret = secret.Trim("\"'`.,;:!?()");
        foreach (var character in secret)
        {
            if (!char.IsLetter(character) && character is not '-' and not '\'' and not '/')
            {
                return Real(before, secret);
            }
        }

        return false;
    }

    /// <summary>Not the name of a place in a cache, which headers call keys too.</summary>
    public static bool NoCacheKey(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Real(before, secret) && !EndsWithAny(before, 40, CacheWords);

    /// <summary>Base64 of <c>user:password</c> (RFC 7617).</summary>
    public static bool UserAndPassword(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Base64Text.TryDecode(secret, 1024)?.Contains(':', StringComparison.Ordinal) == true;

    /// <summary>
    /// For names that mostly name no secret. A UUID or a digest is one only where the name speaks of access: the key of an
    /// X.509 certificate and the key of a cache entry are digests.
    /// </summary>
    public static bool LooseName(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Randomness.LooksRandom(secret) && (!IsDigest(secret) || EndsWithAny(before, 40, ["token", "auth", "cred", "access", "secret", "api", "session"]));

    private static bool IsDigest(ReadOnlySpan<char> text) =>
        (text.Length is 36 && Guid.TryParseExact(text, "D", out _))
        || (text.Length is 40 or 64 or 96 or 128 && !text.ContainsAnyExcept(Hex));

    private static bool EndsWithAny(ReadOnlySpan<char> text, int within, string[] words)
    {
        var end = text[^Math.Min(within, text.Length)..];
        foreach (var word in words)
        {
            if (end.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
