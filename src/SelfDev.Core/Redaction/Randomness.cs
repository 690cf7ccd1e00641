using System.Buffers;

namespace SelfDev.Core.Redaction;

/// <summary>Tells generated text from words and numbers.</summary>
internal static class Randomness
{
    /// <summary>Bits a character; gitleaks' generic rule takes 3.5, English prose of this length has about as much, hence the digit rule too.</summary>
    private const double MinEntropy = 3.3;

    /// <summary>gpt2-large-english has one change of class, a key of 16 characters eight or more.</summary>
    private const int MinChanges = 4;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

    private static readonly SearchValues<char> OfNumbers = SearchValues.Create("0123456789.,:+-eE_xX/%TZ ");

    /// <summary>
    /// Whether the text changes between capitals, small letters and digits as names do not, and has a Shannon entropy that
    /// measurements do not reach.
    /// </summary>
    public static bool LooksRandom(ReadOnlySpan<char> text) =>
        text.Length >= 16 && text.ContainsAny(Digits) && text.ContainsAnyExcept(OfNumbers) && Changes(text) >= MinChanges && Entropy(text) >= MinEntropy;

    private static readonly SearchValues<char> OfMasks = SearchValues.Create("*xX.•#-_ ");

    private static readonly SearchValues<char> OfCapitalNames = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

    private static readonly SearchValues<char> OfSmallNames = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_");

    private static readonly string[] CodeStarts =
    [
        "os.environ", "os.getenv", "getenv(", "getpass", "self.", "args.", "config.", "cfg.", "settings.", "process.env", "Environment.", "Optional[",
        "str(", "input(", "lambda ", "env(",
    ];

    private static readonly string[] Nothings =
    [
        "null", "none", "nil", "true", "false", "not set", "undefined", "unset", "empty", "missing", "required", "optional", "invalid", "incorrect", "hidden",
        "redacted", "masked", "present", "str,", "string", "bytes", "bool", "password", "passwd", "passphrase", "secret", "token", "api_key", "apikey",
    ];

    public static bool HasMixedCase(ReadOnlySpan<char> text) => text.ContainsAnyInRange('a', 'z') && text.ContainsAnyInRange('A', 'Z');

    /// <summary>
    /// Whether a value stands for a secret that is not there: masked, a variable of a shell or a template, nothing, the name of
    /// a type or of a call in code, or the path of a file (PWD=/home/train).
    /// </summary>
    public static bool IsPlaceholder(ReadOnlySpan<char> value) =>
        !value.ContainsAnyExcept(OfMasks)
        || (value.StartsWith("/") && value.Count('/') > 1 && !HasMixedCase(value))
        || value.StartsWith("<") || value.StartsWith("[redacted") || IsVariable(value) || IsCode(value) || IsNothing(value);

    // ${NAME}, $(command), $NAME and $name, {{ name }}, %(name)s, %NAME%.
    private static bool IsVariable(ReadOnlySpan<char> value) =>
        value.StartsWith("${") || value.StartsWith("$(") || value.StartsWith("{{") || value.StartsWith("%(")
        || (value.Length > 1 && value[0] == '$' && (!value[1..].ContainsAnyExcept(OfCapitalNames) || !value[1..].ContainsAnyExcept(OfSmallNames)))
        || (value.Length > 2 && value[0] == '%' && value[^1] == '%');

    private static bool IsCode(ReadOnlySpan<char> value)
    {
        foreach (var start in CodeStarts)
        {
            if (value.StartsWith(start, StringComparison.Ordinal))
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

    /// <summary>Shannon entropy of the characters' frequencies, in bits a character.</summary>
    private static double Entropy(ReadOnlySpan<char> text)
    {
        Span<int> counts = stackalloc int[128];
        var counted = 0;
        foreach (var character in text)
        {
            if (character < 128)
            {
                counts[character]++;
                counted++;
            }
        }

        var entropy = 0.0;
        foreach (var count in counts)
        {
            if (count > 0)
            {
                var share = (double)count / counted;
                entropy -= share * Math.Log2(share);
            }
        }

        return entropy;
    }

    private static int Changes(ReadOnlySpan<char> text)
    {
        var changes = 0;
        for (var at = 1; at < text.Length; at++)
        {
            changes += Class(text[at]) is var now and > 0 && Class(text[at - 1]) is var before and > 0 && now != before ? 1 : 0;
        }

        return changes;
    }

    private static int Class(char character) =>
        char.IsAsciiDigit(character) ? 1 : char.IsAsciiLetterLower(character) ? 2 : char.IsAsciiLetterUpper(character) ? 3 : 0;
}
