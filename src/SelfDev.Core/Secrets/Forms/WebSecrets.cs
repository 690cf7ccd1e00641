using SelfDev.Core.Text;
using static SelfDev.Core.Secrets.Forms.SecretPattern;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>Credentials in HTTP headers, in URLs and in cookies, of whatever vendor.</summary>
internal static class WebSecrets
{
    // Between a header's name and its value: as sent, in JSON, in a dictionary or a list of pairs of Python, bytes or
    // not.
    private const string Is = """(?:\\{0,3}["']\s*[:=,]|\s*[:=])\s*b?(?:\\{0,3}["'])?""";

    private const string Value = """(?<s>[^\s"',;&\\<>]{6,})""";

    // The schemes of RFC 7235's registry and those that services made up.
    private const string Scheme =
        "(?i:token token=\"?|(?:bearer|token|apikey|api-key|key|bot|ssws|splunk|geniekey|discord|digest|negotiate|ntlm"
        + "|aws|oauth|sso-key|klaviyo-api-key|private)\\s+)";

    // Headers that carry a key by their own names.
    private const string KeyHeader =
        "(?i:(?:^|[^A-Za-z0-9])(?:x-[a-z0-9\\-]{0,40}(?:token|key|secret|auth|password|signature)|private-token"
        + "|job-token|deploy-token|api-?key|apikey|fastly-key|cf-access-client-secret|dd-(?:api|application)-key"
        + "|circle-token|ocp-apim-subscription-key|subscription-key|xi-api-key|x-goog-api-key|trakt-api-key"
        + "|client-secret|auth-token|access-token|session-token|csrf-token|xsrf-token))";

    // Schemes whose URLs have no path before the user, so that a slash may be the password's.
    private const string PasswordScheme =
        "(?i:postgres(?:ql)?|mysql|mariadb|mongodb(?:\\+srv)?|rediss?|amqps?|clickhouse|mssql|sqlserver|ldaps?|smtps?"
        + "|imaps?|ftps?|sftp)(?:\\+[a-z0-9]{1,20})?";

    private const string QueryName =
        "(?i:[?&](?:access_?token|auth_?token|id_token|refresh_token|token|api_?key|apikey|key|auth|secret"
        + "|client_secret|password|passwd|pwd|pass|sig|signature|jwt|ticket|session|sessionid|sid))";

    private static readonly string[] QueryNameBegins =
    [
        "acc",
        "auth",
        "id_t",
        "refr",
        "tok",
        "api",
        "key",
        "sec",
        "cli",
        "pas",
        "pw",
        "sig",
        "jwt",
        "tick",
        "sess",
        "sid",
    ];

    public static IReadOnlyList<SecretPattern> Table { get; } =
    [
        // RFC 7519, RFC 7516: base64url parts; a JSON object that begins with {" encodes to eyJ.
        Token("jwt", "eyJ[A-Za-z0-9_\\-]{8,}\\.[A-Za-z0-9_\\-]{8,}(?:\\.[A-Za-z0-9_\\-]+){0,3}", "eyJ"),
        // RFC 6750, RFC 7617: Authorization: <scheme> <credential>, and the credential with its scheme alone.
        Place("bearer", "(?i:\\bbearer)\\s+(?<s>[A-Za-z0-9._~+/=\\-]{16,})", Checks.Real, "bearer"),
        Place("basic-auth", $"(?i:authorization){Is}(?i:basic)\\s+(?<s>[A-Za-z0-9+/=_\\-]{{4,}})", null, "basic"),
        Place("basic-auth", "(?i:\\bbasic)\\s+(?<s>[A-Za-z0-9+/]{8,}={0,2})", Checks.UserAndPassword, "basic"),
        Place("authorization", $"(?i:authorization){Is}{Scheme}{Value}", Checks.Real, "authorization"),
        Place(
            "authorization",
            $$"""(?i:authorization){{Is}}(?:[A-Za-z][A-Za-z0-9\-]{1,30}\s+)?(?<s>[^\s"',;\\<>]{8,})""",
            Checks.NoWord,
            "authorization"
        ),
        Place(
            "aws-signature",
            "AWS4-HMAC-SHA256[^\\r\\n]{0,400}?Signature=(?<s>[0-9a-f]{64})",
            null,
            "AWS4-HMAC-SHA256"
        ),
        // Headers that name a place in a cache are no keys.
        Place(
            "header",
            KeyHeader + Is + Value,
            Checks.NoCacheKey,
            "token",
            "key",
            "secret",
            "auth",
            "password",
            "signature"
        ),
        // curl -H "Some-Token: x" (gitleaks curl-auth-header).
        Place(
            "header",
            """(?i:\s(?:-H|--header)[\s=]*["'][a-z0-9\-]{0,40}(?:token|key|secret|auth|password|pass)"""
                + """[a-z0-9\-]{0,20}:)\s*(?:[A-Za-z][A-Za-z0-9\-]{1,20}\s+)?(?<s>[^"'\s][^"']{3,})["']""",
            Checks.NoCacheKey,
            "token",
            "key",
            "secret",
            "auth",
            "pass"
        ),
        Place(
            "cookie",
            $$"""(?i:(?:^|[^A-Za-z0-9_])(?:set-)?cookie){{Is}}(?<s>[A-Za-z0-9_.\-%]{1,80}=[^\s"']{8,}.*)""",
            null,
            "cookie"
        ),
        // RFC 3986 section 3.2.1: user information before the host (detect-secrets basic_auth; trufflehog uri): any
        // scheme.
        Place(
            "url-password",
            """[A-Za-z][A-Za-z0-9+.\-]*://[^\s/:@'"]{0,256}:(?<s>[^\s/'"]{1,256})@""",
            Checks.RealNoNumber,
            "://"
        ),
        Place(
            "url-password",
            PasswordScheme + """://[^\s/:@'"]{0,256}:(?<s>[^\s'"]{1,256})@[A-Za-z0-9\[]""",
            Checks.RealNoNumber,
            "://"
        ),
        Place("url-token", "[A-Za-z][A-Za-z0-9+.\\-]*://(?<s>[A-Za-z0-9_.\\-]{16,256})@", Checks.Random, "://"),
        // Keys in a query: tickets of notebooks, signed addresses of content networks, keys of maps.
        Place(
            "query",
            QueryName + "=(?<s>[A-Za-z0-9%._~+/=\\-]{8,})",
            QueryValue,
            [.. from sign in "?&" from name in QueryNameBegins select sign + name]
        ),
    ];

    // Passwords are whatever they look like; keys and tickets look random.
    private static bool QueryValue(ReadOnlySpan<char> before, ReadOnlySpan<char> secret)
    {
        var name = before[(before.LastIndexOfAny('?', '&') + 1)..];
        return
            name.Contains("pass", StringComparison.OrdinalIgnoreCase)
            || name.Contains("pwd", StringComparison.OrdinalIgnoreCase)
            || name.Contains("secret", StringComparison.OrdinalIgnoreCase)
            ? Checks.Real(before, secret)
            : Randomness.LooksRandom(secret);
    }
}
