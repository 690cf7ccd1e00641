using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Reports.Render;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Tests.Serving;

/// <summary>Whatever a log holds is counted and reported, never a crash.</summary>
public class HostileInputTests
{
    private const string Good =
        """{"model":"m","messages":[{"role":"user","content":"hello"}],"usage":{"prompt_tokens":20,"prompt_tokens_details":{"cached_tokens":5}}}"""
        + "\n";

    [Fact]
    public void Lone_surrogates_are_counted_and_compared_as_written()
    {
        const string Broken =
            """{"model":"m","session_id":"a","messages":[{"role":"user","content":"x \ud83d y"}],"usage":{"prompt_tokens":20}}"""
            + "\n";

        var analysis = ServingRoom.Analyze(Good + Broken + Broken);

        Assert.Equal(
            (3, 2, 0),
            (analysis.Summary().Requests, (int)analysis.Summary().Inputs["brokenText"], (int)analysis.Artifact.Rejected)
        );
        Assert.Equal(2, analysis.Single(FindingKinds.BrokenText).Metrics["count"].Number);
        Assert.Equal(1, analysis.Summary().Conversations.Pairs);
    }

    [Fact]
    public void Malformed_bytes_are_counted_once_where_they_first_stand()
    {
        var broken = Encoding.Latin1.GetBytes(
            """{"model":"m","session_id":"a","messages":[{"role":"user","content":"x \xFF\xFE\xED\xA0\x80 y"}],"usage":{"prompt_tokens":20}}""".Replace(
                "\\xFF\\xFE\\xED\\xA0\\x80",
                "\xFF\xFE\xED\xA0\x80",
                StringComparison.Ordinal
            ) + "\n"
        );

        var analysis = ServingRoom.Analyze([.. Encoding.UTF8.GetBytes(Good), .. broken, .. broken]);

        Assert.Equal(
            (3, 1, 0),
            (analysis.Summary().Requests, (int)analysis.Summary().Inputs["brokenText"], (int)analysis.Artifact.Rejected)
        );
    }

    [Fact]
    public void Numbers_that_are_none_cut_lines_and_lines_of_megabytes_leave_the_rest_readable()
    {
        var nan = Good.Replace("20", "NaN", StringComparison.Ordinal);
        var huge = Good.Replace("20", "123456789012345678901234567890", StringComparison.Ordinal);
        var long10 = Good.Replace("hello", new string('x', 10_000_000), StringComparison.Ordinal);
        var over = Good.Replace("hello", new string('x', 40_000_000), StringComparison.Ordinal);

        var analysis = ServingRoom.Analyze(Good + nan + huge + long10 + over + Good[..60] + "\n" + Good + Good[..^20]);

        // Read: the good ones, the long one, and the one with a number beyond any count; that one is not booked.
        Assert.Equal(
            (4, 4, 60),
            (analysis.Summary().Requests, (int)analysis.Artifact.Rejected, analysis.Summary().PromptTokens)
        );
        Assert.Equal(1, analysis.Summary().Inputs["negativeUsage"]);
    }

    [Fact]
    public void A_circle_of_a_thousand_ids_is_found()
    {
        var lines = string.Concat(
            Enumerable
                .Range(0, 1000)
                .Select(i =>
                    $$$"""{"id":"i{{{i}}}","parent_id":"i{{{(i + 1) % 1000}}}","model":"m","usage":{"prompt_tokens":20}}"""
                    + "\n"
                )
        );

        Assert.Equal(1, ServingRoom.Analyze(lines).Summary().Inputs["cyclicId"]);
    }

    [Theory]
    [InlineData("""{"prompt_tokens":-5}""", "negativeUsage")]
    [InlineData("""{"prompt_tokens":100,"prompt_tokens_details":{"cached_tokens":-1}}""", "negativeUsage")]
    [InlineData("""{"prompt_tokens":1e300}""", "negativeUsage")]
    [InlineData("""{"prompt_tokens":"many"}""", "negativeUsage")]
    [InlineData("""{"prompt_tokens":null}""", "missingUsage")]
    [InlineData("{}", "missingUsage")]
    [InlineData("[[[]]]", "missingUsage")]
    public void Usage_that_cannot_be_is_counted_and_not_booked(string usage, string fault)
    {
        var analysis = ServingRoom.Analyze(
            Good + $"{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}],\"usage\":{usage}}}\n"
        );

        Assert.Equal(
            (2, 20, 1),
            (analysis.Summary().Requests, analysis.Summary().PromptTokens, analysis.Summary().Inputs[fault])
        );
        Assert.Equal(1, analysis.Single(FindingKinds.UnusableUsage).Metrics["count"].Number);
    }

    [Fact]
    public void More_cached_than_prompt_tokens_means_that_the_prompt_leaves_them_out()
    {
        var summary = ServingRoom
            .Analyze("""{"model":"m","usage":{"prompt_tokens":10,"cached_tokens":90}}""" + "\n")
            .Summary();

        Assert.Equal((100, 90), (summary.PromptTokens, summary.CachedTokens));
    }

    [Theory]
    [InlineData(
        """{"prompt_tokens":2006,"completion_tokens":300,"prompt_tokens_details":{"cached_tokens":1920}}""",
        2006,
        1920
    )]
    [InlineData(
        """{"input_tokens":2006,"input_tokens_details":{"cached_tokens":1920},"cache_write_tokens":10}""",
        2006,
        1920
    )]
    [InlineData(
        """{"input_tokens":3,"cache_creation_input_tokens":803,"cache_read_input_tokens":1348,"output_tokens":118}""",
        2154,
        1348
    )]
    [InlineData(
        """{"prompt_tokens":2154,"prompt_tokens_details":{"cached_tokens":1348},"cache_creation_input_tokens":803,"cache_read_input_tokens":1348}""",
        2154,
        1348
    )]
    [InlineData("""{"prompt_tokens":13902,"prompt_tokens_details":null}""", 13902, 0)]
    [InlineData("""{"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36,"prompt_tokens":100}""", 100, 64)]
    [InlineData("""{"promptTokenCount":500,"cachedContentTokenCount":400,"candidatesTokenCount":3}""", 500, 400)]
    public void Usage_of_every_shape_is_normalised(string usage, long prompt, long cached)
    {
        var summary = ServingRoom.Analyze($"{{\"model\":\"m\",\"usage\":{usage}}}\n").Summary();

        Assert.Equal((prompt, cached), (summary.PromptTokens, summary.CachedTokens));
        Assert.Equal(prompt - cached, summary.Ledger.Sum);
    }

    [Fact]
    public void Clocks_that_run_backwards_and_ids_in_circles_are_counted()
    {
        var analysis = ServingRoom.Analyze(
            """{"id":"a","parent_id":"a","model":"m","timestamp":200,"messages":[{"role":"user","content":"hello"}],"usage":{"prompt_tokens":20}}"""
                + "\n"
                + """{"id":"b","parent_id":"c","model":"m","timestamp":-1e200,"messages":[{"role":"user","content":"hello"}],"usage":{"prompt_tokens":20}}"""
                + "\n"
                + """{"id":"c","parent_id":"b","model":"m","timestamp":150,"messages":[{"role":"user","content":"hello"}],"usage":{"prompt_tokens":20}}"""
                + "\n"
        );

        Assert.Equal((1, 2), (analysis.Summary().Inputs["clockReversal"], analysis.Summary().Inputs["cyclicId"]));
        Assert.Equal(2, analysis.Single(FindingKinds.CyclicId).Metrics["count"].Number);
    }

    [Fact]
    public void Tool_schemas_of_megabytes_are_read_whole()
    {
        var tools = new JsonArray(new JsonObject { ["name"] = "big", ["description"] = new string('d', 5_000_000) });
        var request = ServingRoom.Request(
            [ServingRoom.Message("user", "hello")],
            1_250_010,
            0,
            tools: tools,
            session: "a"
        );
        var changed = (JsonObject)request.DeepClone();
        changed["tools"]![0]!["description"] = new string('d', 4_000_000) + "2026-01-31" + new string('d', 999_990);

        var analysis = ServingRoom.Analyze(ServingRoom.Lines([request, request, changed]));

        Assert.Equal((3, 0), (analysis.Summary().Requests, analysis.Artifact.Rejected));
        Assert.Equal(
            "tools[0]",
            Assert
                .Single(analysis.Findings, finding => finding.Metrics.ContainsKey("component"))
                .Metrics["component"]
                .ToString()
        );
    }

    [Fact]
    public void Pretty_printed_documents_and_arrays_are_read_with_their_lines()
    {
        var one = JsonNode.Parse(Good)!;
        var options = new JsonSerializerOptions { WriteIndented = true };

        Assert.Equal(1, ServingRoom.Analyze(one.ToJsonString(options)).Summary().Requests);
        var array = ServingRoom.Analyze(new JsonArray(one.DeepClone(), one.DeepClone()).ToJsonString(options));
        Assert.Equal((2, 1), (array.Summary().Requests, array.Summary().Conversations.Pairs));
        Assert.Equal(
            2,
            ServingRoom.Analyze(new JsonArray(one.DeepClone(), one.DeepClone()).ToJsonString()).Summary().Requests
        );
    }

    [Fact]
    public void Lines_that_are_no_requests_are_rejected_and_the_rest_is_read()
    {
        var analysis = ServingRoom.Analyze(
            Good + "{\"model\":\"m\"}\nnot json\n{\"messages\":\n" + new string('[', 100_000) + "\n" + Good
        );

        Assert.Equal((2, 4), (analysis.Summary().Requests, analysis.Artifact.Rejected));
    }

    [Fact]
    public void An_artifact_without_any_request_is_refused()
    {
        Assert.Throws<ArtifactUnreadableException>(() => ServingRoom.Analyze("{\"a\":1}\n"));
        Assert.Throws<ArtifactUnreadableException>(() => ServingRoom.Analyze(Good, ("no-such-option", "1")));
        Assert.Throws<ArtifactUnreadableException>(() => ServingRoom.Analyze(Good, ("block-tokens", "0")));
    }

    private static readonly string[] Pieces =
    [
        Good,
        """{"model":"m","messages":"hello","usage":{"input_tokens":3}}""" + "\n",
        """{"messages":[{"role":"tool","tool_call_id":"x","content":[{"type":"text","text":"\udc00"}]},null,7,"s"],"tools":{"a":1}}"""
            + "\n",
        """{"hash_ids":[1,2,3],"input_length":1500}""" + "\n",
        """{"session_id":"s","turns":[{"llm_calls":[{"tokens":{"prompt":10,"cached":3},"model":"m"}]}]}""" + "\n",
        """{"model":"claude-3","system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"n","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"r"}]}],"usage":{"input_tokens":1,"cache_read_input_tokens":2}}"""
            + "\n",
        """{"model":"gpt-5","input":[{"type":"function_call","call_id":"c","name":"n","arguments":"{"},{"type":"function_call_output","call_id":"c","output":"o"}],"instructions":"i","usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":1}}}"""
            + "\n",
        "vllm:prefix_cache_queries_total{a=\"}\"} 5\n",
        "Prefix cache hit rate: 5%\n",
        "#new-token: 5, #cached-token: 7\n",
        "\0\0",
        "\xFF\xFE{",
        "{\"roles\":[\"user\"],\"message_sha\":[\"a\",\"b\"],\"message_chars\":[1e9,-5],\"usage\":{\"prompt_tokens\":7}}\n",
        """{"prompt":"<s><s>[INST]","model":"m","usage":{"prompt_tokens":3,"cached_tokens":2},"timestamp":"2026-13-45"}"""
            + "\n",
    ];

    private static readonly Gen<byte[]> Content =
        from pieces in Gen.Elements(Pieces).ListOf(40)
        from flips in Gen.Choose(0, 4000).ListOf(8)
        from cut in Gen.Choose(0, 30)
        select Damage(string.Concat(pieces), [.. flips], cut);

    [Fact]
    public void Damaged_and_mixed_logs_never_crash_and_always_sum_up() =>
        Prop.ForAll(
                Content.ToArbitrary(),
                content =>
                {
                    Analysis analysis;
                    try
                    {
                        analysis = ServingRoom.Analyze(content);
                    }
                    catch (ArtifactUnreadableException)
                    {
                        return;
                    }

                    JsonSerializer.Serialize(ReportEnvelope.Of(analysis), ReportJson.Options);
                    JsonSerializer.Serialize(analysis.Document, ReportJson.Options);
                    var summary = analysis.Summary();
                    Assert.Equal(summary.PromptTokens - summary.CachedTokens, summary.Ledger.Sum);
                    Assert.All(
                        analysis.Findings,
                        finding =>
                        {
                            Assert.NotEmpty(finding.Evidence);
                            Assert.Contains(finding.Kind, FindingKinds.All);
                        }
                    );
                }
            )
            .QuickCheckThrowOnFailure();

    private static byte[] Damage(string text, int[] flips, int cut)
    {
        var bytes = Encoding.Latin1.GetBytes(text)[..Math.Max(1, text.Length - cut)];
        foreach (var flip in flips.Where(flip => flip < bytes.Length))
        {
            bytes[flip] = (byte)(flip * 31);
        }

        return bytes;
    }
}
