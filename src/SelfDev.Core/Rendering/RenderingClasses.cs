using System.Text;
using System.Text.RegularExpressions;

namespace SelfDev.Core.Rendering;

/// <summary>The rules that name the class of a rendering difference. All patterns are linear in the text
/// (RegexOptions.NonBacktracking).</summary>
internal static partial class RenderingClasses
{
    private const int MaxShots = 512;

    /// <summary>The one class that explains the whole difference; null where none does.</summary>
    public static RenderingClass? OfWhole(string first, string second)
    {
        if (Collapsed(first) == Collapsed(second))
        {
            return RenderingClass.Whitespace;
        }

        if (Equal(first, second, WithoutBegin))
        {
            return RenderingClass.BeginOfSequence;
        }

        if (Equal(first, second, text => Dates().Replace(text, "<date>")))
        {
            return RenderingClass.Date;
        }

        if (Equal(first, second, text => Identifiers().Replace(text, "<id>")))
        {
            return RenderingClass.Identifier;
        }

        if (Equal(first, second, WithoutMarkers))
        {
            return RenderingClass.ChatTemplate;
        }

        if (ToolSections.Differ(first, second))
        {
            return RenderingClass.ToolSchema;
        }

        return SystemSections.Differ(first, second) ? RenderingClass.SystemPrompt : OfShots(first, second);
    }

    /// <summary>The class of one span, told from the span and what surrounds it.</summary>
    public static RenderingClass OfSpan(string first, Range a, string second, Range b)
    {
        var one = first[a];
        var other = second[b];
        if (string.IsNullOrWhiteSpace(one) && string.IsNullOrWhiteSpace(other))
        {
            return RenderingClass.Whitespace;
        }

        if (OnlyOf(one, Begins()) && OnlyOf(other, Begins()))
        {
            return RenderingClass.BeginOfSequence;
        }

        if (OnlyOf(one, Markers()) && OnlyOf(other, Markers()))
        {
            return RenderingClass.ChatTemplate;
        }

        return ToolSections.Contain(first, a.Start.Value) || ToolSections.Contain(second, b.Start.Value)
                ? RenderingClass.ToolSchema
            : SystemSections.Contain(first, a.Start.Value) && SystemSections.Contain(second, b.Start.Value)
                ? RenderingClass.SystemPrompt
            : OnlyOf(one, Dates()) && OnlyOf(other, Dates()) ? RenderingClass.Date
            : RenderingClass.Content;
    }

    /// <summary>Blocks between blank lines, and lines where there are none: the last one is the question, what stands
    /// before it are examples or instructions.</summary>
    private static RenderingClass? OfShots(string first, string second)
    {
        var (plainFirst, plainSecond) = (Plain(first), Plain(second));
        var separator =
            plainFirst.Contains("\n\n", StringComparison.Ordinal)
            || plainSecond.Contains("\n\n", StringComparison.Ordinal)
                ? "\n\n"
                : "\n";
        var a = Blocks(plainFirst, separator);
        var b = Blocks(plainSecond, separator);
        if (a.Count > MaxShots || b.Count > MaxShots || a.Count == 0 || b.Count == 0 || a[^1] != b[^1])
        {
            return null;
        }

        if (a.Count == b.Count && a.Order(StringComparer.Ordinal).SequenceEqual(b.Order(StringComparer.Ordinal)))
        {
            return RenderingClass.FewShotOrder;
        }

        var onlyFirst = Without(a, b);
        var onlySecond = Without(b, a);
        var extra = onlyFirst.Concat(onlySecond).ToList();
        if (extra.Count == 0)
        {
            return null;
        }

        // An example looks like the question: it begins with the same word ("Q:", "Question:", "Input:"). Instructions
        // do not.
        var cue = Cue(a[^1]);
        return cue.Length > 0 && extra.TrueForAll(block => Cue(block) == cue) ? RenderingClass.FewShotExamples
            : Leads(a, onlyFirst) && Leads(b, onlySecond) ? RenderingClass.SystemPrompt
            : null;
    }

    /// <summary>Whether the blocks are the text's first ones.</summary>
    private static bool Leads(List<string> blocks, List<string> extra) => blocks.Take(extra.Count).SequenceEqual(extra);

    private static List<string> Without(List<string> blocks, List<string> others)
    {
        var left = others.CountBy(block => block).ToDictionary(pair => pair.Key, pair => pair.Value);
        return
        [
            .. blocks.Where(block =>
            {
                if (left.GetValueOrDefault(block) == 0)
                {
                    return true;
                }

                left[block]--;
                return false;
            }),
        ];
    }

    private static string Cue(string block)
    {
        var end = block.IndexOf(':', StringComparison.Ordinal);
        return end is > 0 and <= 24 ? block[..end].ToUpperInvariant() : "";
    }

    private static string Plain(string text) => WithoutMarkers(WithoutBegin(text.ReplaceLineEndings("\n"))).Trim();

    private static List<string> Blocks(string text, string separator) =>
        [.. text.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static bool Equal(string first, string second, Func<string, string> without)
    {
        var a = without(first);
        var b = without(second);
        return (a != first || b != second) && Collapsed(a) == Collapsed(b);
    }

    private static bool OnlyOf(string span, Regex pattern) => string.IsNullOrWhiteSpace(pattern.Replace(span, ""));

    private static string WithoutBegin(string text) => LeadingBegins().Replace(text, "");

    private static string WithoutMarkers(string text) => Markers().Replace(text, " ");

    private static string Collapsed(string text)
    {
        var collapsed = new StringBuilder(text.Length);
        var space = false;
        foreach (var character in text)
        {
            if (char.IsWhiteSpace(character))
            {
                space = collapsed.Length > 0;
                continue;
            }

            if (space)
            {
                collapsed.Append(' ');
                space = false;
            }

            collapsed.Append(character);
        }

        return collapsed.ToString();
    }

    // Tokens of Llama 2 and Mistral, Llama 3, Gemma, GPT-2 and its kin, BERT, DeepSeek, Cohere.
    private const string BeginTokens =
        @"<s>|<\|begin_of_text\|>|<bos>|<\|startoftext\|>|<\|endoftext\|>|<\|bos\|>|\[CLS\]|<｜begin▁of▁sentence｜>|<BOS_TOKEN>";

    [GeneratedRegex(@"\A(?:\s*(?:" + BeginTokens + "))+", RegexOptions.NonBacktracking)]
    private static partial Regex LeadingBegins();

    [GeneratedRegex(BeginTokens, RegexOptions.NonBacktracking)]
    private static partial Regex Begins();

    // ChatML, Llama 3, Llama 2 and Mistral, Gemma, Phi, Harmony, Zephyr, DeepSeek; then the plain-text conventions of
    // Alpaca and Vicuna at a line's beginning.
    [GeneratedRegex(
        @"<\|im_start\|>(?:system|user|assistant|tool|developer)?|<\|im_end\|>|<\|start_header_id\|>(?:[a-z]{1,16})?<\|end_header_id\|>|<\|eot_id\|>|<\|eom_id\|>"
            + @"|\[/?INST\]|<</?SYS>>|</?s>|<start_of_turn>(?:user|model)?|<end_of_turn>|<\|(?:system|user|assistant|end|message|channel|return|start)\|>"
            + @"|<｜(?:User|Assistant|end▁of▁sentence)｜>|<\|begin_of_text\|>|(?m:^[ \t]*(?:### (?:System|Instruction|Input|Response|User|Assistant)|USER|ASSISTANT|SYSTEM|Human|User|Assistant|System)[ \t]*:[ \t]?)",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Markers();

    [GeneratedRegex(
        @"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
            + @"|\b(?:(?:Mon|Tue|Tues|Wednes|Wed|Thurs|Thu|Fri|Satur|Sat|Sun)(?:day)?,?\s+)?(?:\d{1,2}\s+)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]{0,6}\.?(?:\s+\d{1,2})?,?(?:\s+\d{4})?\b"
            + @"|\b\d{1,2}/\d{1,2}/\d{2,4}\b|\b\d{1,2}:\d{2}(?::\d{2})?\b",
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase
    )]
    private static partial Regex Dates();

    [GeneratedRegex(
        @"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b|\b[0-9a-fA-F]{16,64}\b|\b1[5-9]\d{8,11}\b|/tmp/[A-Za-z0-9_.\-]+|\b(?:chatcmpl|call|toolu|msg|req|resp)[-_][A-Za-z0-9]{6,64}\b",
        RegexOptions.NonBacktracking
    )]
    private static partial Regex Identifiers();
}
