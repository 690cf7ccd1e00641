using System.Text.Json.Nodes;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Analysts;

public class AnswerReaderTests
{
    private static readonly AnalystQuestion Question = Questions.Of("step 1 loss 9.75", "step 2  loss\t2.5");
    private static readonly AnalystPrompt Prompt = AnalystPrompt.Compose(Question);

    [Fact]
    public void A_well_formed_answer_is_read()
    {
        var (answer, rejection) = Read(
            """{"cause":"A bad\nbatch.","citations":[{"line":1,"text":"loss 9.75"}],"recommended_action":"scale-fleet"}"""
        );

        Assert.Null(rejection);
        Assert.Equal(("A bad batch.", "scale-fleet"), (answer!.Cause, answer.Action));
        Assert.Equal([new Citation(null, 1, "loss 9.75")], answer.Citations);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"cause":"x","citations":[],"recommended_action":"none"} trailing""")]
    [InlineData("""{"cause":"x","citations":[],"recommended_action":"none","capacity":100}""")]
    [InlineData("""{"cause":"x","citations":[],"recommended_action":"none","recommended_action":"scale-fleet"}""")]
    [InlineData("""{"cause":"x","citations":[],"recommended_action":"delete-everything"}""")]
    [InlineData("""{"cause":"x","citations":[],"recommended_action":"replace-node"}""")]
    [InlineData("""{"cause":"x","citations":[],"recommended_action":null}""")]
    [InlineData("""{"cause":"x","citations":[],"recommended_action":{"action":"scale-fleet","capacity":100}}""")]
    [InlineData("""{"cause":"","citations":[],"recommended_action":"none"}""")]
    [InlineData("""{"cause":7,"citations":[],"recommended_action":"none"}""")]
    [InlineData("""{"cause":"\ud800","citations":[],"recommended_action":"none"}""")]
    [InlineData("""{"cause":"x","citations":{},"recommended_action":"none"}""")]
    [InlineData("""{"cause":"x","citations":[{"line":1.5,"text":"a"}],"recommended_action":"none"}""")]
    [InlineData("""{"cause":"x","citations":[{"line":1,"text":"a","capacity":9}],"recommended_action":"none"}""")]
    [InlineData("""{"cause":"x","citations":[{"line":1e999,"text":"a"}],"recommended_action":"none"}""")]
    [InlineData("""{"cause":"x","recommended_action":"none"}""")]
    public void Anything_else_is_rejected_with_a_reason(string json)
    {
        var (answer, rejection) = Read(json);

        Assert.Null(answer);
        Assert.NotNull(rejection);
    }

    [Fact]
    public void Too_deep_too_long_and_too_many_are_rejected()
    {
        Assert.Null(Read(string.Concat(Enumerable.Repeat("[", 100_000))).Answer);
        Assert.Null(Read(Answer(new string('x', AnswerReader.MaxCauseChars + 1), 0)).Answer);
        Assert.Null(Read(Answer("x", AnswerReader.MaxCitations + 1)).Answer);
        Assert.NotNull(Read(Answer("x", AnswerReader.MaxCitations)).Answer);
    }

    [Theory]
    [InlineData(1, "loss 9.75", true)]
    [InlineData(2, "step 2 loss 2.5", true)]
    [InlineData(2, "loss 9.75", false)]
    [InlineData(3, "loss 9.75", false)]
    [InlineData(0, "loss 9.75", false)]
    [InlineData(long.MinValue, "loss 9.75", false)]
    [InlineData(1, "loss 99.75", false)]
    [InlineData(1, "s", false)]
    [InlineData(1, "", false)]
    public void A_citation_counts_only_if_its_line_holds_its_words(long line, string text, bool holds)
    {
        var (verified, dropped) = CitationVerifier.Verify([new Citation(null, line, text)], Prompt.Shown);

        Assert.Equal(holds ? 1 : 0, verified.Count);
        Assert.Equal(holds ? 0 : 1, dropped);
    }

    [Fact]
    public void The_schema_is_strict_and_offers_the_allowed_actions_only()
    {
        var schema = JsonNode.Parse(AnswerSchema.For(Question, Prompt))!;

        Assert.Equal(
            ["scale-fleet", "none"],
            schema["properties"]!["recommended_action"]!["enum"]!.AsArray().Select(kind => (string)kind!)
        );
        Assert.False((bool)schema["additionalProperties"]!);
        Assert.Equal(3, schema["required"]!.AsArray().Count);
        Assert.False((bool)schema["properties"]!["citations"]!["items"]!["additionalProperties"]!);
    }

    [Fact]
    public void Of_several_files_a_citation_names_one_that_exists()
    {
        var question = Question with
        {
            Windows = [new EvidenceWindow("a", 1, ["one one one"]), new EvidenceWindow("b", 1, ["two two two"])],
        };
        var prompt = AnalystPrompt.Compose(question);

        var (answer, _) = AnswerReader.Read(
            """{"cause":"x","citations":[{"line":1,"text":"two two","file":2},{"line":1,"text":"two two","file":3}],"recommended_action":"none"}""",
            question,
            prompt
        );

        Assert.Equal([new Citation("b", 1, "two two")], answer!.Citations);
        Assert.Equal(1, answer.UnknownFiles);
    }

    private static (ModelAnswer? Answer, string? Rejection) Read(string json) =>
        AnswerReader.Read(json, Question, Prompt);

    private static string Answer(string cause, int citations) =>
        new JsonObject
        {
            ["cause"] = cause,
            ["citations"] = new JsonArray([
                .. Enumerable.Range(0, citations).Select(_ => new JsonObject { ["line"] = 1, ["text"] = "step 1" }),
            ]),
            ["recommended_action"] = "none",
        }.ToJsonString();
}
