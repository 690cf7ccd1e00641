using System.Buffers;
using SelfDev.Core.Text;

namespace SelfDev.Core.Secrets.Forms;

/// <summary>Tells values that stand for a secret which is elsewhere: what gitleaks allows globally, and code.</summary>
internal static class Placeholders
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

    private static readonly SearchValues<char> OfMasks = SearchValues.Create("*xX.•#-_ ");

    private static readonly SearchValues<char> OfCapitalNames = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

    private static readonly SearchValues<char> OfSmallNames = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_");

    private static readonly SearchValues<char> OfIdentifiers = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_."
    );

    private static readonly string[] NameEnds =
    [
        "_token",
        "_key",
        "_secret",
        "_password",
        "_passwd",
        "_pwd",
        "_credentials",
    ];

    private static readonly string[] CodeStarts =
    [
        "os.environ",
        "getpass",
        "self.",
        "args.",
        "config.",
        "cfg.",
        "settings.",
        "process.env",
        "Environment.",
        "Optional[",
        "lambda ",
        "(",
        "[a-z",
        "[A-Z",
        "[0-9",
        "arn:",
    ];

    private static readonly string[] Nothings =
    [
        "null",
        "none",
        "nil",
        "true",
        "false",
        "not set",
        "undefined",
        "unset",
        "empty",
        "missing",
        "hidden",
        "redacted",
        "masked",
        "present",
    ];

    /// <summary>
    /// Whether the value is masked, a variable of a shell or a template, nothing, a name or a call in code, or the
    /// path of a file (PWD=/home/train).
    /// </summary>
    public static bool Contain(ReadOnlySpan<char> value) =>
        !value.ContainsAnyExcept(OfMasks)
        || value.StartsWith("<")
        || IsPath(value)
        || IsVariable(value)
        || IsCode(value)
        || IsNothing(value);

    // /home/train/run7, /workspace; what has one slash only may be base64.
    private static bool IsPath(ReadOnlySpan<char> value) =>
        value.StartsWith("/")
        && !Randomness.HasMixedCase(value)
        && (value.Count('/') > 1 || !value.ContainsAny(Digits));

    // ${NAME}, $(command), $NAME and $name, {{ name }}, %(name)s, %NAME%.
    private static bool IsVariable(ReadOnlySpan<char> value) =>
        value.StartsWith("${")
        || value.StartsWith("$(")
        || value.StartsWith("{{")
        || value.StartsWith("%(")
        || (value.Length > 2 && value[0] == '%' && value[^1] == '%')
        || (
            value.Length > 1
            && value[0] == '$'
            && (!value[1..].ContainsAnyExcept(OfCapitalNames) || !value[1..].ContainsAnyExcept(OfSmallNames))
        );

    // self.token, HfApi().login(...), auth_token: what Python's tracebacks quote.
    private static bool IsCode(ReadOnlySpan<char> value)
    {
        foreach (var start in CodeStarts)
        {
            if (value.StartsWith(start, StringComparison.Ordinal))
            {
                return true;
            }
        }

        var identifier = value.IndexOfAnyExcept(OfIdentifiers);
        return identifier >= 0
            ? identifier > 0 && value[identifier] == '(' && !char.IsAsciiDigit(value[0])
            : value.Contains('_') && !value.ContainsAny(Digits) && EndsAsName(value);
    }

    private static bool EndsAsName(ReadOnlySpan<char> value)
    {
        foreach (var end in NameEnds)
        {
            if (value.EndsWith(end, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNothing(ReadOnlySpan<char> value)
    {
        foreach (var word in Nothings)
        {
            if (value.Equals(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
