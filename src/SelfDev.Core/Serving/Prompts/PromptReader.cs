using System.Text.Json;
using SelfDev.Core.Serving.Formats;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Prompts;

/// <summary>
/// Reads what a model is shown (tools, system prompt, messages, rendered prompts) out of request JSON into components
/// with one hash each. Cache marks are noted and left out of text and hash, nulls as well: they are not rendered.
/// </summary>
internal static class PromptReader
{
    /// <summary>Reads an array of tools; anything else is one tool.</summary>
    public static void ReadTools(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        var index = 0;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            ReadTool(ref reader, request, index);
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            ReadTool(ref reader, request, index++);
        }
    }

    /// <summary>Reads a system prompt: a string or an array of text parts.</summary>
    public static void ReadSystem(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        var component = Begin(request, ComponentKind.System, MessageRole.System, 0);
        ReadContent(ref reader, request, ref component);
        End(request, ref component);
        request.Components.Add(component);
    }

    /// <summary>Reads messages (chat, Anthropic) or input items (Responses); a string is one message of the
    /// user.</summary>
    public static void ReadMessages(ref Utf8JsonReader reader, ServedRequest request)
    {
        var index = request.Components.Count(component => component.Kind == ComponentKind.Message);
        if (reader.TokenType == JsonTokenType.String)
        {
            var component = Begin(request, ComponentKind.Message, MessageRole.User, index);
            PromptText.AppendString(ref reader, request);
            End(request, ref component);
            request.Components.Add(component);
            return;
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        var systems = index == 0 ? request.Components.Count(component => component.Kind == ComponentKind.System) : -1;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                var component = ReadMessage(ref reader, request, index++, request.Components.Count);
                // Leading system messages are the system prompt, wherever a provider's format puts it.
                if (component.Role == MessageRole.System && systems >= 0)
                {
                    component.Kind = ComponentKind.System;
                    component.Index = systems++;
                    component.Hash = HashOf(request.TextOf(component), component);
                }
                else
                {
                    systems = -1;
                }

                request.Components.Add(component);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    /// <summary>Reads one message object.</summary>
    public static PromptComponent ReadMessage(ref Utf8JsonReader reader, ServedRequest request, int index, int place)
    {
        var component = Begin(request, ComponentKind.Message, MessageRole.None, index);
        var type = MessageRole.None;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("role"u8))
            {
                reader.Read();
                component.Role = RoleOf(ref reader);
            }
            else if (
                reader.ValueTextEquals("content"u8)
                || reader.ValueTextEquals("text"u8)
                || reader.ValueTextEquals("output"u8)
            )
            {
                reader.Read();
                if (request.TextLength > component.Start && reader.TokenType != JsonTokenType.Null)
                {
                    request.Append((byte)'\n');
                }

                ReadContent(ref reader, request, ref component, place);
            }
            else if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type =
                    reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("function_call"u8)
                        ? MessageRole.Assistant
                    : reader.TokenType == JsonTokenType.String && reader.ValueTextEquals("function_call_output"u8)
                        ? MessageRole.Tool
                    : MessageRole.None;
                PromptText.SkipValue(ref reader);
            }
            else if (IsUnrendered(ref reader, ref component))
            {
                continue;
            }
            else if (reader.ValueTextEquals("tool_calls"u8))
            {
                reader.Read();
                ToolCallReader.ReadCalls(ref reader, request, ref component, place);
            }
            else if (
                reader.ValueTextEquals("tool_call_id"u8)
                || reader.ValueTextEquals("tool_use_id"u8)
                || reader.ValueTextEquals("call_id"u8)
            )
            {
                reader.Read();
                component.Answers = PromptText.IdOf(ref reader);
                PromptText.AppendField("id"u8, ref reader, request);
            }
            else
            {
                var name = reader.ValueSpan;
                reader.Read();
                PromptText.AppendField(name, ref reader, request);
            }
        }

        if (component.Role == MessageRole.None)
        {
            component.Role = type;
        }

        // In the Responses format a call is an item of its own, and so is its result.
        if (type == MessageRole.Assistant && component.Answers != 0)
        {
            request.ToolCalls.Add((component.Answers, place));
            component.Calls = 1;
            component.HasCallIds = true;
            component.Answers = 0;
        }

        End(request, ref component);
        return component;
    }

    /// <summary>A string, or parts of text, tool use, tool results and media.</summary>
    private static void ReadContent(
        ref Utf8JsonReader reader,
        ServedRequest request,
        ref PromptComponent component,
        int place = -1
    )
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                PromptText.AppendString(ref reader, request);
                break;
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    if (reader.TokenType == JsonTokenType.StartObject)
                    {
                        ReadPart(ref reader, request, ref component, place);
                    }
                    else
                    {
                        ReadContent(ref reader, request, ref component, place);
                    }
                }

                break;
            case JsonTokenType.Null:
                break;
            default:
                PromptText.AppendJson(ref reader, request);
                break;
        }
    }

    private static void ReadPart(
        ref Utf8JsonReader reader,
        ServedRequest request,
        ref PromptComponent component,
        int place
    )
    {
        var isCall = false;
        UInt128 id = 0;
        UInt128 arguments = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("content"u8))
            {
                reader.Read();
                ReadContent(ref reader, request, ref component, place);
            }
            else if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    isCall = reader.ValueTextEquals("tool_use"u8);
                    component.Role = reader.ValueTextEquals("tool_result"u8) ? MessageRole.Tool : component.Role;
                }

                PromptText.SkipValue(ref reader);
            }
            else if (IsUnrendered(ref reader, ref component))
            {
                continue;
            }
            else if (reader.ValueTextEquals("tool_use_id"u8))
            {
                reader.Read();
                component.Answers = PromptText.IdOf(ref reader);
                PromptText.AppendField("id"u8, ref reader, request);
            }
            else if (reader.ValueTextEquals("id"u8))
            {
                reader.Read();
                id = PromptText.IdOf(ref reader);
                PromptText.AppendField("id"u8, ref reader, request);
            }
            else
            {
                var name = reader.ValueSpan;
                reader.Read();
                var start = request.TextLength;
                PromptText.AppendField(name, ref reader, request);
                arguments = Fingerprint.Mix(arguments, Fingerprint.Of(request.Text[start..]));
            }
        }

        if (isCall)
        {
            component.Calls++;
            component.CallsHash = Fingerprint.Mix(component.CallsHash, arguments);
            if (id != 0)
            {
                request.ToolCalls.Add((id, place));
                component.HasCallIds = true;
            }
        }
    }

    /// <summary>Skips a property that no template renders; notes a cache mark.</summary>
    private static bool IsUnrendered(ref Utf8JsonReader reader, ref PromptComponent component)
    {
        if (reader.ValueTextEquals("cache_control"u8) || reader.ValueTextEquals("cachePoint"u8))
        {
            reader.Read();
            component.Marked |= reader.TokenType is not (JsonTokenType.Null or JsonTokenType.False);
            PromptText.SkipValue(ref reader);
            return true;
        }

        if (
            reader.ValueTextEquals("index"u8)
            || reader.ValueTextEquals("annotations"u8)
            || reader.ValueTextEquals("provider_specific_fields"u8)
            || reader.ValueTextEquals("status"u8)
            || reader.ValueTextEquals("timestamp"u8)
        )
        {
            reader.Read();
            PromptText.SkipValue(ref reader);
            return true;
        }

        return false;
    }

    private static void ReadTool(ref Utf8JsonReader reader, ServedRequest request, int index)
    {
        var component = Begin(request, ComponentKind.Tool, MessageRole.None, index);
        PromptText.AppendJson(ref reader, request, ref component);
        End(request, ref component);
        request.Components.Add(component);
    }

    internal static UInt128 HashOf(ReadOnlySpan<byte> text, in PromptComponent component) =>
        Fingerprint.Mix(((uint)component.Kind << 8) | (uint)component.Role, Fingerprint.Of(text));

    private static PromptComponent Begin(ServedRequest request, ComponentKind kind, MessageRole role, int index) =>
        new()
        {
            Kind = kind,
            Role = role,
            Index = index,
            Start = request.TextLength,
        };

    private static void End(ServedRequest request, ref PromptComponent component)
    {
        component.Length = request.TextLength - component.Start;
        component.Size = component.Length;
        component.Hash = HashOf(request.TextOf(component), component);
    }

    private static MessageRole RoleOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return MessageRole.None;
        }

        return reader.ValueTextEquals("user"u8) || reader.ValueTextEquals("human"u8) ? MessageRole.User
            : reader.ValueTextEquals("assistant"u8)
            || reader.ValueTextEquals("model"u8)
            || reader.ValueTextEquals("ai"u8)
                ? MessageRole.Assistant
            : reader.ValueTextEquals("tool"u8) || reader.ValueTextEquals("function"u8) ? MessageRole.Tool
            : reader.ValueTextEquals("system"u8) || reader.ValueTextEquals("developer"u8) ? MessageRole.System
            : MessageRole.None;
    }

    /// <summary>A role as hash-only logs name it.</summary>
    internal static MessageRole RoleNamed(ref Utf8JsonReader reader) => RoleOf(ref reader);
}
