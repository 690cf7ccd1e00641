namespace SelfDev.Core.Lineage;

/// <summary>
/// Names under which models are asked for and answer. What a server says about itself is hostile: it is shown, stored
/// and compared only in the form that <see cref="Shown"/> gives.
/// </summary>
public static class ModelName
{
    public const int MaxChars = 128;

    /// <value>Servers and people spell them in any case.</value>
    public static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    /// <summary>
    /// 1 to <see cref="MaxChars"/> ASCII letters, digits and <c>. _ - : / @ +</c>: no blanks, nothing invisible, no
    /// look-alike letters.
    /// </summary>
    public static bool IsWellFormed(string? name) => name is { Length: > 0 and <= MaxChars } && name.All(IsPlain);

    /// <summary>
    /// A well-formed name as it is. Of any other the first characters with <c>?</c> for what may not be in a name, at
    /// most <see cref="MaxChars"/>, and never a well-formed name: no spelling of an unknown name passes for a known
    /// one.
    /// </summary>
    public static string Shown(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "?";
        }

        if (IsWellFormed(name))
        {
            return name;
        }

        var shown = string.Concat(name.Take(MaxChars).Select(character => IsPlain(character) ? character : '?'));
        return IsWellFormed(shown) ? shown[..(MaxChars - 1)] + "?" : shown;
    }

    private static bool IsPlain(char character) =>
        char.IsAsciiLetterOrDigit(character) || "._-:/@+".Contains(character);
}
