using System.Text.RegularExpressions;

namespace SelfDev.Core.Rendering;

/// <summary>The system prompt of a rendering: from the marker that opens it to the one that closes it, as the common
/// templates write them.</summary>
internal static partial class SystemSections
{
    /// <summary>Whether the texts differ within the system prompt, or by one having none, and nowhere else.</summary>
    public static bool Differ(string first, string second)
    {
        var a = Find(first);
        var b = Find(second);
        return (a.Length > 0 || b.Length > 0) && Without(first, a) == Without(second, b);
    }

    public static bool Contain(string text, int place)
    {
        var section = Find(text);
        return section.Length > 0 && section.Index <= place && place <= section.Index + section.Length;
    }

    private static string Without(string text, (int Index, int Length) section) =>
        text.Remove(section.Index, section.Length).Trim();

    private static (int Index, int Length) Find(string text)
    {
        var match = Section().Match(text);
        return match.Success ? (match.Index, match.Length) : (0, 0);
    }

    [GeneratedRegex(
        @"<\|im_start\|>(?:system|developer)[\s\S]*?<\|im_end\|>\n?|<\|start_header_id\|>system<\|end_header_id\|>[\s\S]*?<\|eot_id\|>|<<SYS>>[\s\S]*?<</SYS>>\s*"
            + @"|<\|system\|>[\s\S]*?<\|(?:end|user)\|>|(?m:^(?:### )?(?:System|SYSTEM)(?: prompt)?:)[\s\S]*?(?:\n\n|\z)",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Section();
}
