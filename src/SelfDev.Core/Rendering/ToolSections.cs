using System.Text.RegularExpressions;

namespace SelfDev.Core.Rendering;

/// <summary>The part of a rendering that defines tools: between tags or brackets that templates use, or a JSON array of
/// function schemas.</summary>
internal static partial class ToolSections
{
    /// <summary>Whether the texts differ within their tool sections and nowhere else.</summary>
    public static bool Differ(string first, string second)
    {
        var a = Find(first);
        var b = Find(second);
        return (a is not null || b is not null) && Without(first, a).Trim() == Without(second, b).Trim();
    }

    /// <summary>Whether a place lies in the tool section.</summary>
    public static bool Contain(string text, int place) =>
        Find(text) is { } section && section.Start.Value <= place && place <= section.End.Value;

    private static string Without(string text, Range? section) =>
        section is { } range ? text[..range.Start] + text[range.End..] : text;

    private static Range? Find(string text)
    {
        var tagged = Tagged().Match(text);
        if (tagged.Success)
        {
            return tagged.Index..(tagged.Index + tagged.Length);
        }

        var schema = Schema().Match(text);
        if (!schema.Success)
        {
            return null;
        }

        var end = EndOfJson(text, schema.Index);
        return end < 0 ? null : schema.Index..end;
    }

    /// <summary>The end of the bracketed text that begins at a place, brackets in strings left out; -1 where it does
    /// not end.</summary>
    private static int EndOfJson(string text, int start)
    {
        var depth = 0;
        var quoted = false;
        for (var i = start; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\\' when quoted:
                    i++;
                    break;
                case '"':
                    quoted = !quoted;
                    break;
                case '[' or '{' when !quoted:
                    depth++;
                    break;
                case ']' or '}' when !quoted:
                    depth--;
                    if (depth == 0)
                    {
                        return i + 1;
                    }

                    break;
            }
        }

        return -1;
    }

    [GeneratedRegex(
        @"<tools>[\s\S]*?</tools>|\[AVAILABLE_TOOLS\][\s\S]*?\[/AVAILABLE_TOOLS\]",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Tagged();

    [GeneratedRegex(
        @"\[?\s*\{\s*""(?:type""\s*:\s*""function""|function""\s*:|name""\s*:\s*""[^""]{1,128}""\s*,\s*""(?:description|parameters|input_schema)"")",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Schema();
}
