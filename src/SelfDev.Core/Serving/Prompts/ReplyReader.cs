using System.Text.Json;
using SelfDev.Core.Serving.Formats;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Prompts;

/// <summary>Reads the reply of a chat completion.</summary>
internal static class ReplyReader
{
    /// <summary>The first choice's message; its calls are no part of the prompt.</summary>
    public static void ReadChoices(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            PromptText.SkipValue(ref reader);
            return;
        }

        var depth = reader.CurrentDepth;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == depth))
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var isMessage = reader.CurrentDepth == depth + 2 && reader.ValueTextEquals("message"u8);
            reader.Read();
            if (isMessage && request.Reply is null && reader.TokenType == JsonTokenType.StartObject)
            {
                var calls = request.ToolCalls.Count;
                request.Reply = PromptReader.ReadMessage(ref reader, request, 0, -1);
                request.ToolCalls.RemoveRange(calls, request.ToolCalls.Count - calls);
            }
            else
            {
                PromptText.SkipValue(ref reader);
            }
        }
    }
}
