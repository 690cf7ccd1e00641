using System.Text;
using SelfDev.Core.Lineage;

namespace SelfDev.Core.Tests.Lineage;

public class CheckpointLineageTests
{
    [Fact]
    public void The_parent_comes_before_the_newest_promoted_one()
    {
        var lineage = new CheckpointLineage([
            new("b") { Parent = "a" },
            new("a"),
            new("old") { PromotedAt = At(1) },
            new("new") { PromotedAt = At(2) },
        ]);

        Assert.Equal(["a", "new"], lineage.BaselinesOf("b").Select(baseline => baseline.Checkpoint));
        Assert.Equal(["new"], lineage.BaselinesOf("a").Select(baseline => baseline.Checkpoint));
        Assert.Equal(["new"], lineage.BaselinesOf("never heard of").Select(baseline => baseline.Checkpoint));
        Assert.Equal(["old"], lineage.BaselinesOf("new").Select(baseline => baseline.Checkpoint));
        Assert.Empty(new CheckpointLineage([]).BaselinesOf("b"));
    }

    [Fact]
    public void A_promoted_descendant_is_no_baseline_of_its_ancestor()
    {
        var lineage = new CheckpointLineage([
            new("a"),
            new("b") { Parent = "a", PromotedAt = At(3) },
            new("c") { PromotedAt = At(1) },
        ]);
        Assert.Equal(["c"], lineage.BaselinesOf("a").Select(baseline => baseline.Checkpoint));
    }

    [Fact]
    public void Descent_goes_over_generations_and_never_round_in_circles()
    {
        var lineage = new CheckpointLineage([
            new("d") { Parent = "c" },
            new("c") { Parent = "b" },
            new("x") { Parent = "y" },
            new("y") { Parent = "x" },
        ]);
        Assert.True(lineage.IsOrDescendsFrom("d", "b"));
        Assert.True(lineage.IsOrDescendsFrom("b", "b"));
        Assert.False(lineage.IsOrDescendsFrom("b", "d"));
        Assert.False(lineage.IsOrDescendsFrom("x", "a"));
        Assert.True(lineage.IsOrDescendsFrom("x", "y"));
    }

    [Fact]
    public void A_checkpoint_in_another_spelling_is_no_stranger()
    {
        var lineage = new CheckpointLineage([
            new("Step-3") { Parent = "STEP-2" },
            new("step-3") { Parent = "elsewhere" },
            new("step-2") { Parent = "step-1" },
        ]);
        Assert.True(lineage.IsOrDescendsFrom("step-3", "step-1"));
        Assert.True(lineage.IsOrDescendsFrom("STEP-3", "Elsewhere"));
        Assert.True(lineage.IsOrDescendsFrom("step-9", "Step-9"));
    }

    [Fact]
    public void A_served_name_leads_to_every_checkpoint_that_may_answer_under_it()
    {
        var lineage = new CheckpointLineage([
            new("step-7") { ServedAs = ["assistant", "assistant-canary"] },
            new("step-8") { ServedAs = ["Assistant"] },
        ]);
        Assert.Equal(["step-7", "step-8"], lineage.ServedAs("assistant"));
        Assert.Equal(["step-7"], lineage.ServedAs("STEP-7"));
        Assert.Equal(["gpt"], lineage.ServedAs("gpt"));
    }

    [Fact]
    public void A_manifest_is_read()
    {
        var manifest = Read(
            """{"schema":"selfdev.checkpoint/1","parent":"step-3000","servedAs":["a","b"],"promotedAt":"2026-01-31T12:00:00Z","note":1}""",
            out var problem
        );
        Assert.Equal(
            ("", "c", "step-3000", At(0)),
            (problem, manifest!.Checkpoint, manifest.Parent, manifest.PromotedAt)
        );
        Assert.Equal(["a", "b"], manifest.ServedAs);
        Assert.Null(Read("""{"schema":"selfdev.checkpoint/1","parent":null}""", out _)!.Parent);
    }

    [Theory]
    [InlineData("", "line 1, byte 1")]
    [InlineData("{\"schema\":\"selfdev.checkpoint/1\",\n\"parent\":}", "line 2, byte 10")]
    [InlineData("[]", "\"schema\"")]
    [InlineData("{\"schema\":\"other\"}", "\"schema\"")]
    [InlineData("{\"schema\":\"selfdev.checkpoint/1\",\"parent\":\"../other\"}", "'parent' has to be a name")]
    [InlineData("{\"schema\":\"selfdev.checkpoint/1\",\"parent\":\"a\\u001b[31m\"}", "'parent' has to be a name")]
    [InlineData("{\"schema\":\"selfdev.checkpoint/1\",\"parent\":7}", "'parent' has to be a name")]
    [InlineData("{\"schema\":\"selfdev.checkpoint/1\",\"servedAs\":\"a\"}", "'servedAs' is no list")]
    [InlineData("{\"schema\":\"selfdev.checkpoint/1\",\"promotedAt\":\"soon\"}", "'promotedAt' is no time")]
    [InlineData("{\"schema\":\"selfdev.checkpoint/1\",\"parent\":\"a\",\"parent\":\"b\"}", "no JSON")]
    public void What_is_wrong_with_a_manifest_is_said(string json, string expected)
    {
        Assert.Null(Read(json, out var problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    private static CheckpointManifest? Read(string json, out string problem) =>
        CheckpointManifest.Read("c", Encoding.UTF8.GetBytes(json), out problem);

    private static DateTimeOffset At(int hours) =>
        new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero).AddHours(hours);
}
