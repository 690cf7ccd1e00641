using System.Text.Json;
using SelfDev.Core.Serving.Formats;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Prompts;

/// <summary>Reads the tool calls of an assistant's message in chat format.</summary>
internal static class ToolCallReader
{
    public static void ReadCalls(
        ref Utf8JsonReader reader,
        ServedRequest request,
        ref PromptComponent component,
        int place
    )
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            PromptText.AppendField("tool_calls"u8, ref reader, request);
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                PromptText.AppendField("call"u8, ref reader, request);
                continue;
            }

            component.Calls++;
            ReadCall(ref reader, request, ref component, place);
        }
    }

    private static void ReadCall(
        ref Utf8JsonReader reader,
        ServedRequest request,
        ref PromptComponent component,
        int place
    )
    {
        var depth = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndObject && reader.CurrentDepth == depth))
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.ValueTextEquals("id"u8) && reader.CurrentDepth == depth + 1)
            {
                reader.Read();
                if (PromptText.IdOf(ref reader) is var id && id != 0)
                {
                    request.ToolCalls.Add((id, place));
                    component.HasCallIds = true;
                }

                PromptText.AppendField("id"u8, ref reader, request);
            }
            else if (reader.ValueTextEquals("name"u8))
            {
                reader.Read();
                component.CallsHash = Fingerprint.Mix(component.CallsHash, PromptText.IdOf(ref reader));
                PromptText.AppendField("name"u8, ref reader, request);
            }
            else if (reader.ValueTextEquals("arguments"u8))
            {
                reader.Read();
                var start = request.TextLength;
                PromptText.AppendField("arguments"u8, ref reader, request);
                var arguments = request.Text[Math.Min(request.TextLength, start + "\narguments: ".Length)..];
                component.CallsHash = Fingerprint.Mix(component.CallsHash, Fingerprint.Of(arguments));
                component.BrokenCalls += IsJson(arguments) ? 0 : 1;
            }
            else if (reader.ValueTextEquals("function"u8))
            {
                reader.Read();
                if (reader.TokenType != JsonTokenType.StartObject)
                {
                    PromptText.AppendField("function"u8, ref reader, request);
                }
            }
            else
            {
                reader.Read();
                PromptText.SkipValue(ref reader);
            }
        }
    }

    /// <summary>No arguments at all are fine; half an object is not.</summary>
    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        if (text.Trim(" \t\r\n"u8).IsEmpty)
        {
            return true;
        }

        try
        {
            var reader = new Utf8JsonReader(text);
            while (reader.Read()) { }

            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
