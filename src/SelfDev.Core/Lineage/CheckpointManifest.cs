using System.Text.Json;

namespace SelfDev.Core.Lineage;

/// <summary>Where a checkpoint comes from: what its owners wrote into
/// <c>evals/&lt;checkpoint&gt;/manifest.json</c>.</summary>
/// <param name="Checkpoint">From the path, never from the content.</param>
public sealed record CheckpointManifest(string Checkpoint)
{
    public const string Schema = "selfdev.checkpoint/1";

    public const string FileName = "manifest.json";

    /// <summary>A manifest is a page; whatever is larger is something else.</summary>
    public const int MaxBytes = 64 * 1024;

    private const int MaxNameChars = 200;

    private const int MaxServedAs = 32;

    /// <value>The checkpoint that training went on from; null for a first one.</value>
    public string? Parent { get; init; }

    /// <value>Names under which model servers offer it, as they report them in their answers.</value>
    public IReadOnlyList<string> ServedAs { get; init; } = [];

    /// <value>When it went into service; null where it never did.</value>
    public DateTimeOffset? PromotedAt { get; init; }

    /// <summary>
    /// Reads <c>{"schema": "selfdev.checkpoint/1", "parent": "step-3000", "servedAs": ["assistant"], "promotedAt":
    /// "2026-01-31T12:00:00Z"}</c>; all but the schema may be missing.
    /// </summary>
    /// <param name="problem">What is wrong, without any text of the file; empty where nothing is.</param>
    /// <returns>Null where something is wrong.</returns>
    public static CheckpointManifest? Read(string checkpoint, ReadOnlyMemory<byte> json, out string problem)
    {
        problem = "";
        try
        {
            json = json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json;
            using var document = JsonDocument.Parse(
                json,
                new JsonDocumentOptions { MaxDepth = 8, AllowDuplicateProperties = false }
            );
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Text(root, "schema") != Schema)
            {
                throw new FormatException($"it is no object with \"schema\": \"{Schema}\"");
            }

            return new CheckpointManifest(checkpoint)
            {
                Parent = Name(root, "parent"),
                ServedAs = Names(root, "servedAs"),
                PromotedAt = Time(root, "promotedAt"),
            };
        }
        catch (JsonException broken)
        {
            problem =
                $"The manifest of the checkpoint is no JSON (line {broken.LineNumber + 1}, byte "
                + $"{broken.BytePositionInLine + 1}).";
        }
        catch (FormatException wrong)
        {
            problem = $"The manifest of the checkpoint cannot be used: {wrong.Message}.";
        }

        return null;
    }

    private static IReadOnlyList<string> Names(JsonElement root, string property)
    {
        if (Value(root, property) is not { } value)
        {
            return [];
        }

        return value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= MaxServedAs
            ? [.. value.EnumerateArray().Select(name => Checked(name, property))]
            : throw new FormatException($"'{property}' is no list of at most {MaxServedAs} names");
    }

    private static string? Name(JsonElement root, string property) =>
        Value(root, property) is { } value ? Checked(value, property) : null;

    private static string Checked(JsonElement value, string property) =>
        value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 and <= MaxNameChars } name
        && !name.Contains('/', StringComparison.Ordinal)
        && name.All(IsPlain)
            ? name
            : throw new FormatException(
                $"'{property}' has to be a name of 1 to {MaxNameChars} printable ASCII characters without slashes"
            );

    private static bool IsPlain(char character) => character is > ' ' and <= '~';

    private static DateTimeOffset? Time(JsonElement root, string property) =>
        Value(root, property) is not { } value ? null
        : value.ValueKind == JsonValueKind.String && value.TryGetDateTimeOffset(out var time) ? time
        : throw new FormatException($"'{property}' is no time like 2026-01-31T12:00:00Z");

    private static string? Text(JsonElement root, string property) =>
        Value(root, property) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private static JsonElement? Value(JsonElement root, string property) =>
        root.TryGetProperty(property, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
