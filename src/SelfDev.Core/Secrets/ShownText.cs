using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using SelfDev.Core.Text;

namespace SelfDev.Core.Secrets;

/// <summary>
/// Texts of a report without their secrets. Unlike <see cref="SecretRedactor"/> it leaves a line without a secret as it
/// is, invisible characters included: who reads the report shall see them, as <see cref="SafeText"/> shows them.
/// </summary>
internal static class ShownText
{
    /// <summary>Nothing shorter is a secret to <see cref="SecretPatterns"/>: a name, a sign and four
    /// characters.</summary>
    private const int MinChars = 8;

    private static readonly SearchValues<char> OfNumbers = SearchValues.Create("0123456789.,:+-eE% ");

    /// <returns>As many lines as were given.</returns>
    public static IReadOnlyList<string> OfLines(IReadOnlyList<string> lines)
    {
        var redacted = SecretRedactor.Redact(lines);
        var changed = redacted.Redactions.Select(redaction => redaction.Line - 1).ToHashSet();
        return changed.Count == 0
            ? lines
            : [.. lines.Select((line, index) => changed.Contains(index) ? redacted.Lines[index] : line)];
    }

    /// <summary>A text of one line or of several, line breaks kept.</summary>
    public static string Of(string text) =>
        text.Length < MinChars || !text.AsSpan().ContainsAnyExcept(OfNumbers) ? text : OfBlock(text);

    [return: NotNullIfNotNull(nameof(text))]
    public static string? OfOptional(string? text) => text is null ? null : Of(text);

    /// <summary>As <see cref="Of(string)"/>, without the short cut for figures.</summary>
    public static string OfBlock(string text)
    {
        if (!text.Contains('\n', StringComparison.Ordinal))
        {
            return OfLines([text])[0];
        }

        string[] lines = text.Split('\n');
        var shown = OfLines(lines);
        return ReferenceEquals(shown, lines) ? text : string.Join('\n', shown);
    }

    /// <summary>Every string value inside, in place; names of properties stay.</summary>
    public static JsonNode? Of(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var (name, value) in members.ToList())
                {
                    Replace(value, shown => members[name] = shown);
                }

                break;
            case JsonArray items:
                for (var index = 0; index < items.Count; index++)
                {
                    var at = index;
                    Replace(items[at], shown => items[at] = shown);
                }

                break;
        }

        return node;
    }

    private static void Replace(JsonNode? value, Action<JsonNode> put)
    {
        if (value is JsonValue leaf && leaf.GetValueKind() == System.Text.Json.JsonValueKind.String)
        {
            var text = leaf.GetValue<string>();
            var shown = Of(text);
            if (!ReferenceEquals(shown, text))
            {
                put(JsonValue.Create(shown));
            }
        }
        else
        {
            Of(value);
        }
    }
}
