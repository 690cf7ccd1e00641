using System.Runtime.InteropServices;
using System.Text;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Serving.Rendering;

/// <summary>
/// Markers of chat templates in prompts: one beginning-of-sequence token at the start and nowhere else, each turn
/// opened and closed. Tokens of Llama 2 and 3, Mistral, Gemma, DeepSeek, Qwen and their kin.
/// </summary>
internal sealed class BeginMarkers
{
    private static readonly string[] Begins =
    [
        "<s>",
        "<|begin_of_text|>",
        "<bos>",
        "<|startoftext|>",
        "<｜begin▁of▁sentence｜>",
        "<BOS_TOKEN>",
    ];
    private static readonly string[] TurnMarks =
    [
        "<|im_start|>",
        "<|im_end|>",
        "<|start_header_id|>",
        "<|end_header_id|>",
        "<|eot_id|>",
        "<start_of_turn>",
        "<end_of_turn>",
        "[INST]",
        "[/INST]",
    ];
    private static readonly (byte[] Open, byte[] Close)[] Pairs =
    [
        ("<|im_start|>"u8.ToArray(), "<|im_end|>"u8.ToArray()),
        ("<|start_header_id|>"u8.ToArray(), "<|eot_id|>"u8.ToArray()),
        ("<start_of_turn>"u8.ToArray(), "<end_of_turn>"u8.ToArray()),
    ];

    private static readonly byte[][] TurnOpenings =
    [
        "<|im_start|>"u8.ToArray(),
        "<|start_header_id|>"u8.ToArray(),
        "<start_of_turn>"u8.ToArray(),
    ];
    private static readonly byte[][] TurnEnds =
    [
        "<|im_end|>"u8.ToArray(),
        "<|eot_id|>"u8.ToArray(),
        "<end_of_turn>"u8.ToArray(),
        "<|endoftext|>"u8.ToArray(),
    ];
    private static readonly byte[][] Roles =
    [
        "system"u8.ToArray(),
        "user"u8.ToArray(),
        "assistant"u8.ToArray(),
        "model"u8.ToArray(),
        "tool"u8.ToArray(),
        "developer"u8.ToArray(),
    ];
    private static readonly byte[][] BeginBytes = [.. Begins.Select(Encoding.UTF8.GetBytes)];

    private readonly Dictionary<string, bool> _beginsByModel = new(StringComparer.Ordinal);

    public static int Count(string text) => Begins.Sum(token => Occurrences(text, token));

    public static int Turns(string text) => TurnMarks.Sum(token => Occurrences(text, token));

    /// <summary>Whether a text begins with a beginning-of-sequence token.</summary>
    public static bool Opens(ReadOnlySpan<byte> text) => BeginOf(text) is not null;

    /// <summary>Two beginning-of-sequence tokens at a text's beginning; null where there are not.</summary>
    public static (int Start, int Length)? Doubled(ReadOnlySpan<byte> text)
    {
        if (BeginOf(text) is not { } token)
        {
            return null;
        }

        var second = token.Length;
        while (second < text.Length && text[second] is (byte)' ' or (byte)'\n')
        {
            second++;
        }

        return text[second..].StartsWith(token) ? (0, second + token.Length) : null;
    }

    /// <summary>The first marker in a message's text that stands as a template puts it: with a role behind it, a
    /// beginning at the beginning, an end at the end. Not in a quotation.</summary>
    public static (int Start, int Length)? Leaked(ReadOnlySpan<byte> text)
    {
        if (text.IndexOf((byte)'<') < 0)
        {
            return null;
        }

        if (BeginOf(text) is { Length: > 5 } begin)
        {
            return (0, begin.Length);
        }

        foreach (var marker in TurnOpenings)
        {
            for (var from = 0; text[from..].IndexOf(marker) is var found and >= 0; from += found + marker.Length)
            {
                var at = from + found;
                if (HasRoleBehind(text[(at + marker.Length)..]) && !IsQuoted(text[..at]))
                {
                    return (at, marker.Length);
                }
            }
        }

        var trimmed = text.TrimEnd(" \t\r\n"u8);
        foreach (var marker in TurnEnds)
        {
            if (trimmed.EndsWith(marker) && !IsQuoted(trimmed[..^marker.Length]))
            {
                return (trimmed.Length - marker.Length, marker.Length);
            }
        }

        return null;
    }

    private static byte[]? BeginOf(ReadOnlySpan<byte> text)
    {
        foreach (var token in BeginBytes)
        {
            if (text.StartsWith(token))
            {
                return token;
            }
        }

        return null;
    }

    private static bool HasRoleBehind(ReadOnlySpan<byte> text)
    {
        foreach (var role in Roles)
        {
            if (text.StartsWith(role))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a text breaks off inside a fence of code or right behind a quotation mark.</summary>
    private static bool IsQuoted(ReadOnlySpan<byte> before) =>
        (!before.IsEmpty && before[^1] is (byte)'`' or (byte)'"' or (byte)'\'') || before.Count("```"u8) % 2 == 1;

    /// <summary>Looks at a prompt that was logged as rendered; null where it has its markers, and for prompts that are
    /// logged as messages.</summary>
    public PromptDifference? Check(ServedRequest request, string model)
    {
        var components = CollectionsMarshal.AsSpan(request.Components);
        var first = -1;
        for (var i = 0; i < components.Length && first < 0; i++)
        {
            first = components[i].Kind == ComponentKind.Rendered ? i : -1;
        }

        if (first < 0)
        {
            return null;
        }

        var text = Rendered(request, components, first);
        var begins = Opens(text);
        ref var usual = ref CollectionsMarshal.GetValueRefOrAddDefault(_beginsByModel, model, out _);
        if (!begins && usual)
        {
            return new PromptDifference(FindingKinds.MissingBos, components[first], FaultSpan.None, Span(text, 0, 0));
        }

        usual |= begins;
        var turns = BeginOf(text) is { } token ? text[token.Length..].TrimStart(" \n"u8) : text;
        foreach (var (open, close) in Pairs)
        {
            // The last turn is the reply's, which the model closes itself.
            if (turns.StartsWith(open) && text.Count(open) - text.Count(close) is var unclosed and (< 0 or > 1))
            {
                return new PromptDifference(
                    FindingKinds.TemplateMarkers,
                    components[first],
                    FaultSpan.None,
                    Span(text, text.LastIndexOf(unclosed > 0 ? open : close), open.Length)
                );
            }
        }

        return null;
    }

    internal static FaultSpan Span(ReadOnlySpan<byte> text, int start, int length)
    {
        var from = Math.Max(0, start - 64);
        while (from > 0 && (text[from] & 0xC0) == 0x80)
        {
            from--;
        }

        var to = Math.Min(text.Length, start + length + 64);
        while (to < text.Length && (text[to] & 0xC0) == 0x80)
        {
            to++;
        }

        var at = Encoding.UTF8.GetCharCount(text[from..start]);
        return FaultSpan.Of(
            Encoding.UTF8.GetString(text[from..to]),
            at..(at + Encoding.UTF8.GetCharCount(text.Slice(start, length))),
            Encoding.UTF8.GetCharCount(text[..from])
        );
    }

    private static ReadOnlySpan<byte> Rendered(
        ServedRequest request,
        ReadOnlySpan<PromptComponent> components,
        int first
    )
    {
        var last = first;
        while (last + 1 < components.Length && components[last + 1].Kind == ComponentKind.Rendered)
        {
            last++;
        }

        return request.Text[components[first].Start..(components[last].Start + components[last].Length)];
    }

    private static int Occurrences(string text, string token)
    {
        var count = 0;
        for (
            var at = text.IndexOf(token, StringComparison.Ordinal);
            at >= 0;
            at = text.IndexOf(token, at + token.Length, StringComparison.Ordinal)
        )
        {
            count++;
        }

        return count;
    }
}
