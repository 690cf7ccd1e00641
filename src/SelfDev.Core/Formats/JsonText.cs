using System.Globalization;
using System.Text.Json;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Formats;

/// <summary>A JSON document in memory, as Python writes it: NaN and infinities are allowed. Knows where each of its
/// bytes stands.</summary>
internal sealed class JsonText
{
    public static readonly JsonReaderOptions Options = new()
    {
        MaxDepth = 256,
        CommentHandling = JsonCommentHandling.Disallow,
    };

    private static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = 256 };

    private readonly byte[] _bytes;
    private int _countedTo;
    private long _countedLines = 1;

    private JsonText(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public long Lines => LineAt(_bytes.Length);

    /// <summary>Takes over the bytes and replaces unquoted <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c> in place by
    /// strings of the same length.</summary>
    public static JsonText Of(byte[] bytes)
    {
        Quote(bytes);
        return new JsonText(bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes[3..] : bytes);
    }

    /// <summary>A number, also one that was NaN, "N/A" or a numeric string.</summary>
    /// <returns>NaN for what is no number.</returns>
    public static double Number(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDouble(out var number) && double.IsFinite(number) ? number : double.NaN,
            JsonValueKind.True => 1,
            JsonValueKind.False => 0,
            JsonValueKind.String => Number(value.GetString()!),
            _ => double.NaN,
        };

    public static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && double.IsFinite(number)
            ? number
            : double.NaN;

    public static string? Text(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Null or JsonValueKind.Undefined => null,
            _ => value.GetRawText(),
        };

    public static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) ? Text(value) : null;

    public static JsonElement? Child(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object
        && parent.TryGetProperty(name, out var value)
        && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    /// <summary>The properties of the document's root, one at a time, so that memory holds one value besides the
    /// text.</summary>
    /// <param name="visit">Name, value and its place; for an array named in <paramref name="streamed"/> it is called
    /// once an element.</param>
    /// <exception cref="ArtifactUnreadableException">The text is no JSON object; the message names the
    /// line.</exception>
    public void Visit(
        string file,
        ICollection<string> streamed,
        Action<string, JsonElement, long> visit,
        CancellationToken cancellation
    )
    {
        try
        {
            var reader = new Utf8JsonReader(_bytes, Options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw new ArtifactUnreadableException($"'{file}': the JSON is not an object.");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                cancellation.ThrowIfCancellationRequested();
                var name = reader.GetString()!;
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartArray && streamed.Contains(name))
                {
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    {
                        Visit(ref reader, name, visit);
                    }

                    continue;
                }

                Visit(ref reader, name, visit);
            }
        }
        catch (JsonException broken)
        {
            throw Broken(file, broken);
        }
        catch (InvalidOperationException broken)
        {
            // Strings with malformed UTF-8 or lone surrogates fail when they are decoded.
            throw new ArtifactUnreadableException($"'{file}': a string of the JSON is not well-formed text.", broken);
        }
    }

    public static ArtifactUnreadableException Broken(string file, JsonException broken) =>
        new(
            string.Create(
                CultureInfo.InvariantCulture,
                $"'{file}' is not well-formed JSON at line {(broken.LineNumber ?? 0) + 1}, byte "
                    + $"{broken.BytePositionInLine ?? 0} of it: it was cut off or damaged. Write it again."
            ),
            broken
        );

    public static JsonDocument Parse(ReadOnlyMemory<byte> json) => JsonDocument.Parse(json, DocumentOptions);

    /// <summary>The line of a byte, 1-based; fastest for places in rising order.</summary>
    public long LineAt(long offset)
    {
        var end = (int)Math.Min(offset, _bytes.Length);
        if (end < _countedTo)
        {
            (_countedTo, _countedLines) = (0, 1);
        }

        _countedLines += _bytes.AsSpan(_countedTo..end).Count((byte)'\n');
        _countedTo = end;
        return _countedLines;
    }

    /// <summary>The line around a byte as evidence: the whole line, or from that byte where the line is long.</summary>
    public Place PlaceAt(string file, long offset)
    {
        var at = (int)Math.Min(offset, _bytes.Length);
        var start = _bytes.AsSpan(0, at).LastIndexOf((byte)'\n') + 1;
        if (at - start > Limits.EvidenceTextChars / 2)
        {
            start = at;
        }

        var rest = _bytes.AsSpan(start);
        var end = rest.IndexOf((byte)'\n');
        var line = (end < 0 ? rest : rest[..end]).TrimEnd((byte)'\r');
        return new Place(file, LineAt(at), start, EvidenceText.Of(line));
    }

    /// <summary>The place of the first mention of a property after a byte; null where there is none.</summary>
    public Place? PlaceOf(string file, string property, long from)
    {
        var name = JsonSerializer.SerializeToUtf8Bytes(property);
        var at = _bytes.AsSpan((int)from).IndexOf(name);
        return at < 0 ? null : PlaceAt(file, from + at);
    }

    private static void Visit(ref Utf8JsonReader reader, string name, Action<string, JsonElement, long> visit)
    {
        var offset = reader.TokenStartIndex;
        using var value = JsonDocument.ParseValue(ref reader);
        visit(name, value.RootElement, offset);
    }

    internal static void Quote(Span<byte> bytes)
    {
        var at = 0;
        while (true)
        {
            var next = bytes[at..].IndexOfAny((byte)'"', (byte)'N', (byte)'I');
            if (next < 0)
            {
                return;
            }

            at += next;
            if (bytes[at] == '"')
            {
                at = EndOfString(bytes, at + 1);
            }
            else if (bytes[at..].StartsWith("NaN"u8))
            {
                "\"\" "u8.CopyTo(bytes[at..]);
                at += 3;
            }
            else if (bytes[at..].StartsWith("Infinity"u8))
            {
                var from = at > 0 && bytes[at - 1] == '-' ? at - 1 : at;
                bytes[from..(at + 8)].Fill((byte)' ');
                "\"\""u8.CopyTo(bytes[from..]);
                at += 8;
            }
            else
            {
                at++;
            }
        }
    }

    private static int EndOfString(ReadOnlySpan<byte> bytes, int at)
    {
        while (true)
        {
            var next = bytes[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (next < 0)
            {
                return bytes.Length;
            }

            at += next;
            if (bytes[at] == '"')
            {
                return at + 1;
            }

            at = Math.Min(at + 2, bytes.Length);
        }
    }
}
