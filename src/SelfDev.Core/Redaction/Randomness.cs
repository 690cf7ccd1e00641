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

    /// <summary>As <see cref="LooksRandom"/>, and more than names of models do: generated text changes at every second character.</summary>
    public static bool LooksGenerated(ReadOnlySpan<char> text) => LooksRandom(text) && Changes(text) * 4 >= text.Length;

    private static readonly SearchValues<char> OfMasks = SearchValues.Create("*xX.•#-_ ");

    private static readonly SearchValues<char> OfCapitalNames = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

    private static readonly SearchValues<char> OfSmallNames = SearchValues.Create("abcdefghijklmnopqrstuvwxyz_");

    private static readonly SearchValues<char> OfIdentifiers =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.");

    private static readonly string[] NameEnds = ["_token", "_key", "_secret", "_password", "_passwd", "_pwd", "_credentials"];

    private static readonly string[] CodeStarts =
    [
        "os.environ", "getpass", "self.", "args.", "config.", "cfg.", "settings.", "process.env", "Environment.", "Optional[",
        "lambda ", "(", "[a-z", "[A-Z", "[0-9", "arn:",
    ];

    private static readonly string[] Nothings =
    [
        "null", "none", "nil", "true", "false", "not set", "undefined", "unset", "empty", "missing", "hidden", "redacted", "masked", "present",
    ];

    public static bool HasMixedCase(ReadOnlySpan<char> text) => text.ContainsAnyInRange('a', 'z') && text.ContainsAnyInRange('A', 'Z');

    /// <summary>
    /// Whether a value stands for a secret that is not there: masked, a variable of a shell or a template, nothing, the name of
    /// a type or of a call in code, or the path of a file (PWD=/home/train).
    /// </summary>
    public static bool IsPlaceholder(ReadOnlySpan<char> value) =>
        !value.ContainsAnyExcept(OfMasks)
        || IsPath(value)
        || value.StartsWith("<") || IsVariable(value) || IsCode(value) || IsNothing(value);

    // /home/train/run7, /workspace; what has one slash only may be base64.
    private static bool IsPath(ReadOnlySpan<char> value) =>
        value.StartsWith("/") && !HasMixedCase(value) && (value.Count('/') > 1 || !value.ContainsAny(Digits));

    // ${NAME}, $(command), $NAME and $name, {{ name }}, %(name)s, %NAME%.
    private static bool IsVariable(ReadOnlySpan<char> value) =>
        value.StartsWith("${") || value.StartsWith("$(") || value.StartsWith("{{") || value.StartsWith("%(")
        || (value.Length > 1 && value[0] == '$' && (!value[1..].ContainsAnyExcept(OfCapitalNames) || !value[1..].ContainsAnyExcept(OfSmallNames)))
        || (value.Length > 2 && value[0] == '%' && value[^1] == '%');

    // self.token, HfApi().login(...), auth_token: what Python's tracebacks quote.
    private static bool IsCode(ReadOnlySpan<char> value)
    {
        var identifier = value.IndexOfAnyExcept(OfIdentifiers);
        if (identifier > 0 && value[identifier] == '(' && !char.IsAsciiDigit(value[0]))
        {
            return true;
        }

        if (identifier < 0 && value.Contains('_') && !value.ContainsAny(Digits))
        {
            foreach (var end in NameEnds)
            {
                if (value.EndsWith(end, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

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
