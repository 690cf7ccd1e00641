using System.Buffers;
using System.Collections.Frozen;
using SelfDev.Core.Text;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>What tells a secret from a text that only has its form.</summary>
internal static class Checks
{
    private static readonly SearchValues<char> OfVersions = SearchValues.Create("0123456789.");

    private static readonly SearchValues<char> OfNames = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
    );

    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdefABCDEF");

    private static readonly string[] HashWords =
    [
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
        "sha-",
        "sha:",
        "sha=",
        "md5",
        "digest",
        "hash",
        "checksum",
        "etag",
        "fingerprint",
        "thumbprint",
    ];

    private static readonly string[] CommitWords =
    [
        "commit",
        "revision",
        "rev ",
        "rev:",
        "rev=",
        "git ",
        "tree ",
        "head is",
        "object ",
    ];

    private static readonly string[] AccessWords =
    [
        "token",
        "auth",
        "cred",
        "access",
        "secret",
        "api",
        "session_key",
        "session-key",
    ];

    // What follows a telling name in a sentence, in a signature and in a call of Python.
    private static readonly FrozenSet<string> NoValues = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "required",
        "optional",
        "invalid",
        "incorrect",
        "expected",
        "provided",
        "given",
        "specified",
        "needed",
        "wrong",
        "failed",
        "failure",
        "changed",
        "expired",
        "accepted",
        "rejected",
        "option",
        "options",
        "flag",
        "flags",
        "argument",
        "arguments",
        "parameter",
        "parameters",
        "prompt",
        "stdin",
        "file",
        "field",
        "value",
        "values",
        "must",
        "should",
        "with",
        "from",
        "when",
        "will",
        "that",
        "this",
        "does",
        "cannot",
        "bytes",
        "string",
        "bool",
        "str,",
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "api_key",
        "apikey",
        "client_secret",
        "user_pass"
    );

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> NoValue = NoValues.GetAlternateLookup<
        ReadOnlySpan<char>
    >();

    private static readonly string[] PasswordWords = ["pass", "pwd", "_pw", "-pw"];

    private static readonly string[] CacheWords = ["cache", "idempot", "routing", "surrogate", "partition", "public"];

    /// <summary>The text changes its kinds of letters as generated text does.</summary>
    public static bool Random(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) => Randomness.LooksRandom(secret);

    /// <summary>The text stands for itself, not for a secret that is elsewhere.</summary>
    public static bool Real(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) => !Placeholders.Contain(secret);

    /// <summary>No word just before says that a digest follows: a commit is as long as a key of W&amp;B.</summary>
    public static bool NoDigest(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        !EndsWithAny(before, 16, HashWords)
        && !EndsWithAny(before, 16, CommitWords)
        && before is not [.., '@']
        && secret.ContainsAnyInRange('0', '9');

    public static bool RandomNoDigest(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Randomness.LooksRandom(secret) && NoDigest(before, secret);

    /// <inheritdoc cref="SecretPattern.Brief"/>
    public static bool RandomNoHash(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Randomness.LooksRandom(secret) && !EndsWithAny(before, 40, HashWords);

    /// <summary>
    /// A password may be a word; a number alone after <c>-u</c> or in a URL is a user's or a version's.
    /// </summary>
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
        Real(before, secret) && !HasAny(NameBefore(before), CacheWords);

    /// <summary>Base64 of <c>user:password</c> (RFC 7617).</summary>
    public static bool UserAndPassword(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Base64Text.TryDecode(secret, 1024)?.Contains(':', StringComparison.Ordinal) == true;

    /// <summary>
    /// For names that mostly name no secret. A UUID or a digest is one only where the name speaks of access: the key of
    /// an X.509 certificate and the key of a cache entry are digests.
    /// </summary>
    public static bool LooseName(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Randomness.LooksRandom(secret)
        && !secret.StartsWith("0x")
        && !secret.Contains('@')
        && (!IsDigest(secret) || HasAny(NameBefore(before), AccessWords));

    /// <summary>For names that tell: a number is a password only; the others number an entry of a vocabulary.</summary>
    public static bool TellingName(ReadOnlySpan<char> before, ReadOnlySpan<char> secret)
    {
        if (!Real(before, secret) || NoValue.Contains(secret.TrimEnd(".!?")) || IsResourceName(before))
        {
            return false;
        }

        // PWD is the shell's folder, and a password elsewhere.
        var name = NameBefore(before);
        return !secret.ContainsAnyExcept(OfVersions)
            ? HasAny(name, PasswordWords)
            : !(secret[0] == '/' && name.EndsWith("pwd", StringComparison.OrdinalIgnoreCase));
    }

    // arn:aws:secretsmanager:eu-west-1:123456789012:secret:name
    private static bool IsResourceName(ReadOnlySpan<char> before) =>
        before.EndsWith(":secret:") && before.Contains(":secretsmanager:", StringComparison.Ordinal);

    /// <summary>
    /// For a sentence that speaks of a key: generated text, and neither a digest nor the key of a cache.
    /// </summary>
    public static bool SpokenKey(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Randomness.LooksGenerated(secret)
        && !IsDigest(secret)
        && !EndsWithAny(before, 40, HashWords)
        && !EndsWithAny(before, 40, CacheWords);

    private static bool IsDigest(ReadOnlySpan<char> text) =>
        (text.Length is 36 && Guid.TryParseExact(text, "D", out _))
        || (text.Length is 40 or 64 or 96 or 128 && !text.ContainsAnyExcept(Hex));

    private static bool EndsWithAny(ReadOnlySpan<char> text, int within, string[] words) =>
        HasAny(text[^Math.Min(within, text.Length)..], words);

    private static bool HasAny(ReadOnlySpan<char> text, string[] words)
    {
        foreach (var word in words)
        {
            if (text.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    // The last name of the text, at most 64 characters, without what leads from it to its value.
    private static ReadOnlySpan<char> NameBefore(ReadOnlySpan<char> before)
    {
        var text = before[^Math.Min(80, before.Length)..].TrimEnd(" \t\"'`\\])=:>,b");
        return text[(text.LastIndexOfAnyExcept(OfNames) + 1)..];
    }
}
