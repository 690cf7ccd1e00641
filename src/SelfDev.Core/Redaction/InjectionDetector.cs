using System.Text;
using SelfDev.Core.Secrets;
using SelfDev.Core.Text;

namespace SelfDev.Core.Redaction;

/// <summary>
/// Tells lines of an artifact that speak to a language model or to whoever approves, not about a run. Such lines are
/// shown and sent as data like any other; reporting them tells people that somebody tries. Time is linear in the text.
/// </summary>
public static class InjectionDetector
{
    /// <returns>At most one sign of each kind a line, in order of line.</returns>
    public static IReadOnlyList<InjectionSign> Scan(IReadOnlyList<string> lines)
    {
        var signs = new List<InjectionSign>();
        for (var line = 0; line < lines.Count; line++)
        {
            foreach (var kind in Kinds(lines[line]))
            {
                signs.Add(new InjectionSign(line + 1, kind));
            }
        }

        return signs;
    }

    private static IEnumerable<string> Kinds(string line)
    {
        if (HiddenText.IsSuspicious(line))
        {
            yield return InjectionKinds.HiddenText;
        }

        var text = Fold(HiddenText.Remove(line));
        foreach (var kind in InjectionPatterns.Match(text))
        {
            yield return kind;
        }

        foreach (var (start, length) in Base64Text.Runs(text))
        {
            if (
                Base64Text.TryDecode(text.AsSpan(start, length), 64 * 1024) is { } decoded
                && InjectionPatterns.Match(Fold(decoded)).Any()
            )
            {
                yield return InjectionKinds.EncodedInstruction;
                yield break;
            }
        }
    }

    // Letters that look like ASCII ones (Unicode TR 39, confusables; the ones that keyboards reach) become ASCII.
    private static string Fold(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        const string Lookalikes = "аеорсухіјѕԁһкмтвнοανιρτυ";
        const string Letters = "aeopcyxijsdhkmtbhoavipty";
        var folded = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            var at = Lookalikes.IndexOf(char.ToLowerInvariant(character), StringComparison.Ordinal);
            folded.Append(
                character is >= '\uff01' and <= '\uff5e' ? (char)(character - 0xfee0)
                : character is '\u00a0' or '\u3000' or (>= '\u2000' and <= '\u200a') ? ' '
                : at >= 0 ? Letters[at]
                : character
            );
        }

        return folded.ToString();
    }
}

/// <param name="Line">1-based among the lines given.</param>
/// <param name="Kind">One of <see cref="InjectionKinds"/>.</param>
public sealed record InjectionSign(int Line, string Kind);

/// <summary>What a line tries.</summary>
public static class InjectionKinds
{
    /// <summary>Asks to ignore what was said before.</summary>
    public const string InstructionOverride = "instruction-override";

    /// <summary>Imitates the delimiters between speakers of a chat.</summary>
    public const string RoleDelimiter = "role-delimiter";

    /// <summary>Pretends that the quoted text ends here.</summary>
    public const string FenceSpoof = "fence-spoof";

    /// <summary>Claims an approval; approvals come through the approval link only.</summary>
    public const string ApprovalClaim = "approval-claim";

    /// <summary>Tells a model what to recommend or do.</summary>
    public const string ActionDemand = "action-demand";

    /// <summary>Gives a model another role, or asks for its instructions.</summary>
    public const string Persona = "persona";

    /// <summary>Holds invisible characters that hide or reorder text.</summary>
    public const string HiddenText = "hidden-text";

    /// <summary>Any of these inside base64.</summary>
    public const string EncodedInstruction = "encoded-instruction";
}
