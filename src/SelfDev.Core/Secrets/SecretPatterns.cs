using System.Buffers;
using System.Text.RegularExpressions;
using SelfDev.Core.Secrets.Forms;

namespace SelfDev.Core.Secrets;

/// <summary>
/// The tables of secret forms, put together. Prefixes and lengths are what the issuers document, or, where they
/// document none, the rules of gitleaks (github.com/gitleaks/gitleaks, config/gitleaks.toml), trufflehog
/// (github.com/trufflesecurity/trufflehog, pkg/detectors) and detect-secrets (github.com/Yelp/detect-secrets, plugins);
/// each row names its source. All expressions are non-backtracking: their time is linear in the text, whatever it
/// holds.
/// </summary>
internal static class SecretPatterns
{
    /// <value>All forms that one line can hold.</value>
    public static IReadOnlyList<SecretPattern> All { get; } =
    [
        .. CloudSecrets.Table,
        .. ModelSecrets.Table,
        .. CodeSecrets.Table,
        .. ServiceSecrets.Table,
        .. InfrastructureSecrets.Table,
        .. WebSecrets.Table,
        .. CommandSecrets.Table,
        .. AssignedSecrets.Table,
    ];

    public static LiteralIndex Index { get; } = new(All);

    /// <value>
    /// Forms without any literal, which are a whole run of the characters of base64: tried on runs of this length only.
    /// Azure DevOps' older personal access tokens (32 bytes in base32; trufflehog), Mailgun's keys (gitleaks
    /// mailgun-signing-key).
    /// </value>
    public static IReadOnlyList<(int Length, SecretPattern Pattern)> Runs { get; } =
    [
        (52, SecretPattern.Place("azure-devops-token", "^(?<s>[a-z2-7]{52})$", Checks.RandomNoDigest)),
        (50, SecretPattern.Place("mailgun-key", "^(?<s>[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})$", Checks.RandomNoDigest)),
    ];

    /// <value>What stands in a secret's place.</value>
    public static Regex Mark { get; } = SecretPattern.Expression("\\[redacted:[a-z0-9\\-]{1,40}\\]");

    public static Regex PemBegin { get; } =
        SecretPattern.Expression("-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----");

    public static Regex PemEnd { get; } =
        SecretPattern.Expression("-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----");

    /// <value>Terminal sequences (ECMA-48 CSI and OSC), which can stand in the middle of a token.</value>
    public static Regex TerminalSequence { get; } =
        SecretPattern.Expression("\\x1b(?:\\[[0-9;:?<=>]*[ -/]*[@-~]|\\][^\\x07\\x1b]*(?:\\x07|\\x1b\\\\))");

    /// <summary>
    /// Length of what loggers put before a text: rank, time, level, an opening quote. Left out when lines are put
    /// together.
    /// </summary>
    public static int PrefixLength(string line) =>
        line.Length > 0 && PrefixBegins.Contains(line[0]) ? LogPrefix.Match(line).Length : 0;

    private static readonly SearchValues<char> PrefixBegins = SearchValues.Create(" [0123456789IWED>|\"'");

    private static Regex LogPrefix { get; } =
        SecretPattern.Expression(
            "\\A(?:\\s*(?:\\[[^\\]]{0,80}\\]:?|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]+(?:Z|[+\\-][0-9:]+)?"
                + "|[0-9]{1,6}:|(?:INFO|WARN|WARNING|ERROR|DEBUG)\\b[ :\\-]*|[>|]))*\\s*[\"']?"
        );
}
