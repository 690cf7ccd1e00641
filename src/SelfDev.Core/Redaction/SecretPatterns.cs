using System.Text.RegularExpressions;

namespace SelfDev.Core.Redaction;

/// <summary>One form of secret.</summary>
/// <param name="Kind">Stands in the text in the secret's place: <c>[redacted:kind]</c>.</param>
/// <param name="Line">Finds it in one line; a group called <c>s</c> marks the secret part, else the whole match is.</param>
/// <param name="Joined">Finds it in lines put together, where there is no word boundary to rely on; null where the form is too loose for that.</param>
/// <param name="MustLookRandom">Whether a match that reads like words is let go.</param>
internal sealed record SecretPattern(string Kind, Regex Line, Regex? Joined, bool MustLookRandom);

/// <summary>
/// The table of secret forms. Prefixes and lengths are what the issuers document, or, where they document none, the rules
/// of gitleaks (github.com/gitleaks/gitleaks, config/gitleaks.toml) and detect-secrets (github.com/Yelp/detect-secrets).
/// All expressions are non-backtracking: their time is linear in the text, whatever it holds.
/// </summary>
internal static class SecretPatterns
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <value>Forms with a shape of their own.</value>
    public static IReadOnlyList<SecretPattern> Tokens { get; } =
    [
        // AWS IAM unique identifiers: access keys (AKIA), temporary ones (ASIA), bearer tokens (ABIA), context credentials (ACCA).
        Token("aws-key", "(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"),
        // 64 random bytes in base64 (Azure Storage, "Manage storage account access keys").
        Token("azure-storage-key", "[A-Za-z0-9+/]{86}=="),
        Named("azure-storage-key", "(?:AccountKey|SharedAccessKey)\\s*=\\s*(?<s>[A-Za-z0-9+/]{40,86}={0,2})"),
        // The signature is what makes a SAS a credential; its other parameters say what it was for.
        Named("azure-sas", "\\bsig=(?<s>[A-Za-z0-9%+/_\\-]{30,}(?:%3[dD]|=)*)"),
        // Entra client secrets (gitleaks azure-ad-client-secret).
        Token("azure-client-secret", "[A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.\\-]{31,34}"),
        // Common annotated security keys (github.com/microsoft/security-utilities): the signature JQQJ at character 52.
        Token("azure-key", "[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9+/]{26,31}={0,2}"),
        // RFC 7519, RFC 7516: base64url parts; a JSON object that begins with {" encodes to eyJ.
        Token("jwt", "eyJ[A-Za-z0-9_\\-]{8,}\\.[A-Za-z0-9_\\-]{8,}(?:\\.[A-Za-z0-9_\\-]+){0,3}"),
        // GitHub, "GitHub's token formats".
        Token("github-token", "gh[pousr]_[A-Za-z0-9]{36,255}"),
        Token("github-token", "github_pat_[A-Za-z0-9_]{22,255}"),
        Token("gitlab-token", "glpat-[A-Za-z0-9_\\-]{20,}"),
        // Slack, "Token types" and "Incoming webhooks".
        Token("slack-token", "xox[abeoprs]-[A-Za-z0-9\\-]{10,}"),
        Token("slack-token", "xapp-[0-9]-[A-Za-z0-9\\-]{20,}"),
        Token("slack-webhook", "hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{40,}"),
        // OpenAI and the services that took over its form; looking random keeps names like sk-learn out.
        Token("openai-key", "sk-[A-Za-z0-9_\\-]{20,}", mustLookRandom: true),
        Token("huggingface-token", "hf_[A-Za-z0-9]{34,40}"),
        Token("nvidia-key", "nvapi-[A-Za-z0-9_\\-]{40,}"),
        Token("google-key", "AIza[A-Za-z0-9_\\-]{35}"),
        Token("databricks-token", "dapi[0-9a-f]{32}"),
        Token("npm-token", "npm_[A-Za-z0-9]{36}"),
        Token("pypi-token", "pypi-AgEI[A-Za-z0-9_\\-]{50,}"),
        Token("stripe-key", "(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}"),
        Named("wandb-key", "wandb(?:\\.| )login[^A-Za-z0-9]{1,4}(?:--[a-z]+ )?(?<s>[0-9a-f]{40})"),
        // RFC 3986 section 3.2.1: user information before the host.
        Named("url-password", "[A-Za-z][A-Za-z0-9+.\\-]*://[^\\s/:@'\"]{0,256}:(?<s>[^\\s/@'\"]{1,256})@"),
        // RFC 6750, RFC 7617.
        Named("bearer", "(?i:\\bbearer)\\s+(?<s>[A-Za-z0-9._~+/=\\-]{16,})"),
        Named("basic-auth", "(?i:authorization)[\"']?\\s*[:=]\\s*[\"']?(?i:basic)\\s+(?<s>[A-Za-z0-9+/=]{4,})"),
        // A key that was printed with its line breaks escaped; across real lines SecretRedactor follows the block.
        Named("private-key", "(?<s>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----\\S.*)"),
    ];

    /// <value>Names whose value is a secret whatever it looks like. Named groups: <c>s</c> the value.</value>
    public static Regex SecretAssignment { get; } = Assignment(
        "pass(?:word|wd|phrase)|pwd|client_?-?secret|secret_?-?(?:access_?-?)?key|account_?-?key|shared_?-?access_?-?key|api_?-?key|private_?-?key|access_?-?token|auth_?-?token|refresh_?-?token|id_?-?token|secret",
        4);

    /// <value>Names whose value is a secret if it looks random: <c>token</c> alone mostly names something of a tokenizer.</value>
    public static Regex MaybeAssignment { get; } = Assignment("token|credentials?|authorization|auth|signature|session_?-?(?:id|key)|access_?-?key|key", 16);

    /// <value>The secret half of an AWS key pair has no shape but its length: looked for near the id only.</value>
    public static Regex AwsSecret { get; } = new("(?:^|[^A-Za-z0-9/+])(?<s>[A-Za-z0-9/+]{40})(?:$|[^A-Za-z0-9/+=])", Options);

    public static Regex Base64Run { get; } = new("[A-Za-z0-9+/_\\-]{24,}={0,2}", Options);

    public static Regex PemBegin { get; } = new("-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", Options);

    public static Regex PemEnd { get; } = new("-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----", Options);

    /// <value>Terminal sequences (ECMA-48 CSI and OSC), which can stand in the middle of a token.</value>
    public static Regex TerminalSequence { get; } = new("\\x1b(?:\\[[0-9;:?<=>]*[ -/]*[@-~]|\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\))", Options);

    /// <value>What loggers put before a text: rank, time, level. Left out when lines are put together.</value>
    public static Regex LogPrefix { get; } = new(
        "\\A(?:\\s*(?:\\[[^\\]]{0,80}\\]:?|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]+(?:Z|[+\\-][0-9:]+)?|[0-9]{1,6}:|(?:INFO|WARN|WARNING|ERROR|DEBUG)\\b[ :\\-]*|[>|]))*\\s*[\"']?",
        Options);

    private static SecretPattern Token(string kind, string body, bool mustLookRandom = false) =>
        new(kind, new Regex("(?:^|[^A-Za-z0-9])(?<s>" + body + ")", Options), new Regex("(?<s>" + body + ")", Options), mustLookRandom);

    private static SecretPattern Named(string kind, string pattern) => new(kind, new Regex(pattern, Options), null, false);

    // name = value, name: value, "name": "value", --name value; up to 40 characters before the telling end of the name.
    private static Regex Assignment(string names, int minChars) => new(
        "(?i)(?:^|[^A-Za-z0-9_])(?:(?:[A-Za-z0-9_.\\-]{0,40}[_.\\-])?(?:" + names + ")[\"']?\\s*(?:=>|:=|=|:)\\s*|--(?:[a-z\\-]{0,40}-)?(?:" + names + ")\\s+)"
        + "(?:\"(?<s>[^\"]{" + minChars + ",})|'(?<s>[^']{" + minChars + ",})|(?<s>[^\\s\"',;&)\\]}]{" + minChars + ",}))",
        Options);
}
