using System.Text.Json;
using SelfDev.Core.Serving.Formats;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Prompts;

/// <summary>
/// Reads prompts that were logged as the template rendered them. They are cut where a template opens a turn, so that
/// requests that begin alike share pieces and a changed turn is one changed piece; a prompt of no known template is cut
/// into pieces of one size.
/// </summary>
internal static class RenderedPrompt
{
    /// <summary>Pieces of a prompt whose turns cannot be told.</summary>
    private const int PieceBytes = 2048;

    /// <summary>A template shows itself in the first bytes.</summary>
    private const int HeadBytes = 4096;

    /// <summary>What opens a turn, by template: ChatML, Llama 3, Gemma, Llama 2 and Mistral, Harmony, Phi and Zephyr,
    /// DeepSeek. Those of one template begin alike.</summary>
    private static readonly (byte[] Start, byte[][] Whole)[] Templates =
    [
        (
            "<|im_start|>"u8.ToArray(),
            [
                [],
            ]
        ),
        (
            "<|start_header_id|>"u8.ToArray(),
            [
                [],
            ]
        ),
        (
            "<start_of_turn>"u8.ToArray(),
            [
                [],
            ]
        ),
        (
            "[INST]"u8.ToArray(),
            [
                [],
            ]
        ),
        (
            "<|start|>"u8.ToArray(),
            [
                [],
            ]
        ),
        ("<|"u8.ToArray(), ["<|user|>"u8.ToArray(), "<|assistant|>"u8.ToArray(), "<|system|>"u8.ToArray()]),
        ("<｜"u8.ToArray(), ["<｜User｜>"u8.ToArray(), "<｜Assistant｜>"u8.ToArray()]),
    ];

    public static void Read(ref Utf8JsonReader reader, ServedRequest request)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return;
        }

        var start = request.TextLength;
        PromptText.AppendString(ref reader, request);
        var text = request.Text[start..];
        var template = TemplateOf(text);
        for (var (index, from) = (0, 0); from < text.Length; index++)
        {
            var length =
                template < 0
                    ? Math.Min(PieceBytes, text.Length - from)
                    : NextTurn(text[from..], 1, Templates[template]);
            var component = new PromptComponent
            {
                Kind = ComponentKind.Rendered,
                Index = index,
                Start = start + from,
                Length = length,
                Size = length,
            };
            component.Role =
                template < 0 ? MessageRole.None : RoleOf(text.Slice(from, length), Templates[template].Start);
            component.Hash = PromptReader.HashOf(text.Slice(from, length), component);
            request.Components.Add(component);
            from += length;
        }
    }

    /// <summary>The template whose turn opens first; -1 for none. Text within a turn may well quote another one's
    /// markers.</summary>
    private static int TemplateOf(ReadOnlySpan<byte> text)
    {
        var head = text[..Math.Min(text.Length, HeadBytes)];
        var (found, first) = (-1, head.Length);
        for (var template = 0; template < Templates.Length; template++)
        {
            if (NextTurn(head, 0, Templates[template]) is var at && at < first)
            {
                (found, first) = (template, at);
            }
        }

        return found;
    }

    /// <summary>The role in a turn's opening; what stands before the first turn belongs to the system prompt.</summary>
    private static MessageRole RoleOf(ReadOnlySpan<byte> turn, ReadOnlySpan<byte> opening)
    {
        if (!turn.StartsWith(opening))
        {
            return MessageRole.System;
        }

        var name = turn[opening.Length..];
        return name.StartsWith("assistant"u8) || name.StartsWith("model"u8) || name.StartsWith("Assistant"u8)
                ? MessageRole.Assistant
            : name.StartsWith("system"u8) || name.StartsWith("developer"u8) ? MessageRole.System
            : name.StartsWith("tool"u8) || name.StartsWith("ipython"u8) ? MessageRole.Tool
            : MessageRole.User;
    }

    /// <returns>Where the next turn opens; the text's length where none does.</returns>
    private static int NextTurn(ReadOnlySpan<byte> text, int from, (byte[] Start, byte[][] Whole) template)
    {
        while (from < text.Length && text[from..].IndexOf(template.Start) is var at and >= 0)
        {
            from += at;
            foreach (var whole in template.Whole)
            {
                if (text[from..].StartsWith(whole))
                {
                    return from;
                }
            }

            from++;
        }

        return text.Length;
    }
}
