using System.Buffers;

namespace SelfDev.Core.Text;

/// <summary>Tells generated text from words and numbers.</summary>
internal static class Randomness
{
    /// <summary>Bits a character; gitleaks' generic rule takes 3.5, English prose of this length has about as much,
    /// hence the digit rule too.</summary>
    private const double MinEntropy = 3.3;

    /// <summary>gpt2-large-english has one change of class, a key of 16 characters eight or more.</summary>
    private const int MinChanges = 4;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789");

    private static readonly SearchValues<char> OfNumbers = SearchValues.Create("0123456789.,:+-eE_xX/%TZ ");

    /// <summary>
    /// Whether the text changes between capitals, small letters and digits as names do not, and has a Shannon entropy
    /// that measurements do not reach.
    /// </summary>
    public static bool LooksRandom(ReadOnlySpan<char> text) =>
        text.Length >= 16
        && text.ContainsAny(Digits)
        && text.ContainsAnyExcept(OfNumbers)
        && Changes(text) >= MinChanges
        && Entropy(text) >= MinEntropy;

    /// <summary>
    /// As <see cref="LooksRandom"/>, and with a change at every fourth character at least: generated text has one at
    /// every second, names of models have few.
    /// </summary>
    public static bool LooksGenerated(ReadOnlySpan<char> text) => LooksRandom(text) && Changes(text) * 4 >= text.Length;

    public static bool HasMixedCase(ReadOnlySpan<char> text) =>
        text.ContainsAnyInRange('a', 'z') && text.ContainsAnyInRange('A', 'Z');

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
            changes +=
                Class(text[at]) is var now and > 0 && Class(text[at - 1]) is var before and > 0 && now != before
                    ? 1
                    : 0;
        }

        return changes;
    }

    private static int Class(char character) =>
        char.IsAsciiDigit(character) ? 1
        : char.IsAsciiLetterLower(character) ? 2
        : char.IsAsciiLetterUpper(character) ? 3
        : 0;
}
