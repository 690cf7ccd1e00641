using System.CommandLine.Parsing;
using System.Text.Json;

namespace SelfDev.Local.Terminal;

/// <summary>Options whose values are the words of an enum, as reports write them.</summary>
internal static class EnumWord
{
    /// <summary>The value, or an error that names all words. No numbers, unlike <see
    /// cref="Enum.Parse{T}(string)"/>.</summary>
    public static T? Parse<T>(ArgumentResult result)
        where T : struct, Enum
    {
        var words = Enum.GetValues<T>()
            .ToDictionary(value => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString()));
        var given = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (words.TryGetValue(given, out var known))
        {
            return known;
        }

        result.AddError($"'{given}' is none of {string.Join(", ", words.Keys)}.");
        return null;
    }
}
