using System.Text.RegularExpressions;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>Whether what a pattern found is a secret.</summary>
/// <param name="before">The line up to it; empty where it was found across lines.</param>
internal delegate bool SecretCheck(ReadOnlySpan<char> before, ReadOnlySpan<char> secret);

/// <summary>One form of secret.</summary>
/// <param name="Kind">Stands in the text in the secret's place: <c>[redacted:kind]</c>.</param>
/// <param name="Literals">
/// A text that holds none of them cannot hold the form, so the expression is not tried on it. Case counts in those that
/// begin a token, see <paramref name="Begins"/>.
/// </param>
/// <param name="Begins">Whether the literals begin the token, and so stand at the begin of a word and in this
/// case.</param>
/// <param name="Line">Finds it in one line; the group <c>s</c> is the secret part.</param>
/// <param name="Joined">
/// Finds it in lines put together, where there is no word boundary to rely on; null where the form is too loose for
/// that.
/// </param>
/// <param name="Check">Lets go what only looks like the form; null where the form says enough.</param>
/// <param name="After">The form is looked for only behind this expression in the line; null for the whole line.</param>
internal sealed record SecretPattern(
    string Kind,
    IReadOnlyList<string> Literals,
    bool Begins,
    string Line,
    string? Joined,
    SecretCheck? Check,
    string? After = null
)
{
    /// <summary>
    /// Before a token: no letter or digit, but for the end of an escape (<c>\n</c>, <c>\u0022</c>, <c>%3D</c>). Texts
    /// in JSON and in URLs have these.
    /// </summary>
    private const string Left = """(?:^|[^A-Za-z0-9]|\\[nrt]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2})""";

    private const string Right = "(?:$|[^A-Za-z0-9])";

    // Made at first use: most forms never come up, and each expression costs about a millisecond. Two threads may make
    // the same one, which harms nobody.
    private Regex? inLine;
    private Regex? inJoined;
    private Regex? after;

    public Regex InLine => inLine ??= Expression(Line);

    public Regex? InJoined => Joined is null ? null : inJoined ??= Expression(Joined);

    /// <summary>Where in the line the form may begin; -1 where it cannot be.</summary>
    public int Start(string line)
    {
        if (After is null)
        {
            return 0;
        }

        var match = (after ??= Expression(After)).Match(line);
        return match.Success ? match.Index + match.Length : -1;
    }

    /// <summary>Non-backtracking: time is linear in the text, whatever it holds.</summary>
    public static Regex Expression(string pattern) =>
        new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    /// <summary>A form that its first characters tell, of any length from the one given.</summary>
    public static SecretPattern Token(string kind, string body, params string[] prefixes) =>
        Token(kind, body, null, prefixes);

    /// <inheritdoc cref="Token(string, string, string[])"/>
    public static SecretPattern Token(string kind, string body, SecretCheck? check, params string[] prefixes) =>
        new(kind, prefixes, Begins: true, $"{Left}(?<s>{body})", $"(?<s>{body})", check);

    /// <summary>
    /// A form whose first characters are few: what looks random behind them, is no digest (pip's RECORD files hold
    /// <c>sha256=r8_...</c>), and is not found across lines, where words run together.
    /// </summary>
    public static SecretPattern Brief(string kind, string body, params string[] prefixes) =>
        new(kind, prefixes, Begins: true, $"{Left}(?<s>{body})", null, Checks.RandomNoHash);

    /// <summary>
    /// A form that is a whole word of a fixed shape; its beginning alone tells too little to find it across lines.
    /// </summary>
    public static SecretPattern Word(string kind, string body, SecretCheck? check, params string[] prefixes) =>
        new(kind, prefixes, Begins: true, $"{Left}(?<s>{body}){Right}", null, check);

    /// <summary>A word of a fixed shape with a literal anywhere inside.</summary>
    public static SecretPattern Marked(string kind, string body, SecretCheck? check, params string[] literals) =>
        new(kind, literals, Begins: false, $"{Left}(?<s>{body}){Right}", $"(?<s>{body})", check);

    /// <summary>A word whose shape says little, at most 60 characters behind a word that says whose it is.</summary>
    /// <param name="names">An expression, case ignored.</param>
    public static SecretPattern Near(
        string kind,
        string names,
        string body,
        SecretCheck? check,
        params string[] literals
    ) => Place(kind, $"(?i:(?:^|[^A-Za-z0-9])(?:{names})).{{0,60}}?[^A-Za-z0-9](?<s>{body}){Right}", check, literals);

    /// <summary>A place in the line that holds a secret of any shape: the whole expression is given.</summary>
    public static SecretPattern Place(string kind, string pattern, SecretCheck? check, params string[] literals) =>
        new(kind, literals, Begins: false, pattern, null, check);

    public bool IsSecret(ReadOnlySpan<char> before, ReadOnlySpan<char> secret) =>
        Check is null || Check(before, secret);
}
