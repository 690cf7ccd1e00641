using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Serving;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Tests.Serving;

public class EngineFormatTests
{
    private const string Vllm =
        "(APIServer pid=3646) INFO 05-19 10:13:11 [loggers.py:271] Engine 000: Avg prompt throughput: 0.0 tokens/s, "
        + "Avg generation throughput: 1055.3 tokens/s, Running: 18 reqs, Waiting: 43 reqs, GPU KV cache usage: "
        + "95.9%, Prefix cache hit rate: 40.0%\n";
    private const string SgLang =
        "[2026-07-10 17:00:22 TP4] Prefill batch, #new-seq: 1, #new-token: 384, #cached-token: 150144, token usage: "
        + "0.19, #running-req: 1, #queue-req: 2, \n";

    private static FormatMatch? Sniff(string text) =>
        new ServingCapability().Sniff(new ArtifactHead("x", System.Text.Encoding.UTF8.GetBytes(text), IsWhole: true));

    [Fact]
    public void Lines_of_vllm_give_the_window_rates_and_no_total()
    {
        var engine = ServingRoom
            .Analyze("INFO starting\n" + Vllm + Vllm.Replace("40.0%", "60.0%", StringComparison.Ordinal))
            .Summary()
            .Engine!;

        Assert.Equal(
            (2, 0.5, 0.6, 0.959, 43.0),
            (engine.LogLines, engine.MeanHitRate, engine.LastHitRate, engine.PeakCacheUse, engine.PeakWaiting)
        );
        Assert.Null(engine.HitRate);
    }

    [Fact]
    public void Lines_of_sglang_give_tokens()
    {
        var engine = ServingRoom.Analyze(SgLang + SgLang).Summary().Engine!;

        Assert.Equal((768, 300_288, 2.0), (engine.NewTokens, engine.CachedTokens, engine.PeakWaiting));
        Assert.Equal(150_144.0 / 150_528, engine.HitRate!.Value, 6);
    }

    [Fact]
    public void Counters_are_differences_of_scrapes_and_begin_again_after_a_restart()
    {
        static string Scrape(int queries, int hits, string prefix = "vllm:prefix_cache") =>
            $"# HELP vllm:x y\n# TYPE vllm:x counter\n{prefix}_queries_total{{engine=\"0\",model_name=\"a}}b\"}} "
            + $"{queries}\n{prefix}_hits_total{{engine=\"0\",model_name=\"a}}b\"}} "
            + $"{hits}.0\nvllm:kv_cache_usage_perc{{engine=\"0\"}} 0.5\nvllm:num_requests_waiting 3\n";

        var engine = ServingRoom
            .Analyze(Scrape(1000, 500) + Scrape(2000, 900) + Scrape(300, 100) + Scrape(400, 150))
            .Summary()
            .Engine!;
        var old = ServingRoom
            .Analyze(Scrape(1000, 500, "vllm:gpu_prefix_cache") + Scrape(1100, 590, "vllm:gpu_prefix_cache"))
            .Summary()
            .Engine!;

        Assert.Equal(
            (4, 1, 1400.0, 550.0, 0.5, 3.0),
            (
                engine.Scrapes,
                engine.Resets,
                engine.QueriedTokens,
                engine.HitTokens,
                engine.PeakCacheUse,
                engine.PeakWaiting
            )
        );
        Assert.Equal((100.0, 90.0, 0.9), (old.QueriedTokens, old.HitTokens, old.HitRate));
    }

    [Fact]
    public void Agent_traces_are_sessions_of_calls()
    {
        const string Line =
            """{"session_id":"s1","date":"2026-01-01","turns":[{"turn_id":1,"llm_calls":[{"message_id":"a","timestamp":"2026-01-01T10:00:00Z","model":"claude-sonnet-4","tokens":{"total":1100,"prompt":1000,"completion":100,"cached":0},"message_metadata":[{"type":"text","role":"system","sequenceId":0,"token_len":900},{"type":"text","role":"user","sequenceId":1,"token_len":100}]},{"message_id":"b","timestamp":"2026-01-01T10:00:09Z","model":"claude-sonnet-4","tokens":{"total":1600,"prompt":1500,"completion":100,"cached":1000},"message_metadata":[{"type":"text","role":"system","sequenceId":0,"token_len":900},{"type":"text","role":"user","sequenceId":1,"token_len":100},{"type":"text","role":"assistant","sequenceId":2,"token_len":500}]}],"tool_batches":[{"x":1}]}]}"""
            + "\n";

        var analysis = ServingRoom.Analyze(Line);

        Assert.Equal(
            (2, 2500, 1000, 1500),
            (
                analysis.Summary().Requests,
                analysis.Summary().PromptTokens,
                analysis.Summary().CachedTokens,
                analysis.Summary().Ledger.Compulsory
            )
        );
        Assert.Equal(("agent-trace", 1), (analysis.Artifact.Format, (int)analysis.Summary().Conversations.AppendOnly));
        Assert.Empty(analysis.Findings);
    }

    [Fact]
    public void Formats_are_told_from_content()
    {
        Assert.Equal("vllm-log", Sniff("starting\n" + Vllm)?.Format);
        Assert.Equal("sglang-log", Sniff(SgLang)?.Format);
        Assert.Equal("prometheus", Sniff("# HELP python_info x\nvllm:num_requests_waiting{a=\"b\"} 0\n")?.Format);
        Assert.Equal(
            "mooncake-trace",
            Sniff("{\"timestamp\": 0, \"input_length\": 6758, \"output_length\": 500, \"hash_ids\": [0, 1]}\n")?.Format
        );
        Assert.Equal("usage-log", Sniff("{\"model\":\"m\",\"usage\":{\"prompt_tokens\":5}}\n")?.Format);
        Assert.Null(Sniff("{\"step\": 5, \"loss\": 2.5}\n{\"step\": 6, \"loss\": 2.4}\n"));
        Assert.Null(Sniff(" iteration 5/ 100 | lm loss: 2.5 |\n"));
        Assert.Null(Sniff("TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n"));
    }
}
