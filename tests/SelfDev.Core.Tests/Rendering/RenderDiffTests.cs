using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Rendering;

namespace SelfDev.Core.Tests.Rendering;

public class RenderDiffTests
{
    private const string Shots = "Q: What is 2 + 2?\nA: 4\n\nQ: What is 3 + 3?\nA: 6\n\nQ: What is 5 + 5?\nA:";
    private const string ChatMl =
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWhat is 5 + "
        + "5?<|im_end|>\n<|im_start|>assistant\n";
    private const string Tools =
        """<tools>[{"type":"function","function":{"name":"search","parameters":{"type":"object"}}},{"type":"function","function":{"name":"read","parameters":{}}}]</tools>""";

    public static TheoryData<string, string, RenderingClass> Cases =>
        new()
        {
            { "<s>" + Shots, "<s><s>" + Shots, RenderingClass.BeginOfSequence },
            { Shots, "<|begin_of_text|>" + Shots, RenderingClass.BeginOfSequence },
            { "<bos>" + ChatMl, "<bos><bos>" + ChatMl, RenderingClass.BeginOfSequence },
            { Shots, Shots + " ", RenderingClass.Whitespace },
            { Shots, Shots.Replace("\n", "\r\n", StringComparison.Ordinal), RenderingClass.Whitespace },
            {
                Shots,
                "Q: What is 3 + 3?\nA: 6\n\nQ: What is 2 + 2?\nA: 4\n\nQ: What is 5 + 5?\nA:",
                RenderingClass.FewShotOrder
            },
            { Shots, "Q: What is 5 + 5?\nA:", RenderingClass.FewShotExamples },
            {
                Shots,
                "Q: What is 2 + 2?\nA: 4\n\nQ: What is 9 + 9?\nA: 18\n\nQ: What is 5 + 5?\nA:",
                RenderingClass.FewShotExamples
            },
            { Shots, "Answer the following questions.\n\n" + Shots, RenderingClass.SystemPrompt },
            {
                ChatMl,
                ChatMl.Replace("a helpful assistant", "an expert", StringComparison.Ordinal),
                RenderingClass.SystemPrompt
            },
            {
                ChatMl,
                ChatMl[ChatMl.IndexOf("<|im_start|>user", StringComparison.Ordinal)..],
                RenderingClass.SystemPrompt
            },
            {
                "What is 5 + 5?",
                "<|im_start|>user\nWhat is 5 + 5?<|im_end|>\n<|im_start|>assistant\n",
                RenderingClass.ChatTemplate
            },
            {
                "[INST] What is 5 + 5? [/INST]",
                "<|start_header_id|>user<|end_header_id|>\n\nWhat is 5 + 5?<|eot_id|>",
                RenderingClass.ChatTemplate
            },
            { "Human: What is 5 + 5?\nAssistant:", "What is 5 + 5?", RenderingClass.ChatTemplate },
            { "Today is 26 Jul 2024.\nWhat is 5 + 5?", "Today is 27 Jul 2024.\nWhat is 5 + 5?", RenderingClass.Date },
            { "now: 2026-01-31T12:00:00Z hi", "now: 2026-02-01T09:13:44.123Z hi", RenderingClass.Date },
            {
                "session 6f1f0c1e-2d4c-4e7a-9a51-0d5b7e0f6c11: go",
                "session 0b9d4d7c-6a5e-4f53-8a3f-1c2d3e4f5a6b: go",
                RenderingClass.Identifier
            },
            {
                Tools + "\nuser: hi",
                Tools.Replace("search", "grep", StringComparison.Ordinal) + "\nuser: hi",
                RenderingClass.ToolSchema
            },
            { Tools + "\nuser: hi", "\nuser: hi", RenderingClass.ToolSchema },
            { "What is 5 + 5?", "What is 5 + 6?", RenderingClass.Content },
            { Shots, Shots, RenderingClass.None },
        };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Names_the_class_of_a_difference_both_ways(string first, string second, RenderingClass expected)
    {
        Assert.Equal(expected, RenderDiff.Compare(first, second).Class);
        Assert.Equal(expected, RenderDiff.Compare(second, first).Class);
    }

    [Fact]
    public void Shows_the_first_differing_span_in_its_place()
    {
        var difference = RenderDiff.Compare("<s>The capital of France is", "<s><s>The capital of France is");
        Assert.Equal("", difference.First.Text);
        Assert.Contains(difference.Second.Text, (string[])["<s>", "s><"]);
        Assert.Equal(1, difference.Spans);
        Assert.StartsWith("The capital", difference.After.TrimStart('<', 's', '>'), StringComparison.Ordinal);
        Assert.Contains("→", RenderDiff.Describe(difference), StringComparison.Ordinal);
    }

    [Fact]
    public void Says_when_one_class_does_not_explain_everything()
    {
        var difference = RenderDiff.Compare(
            "It is 10:30 now.\nWhat is the capital of France, please?",
            "It is 11:45 now.\nWhat is the capital of Spain, please?"
        );
        Assert.False(difference.ExplainsAll);
        Assert.Equal(2, difference.Spans);
    }

    private static readonly Gen<string> Texts =
        from words in Gen.Elements(
                "a",
                "be",
                "see",
                " ",
                "\n",
                "<s>",
                ":",
                "Q",
                "{",
                "\"",
                "\ud83d\ude00",
                "\u0301",
                "[",
                "12:30"
            )
            .ListOf(40)
        select string.Concat(words);

    [Fact]
    public void Putting_the_second_texts_spans_into_the_first_gives_the_second() =>
        Prop.ForAll(
                Texts.Two().ToArbitrary(),
                pair =>
                {
                    var (first, second) = pair;
                    var rebuilt = "";
                    var at = 0;
                    foreach (var (a, b) in SpanDiff.Spans(first, second))
                    {
                        Assert.True(at <= a.Start.Value);
                        rebuilt += first[at..a.Start.Value] + second[b];
                        at = a.End.Value;
                    }

                    Assert.Equal(second, rebuilt + first[at..]);
                    RenderDiff.Compare(first, second);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Long_texts_without_anything_in_common_end_soon()
    {
        var first = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"a{i} "));
        var second = string.Concat(Enumerable.Range(0, 200_000).Select(i => $"b{i} "));
        var difference = RenderDiff.Compare(first, second);
        Assert.Equal(RenderingClass.Content, difference.Class);
        Assert.True(difference.First.Text.Length <= SpanDiff.SpanChars);
    }
}
