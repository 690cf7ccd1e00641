using SelfDev.Core.Redaction;

namespace SelfDev.Workflows.Analysts;

/// <summary>
/// What keeps a model's answer from the eyes of whoever decides: it rests on nothing, or it speaks to its readers.
/// </summary>
public static class AnswerVetting
{
    /// <summary>
    /// Whether a text speaks to a model or to whoever approves: then the log that was read, or the server, speaks
    /// through it.
    /// </summary>
    /// <param name="text">As it came: making text harmless hides what it tried.</param>
    /// <returns>Of <see cref="InjectionKinds"/>, each once, in order of name; empty where nothing is suspect.</returns>
    public static IReadOnlyList<string> SignsIn(string text)
    {
        // As one line too: an instruction may be broken over several.
        var lines = text.ReplaceLineEndings("\n").Split('\n');
        return
        [
            .. InjectionDetector
                .Scan([.. lines, string.Join(' ', lines)])
                .Select(sign => sign.Kind)
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <param name="citations">Lines that the answer rests on and that are in the artifact.</param>
    /// <param name="signs">As <see cref="SignsIn"/>.</param>
    /// <returns>Why a model's answer is not shown; null where it may be.</returns>
    public static string? Refusal(int citations, IReadOnlyList<string> signs) =>
        signs.Count > 0 ? $"its answer speaks to its readers instead of explaining: {string.Join(", ", signs)}"
        : citations == 0 ? "its answer cites nothing that is in the artifact"
        : null;
}
