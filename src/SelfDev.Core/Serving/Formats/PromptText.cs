using System.Text.Json;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Formats;

/// <summary>Writes JSON values into a prompt's text as a model is shown them: strings without their escapes, anything
/// else as compact JSON.</summary>
internal static class PromptText
{
    public static void AppendField(ReadOnlySpan<byte> name, ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        request.Append((byte)'\n');
        request.Append(name);
        request.Append(": "u8);
        AppendJson(ref reader, request);
    }

    /// <summary>A value: a string as its text, anything else as compact JSON as it was written.</summary>
    public static void AppendJson(ref Utf8JsonReader reader, ServedRequest request)
    {
        var ignored = default(PromptComponent);
        if (reader.TokenType == JsonTokenType.String)
        {
            AppendString(ref reader, request);
        }
        else
        {
            AppendJson(ref reader, request, ref ignored);
        }
    }

    public static void AppendJson(ref Utf8JsonReader reader, ServedRequest request, ref PromptComponent component)
    {
        var depth = reader.CurrentDepth;
        var needsComma = false;
        do
        {
            if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                request.Append(reader.TokenType == JsonTokenType.EndObject ? (byte)'}' : (byte)']');
                needsComma = true;
                continue;
            }

            if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("cache_control"u8))
            {
                reader.Read();
                component.Marked |= reader.TokenType != JsonTokenType.Null;
                SkipValue(ref reader);
                continue;
            }

            if (needsComma)
            {
                request.Append((byte)',');
            }

            needsComma = AppendToken(ref reader, request);
        } while (
            !(
                reader.CurrentDepth == depth
                && reader.TokenType
                    is not (JsonTokenType.StartObject or JsonTokenType.StartArray or JsonTokenType.PropertyName)
            ) && reader.Read()
        );
    }

    /// <returns>Whether what follows is set off by a comma.</returns>
    private static bool AppendToken(ref Utf8JsonReader reader, ServedRequest request)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                request.Append((byte)'{');
                return false;
            case JsonTokenType.StartArray:
                request.Append((byte)'[');
                return false;
            case JsonTokenType.PropertyName:
                request.Append((byte)'"');
                request.Append(reader.ValueSpan);
                request.Append("\":"u8);
                return false;
            case JsonTokenType.String:
                request.Append((byte)'"');
                request.Append(reader.ValueSpan);
                request.Append((byte)'"');
                return true;
            default:
                request.Append(reader.ValueSpan);
                return true;
        }
    }

    public static void AppendString(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (!reader.ValueIsEscaped)
        {
            request.Append(reader.ValueSpan);
            return;
        }

        var room = request.Room(reader.ValueSpan.Length);
        try
        {
            request.Advance(reader.CopyString(room));
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate or malformed UTF-8: kept as it was written.
            request.BrokenStrings++;
            request.Append(reader.ValueSpan);
        }
    }

    public static UInt128 IdOf(ref Utf8JsonReader reader) =>
        reader.TokenType is JsonTokenType.String or JsonTokenType.Number && reader.ValueSpan.Length > 0
            ? Fingerprint.Of(reader.ValueSpan)
            : 0;

    public static void SkipValue(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            reader.Skip();
        }
    }
}
