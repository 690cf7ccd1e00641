using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Model;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Serving;

public class LedgerTests
{
    [Fact]
    public void Openhands_calls_are_booked_to_the_token()
    {
        var analysis = ServingRoom.AnalyzePath(SharedData.Require("openhands/calls_metadata.jsonl"));
        var summary = analysis.Summary();

        Assert.Equal((651, 13_386_059, 4_927_147), (summary.Requests, summary.PromptTokens, summary.CachedTokens));
        Assert.Equal(0.3681, summary.HitRate, 4);
        Assert.Equal(summary.PromptTokens - summary.CachedTokens, summary.Ledger.Sum);
        // 391 of 651 calls went to a deployment of the same model that has no cache.
        Assert.Equal("routing", summary.DominantCause);
        Assert.Equal(0.871, summary.DominantShare, 3);
        Assert.Equal((615, 626), (summary.Conversations.AppendOnly, summary.Conversations.Pairs));
        Assert.Equal(0.9824, summary.Conversations.AppendOnlyShare, 4);
        Assert.Equal(11, summary.Conversations.Restarted);
        Assert.IsType<PinRouting>(Assert.Single(analysis.Single(FindingKinds.CacheRouting).Proposals).Action);
    }

    [Theory]
    [InlineData("astropy__astropy-12907", 10)]
    [InlineData("astropy__astropy-13033", 11)]
    public void Openhands_conversations_only_grow_and_render_without_fault(string folder, int requests)
    {
        var analysis = ServingRoom.AnalyzePath(SharedData.Require("openhands/" + folder));

        Assert.Equal(
            (requests, requests - 1, 1.0),
            (
                analysis.Summary().Requests,
                analysis.Summary().Conversations.AppendOnly,
                analysis.Summary().Conversations.AppendOnlyShare
            )
        );
        Assert.Equal([FindingKinds.CacheRouting], analysis.Findings.Select(finding => finding.Kind));
    }

    /// <summary>What a cache does is up to the log; whatever it says, the ledger has to sum up.</summary>
    private static readonly Gen<string> Logs =
        from calls in (
            from session in Gen.Choose(0, 4)
            from model in Gen.Elements(
                "claude-3-5-sonnet",
                "bedrock/anthropic.claude-3-5-sonnet-v2:0",
                "gpt-4o",
                "llama-3-8b",
                "other"
            )
            from messages in Gen.Choose(0, 6).ArrayOf().Resize(8)
            from prompt in Gen.Choose(0, 9000)
            from cached in Gen.Choose(-1, 9000)
            from time in Gen.Choose(0, 4000)
            from tools in Gen.Choose(0, 2)
            select Call(session, model, messages, prompt, cached, time, tools)
        )
            .ArrayOf()
            .Resize(60)
        select string.Concat(calls) + "{\"usage\":{\"prompt_tokens\":1}}\n";

    [Fact]
    public void Whatever_the_log_says_the_causes_sum_to_the_missed_tokens_in_every_breakdown() =>
        Prop.ForAll(
                Logs.ToArbitrary(),
                log =>
                {
                    var summary = ServingRoom.Analyze(log).Summary();

                    Assert.Equal(summary.PromptTokens - summary.CachedTokens, summary.Ledger.Sum);
                    Assert.All(summary.Ledger.Named, cause => Assert.True(cause.Tokens >= 0));
                    Assert.InRange(summary.Ceiling, summary.HitRate, 1);
                    Assert.Equal(summary.Ledger.Divergence, summary.DivergedTokens.Values.Sum());
                    foreach (var rows in summary.Breakdown.Values)
                    {
                        Assert.All(rows, row => Assert.Equal(row.PromptTokens - row.CachedTokens, row.Ledger.Sum));
                        Assert.Equal(summary.Ledger.Routing, rows.Sum(row => row.Ledger.Routing));
                        Assert.Equal(summary.PromptTokens, rows.Sum(row => row.PromptTokens));
                    }
                }
            )
            .QuickCheckThrowOnFailure();

    private static readonly JsonObject[] Talk =
    [
        ServingRoom.Message("system", new string('s', 8000)),
        ServingRoom.Message("user", new string('u', 4000)),
        ServingRoom.Message("assistant", new string('a', 2000)),
        ServingRoom.Message("user", new string('v', 2000)),
    ];

    private static LedgerTokens Ledger(params JsonObject[] requests) =>
        ServingRoom.Analyze(ServingRoom.Lines(requests)).Summary().Ledger;

    [Fact]
    public void A_first_prompt_is_compulsory_and_its_continuation_is_known()
    {
        var ledger = Ledger(
            ServingRoom.Request(Talk[..2], 3000, 0, model: "gpt-4o"),
            ServingRoom.Request(Talk, 4000, 2944, 1_700_000_005, "gpt-4o")
        );

        // 3000 tokens known, served in steps of 128.
        Assert.Equal(new LedgerTokens(4000, 0, 56, 0, 0, 0, 0, 0), ledger);
    }

    [Fact]
    public void A_known_prefix_that_was_not_used_for_long_has_expired()
    {
        var ledger = Ledger(
            ServingRoom.Request(Talk[..2], 3000, 0, model: "gpt-4o"),
            ServingRoom.Request(Talk, 4000, 0, 1_700_003_600, "gpt-4o")
        );

        Assert.Equal(new LedgerTokens(4000, 0, 0, 0, 3000, 0, 0, 0), ledger);
    }

    [Fact]
    public void What_another_backend_knows_is_lost_to_the_routing()
    {
        var first = ServingRoom.Request(Talk[..2], 3000, 0, model: "llama-3-70b");
        var second = ServingRoom.Request(Talk, 4000, 0, 1_700_000_005, "llama-3-70b");
        (first["backend"], second["backend"]) = ("replica-1", "replica-2");

        Assert.Equal(new LedgerTokens(4000, 0, 0, 0, 0, 3000, 0, 0), Ledger(first, second));
    }

    [Fact]
    public void Where_no_backend_says_anything_about_a_cache_nobody_knows_what_it_lost()
    {
        var first = ServingRoom.Request(Talk[..2], 3000, null, model: "llama-3-70b");
        var second = ServingRoom.Request(Talk, 4000, null, 1_700_000_005, "llama-3-70b");
        (first["backend"], second["backend"]) = ("replica-1", "replica-2");
        var analysis = ServingRoom.Analyze(ServingRoom.Lines([first, second]));

        Assert.Equal(new LedgerTokens(4000, 0, 0, 0, 0, 0, 0, 3000), analysis.Summary().Ledger);
        Assert.Empty(analysis.Findings);
        Assert.Empty(analysis.Summary().Fixes);
    }

    [Fact]
    public void Another_cache_key_is_another_cache()
    {
        var first = ServingRoom.Request(Talk[..2], 3000, 0, model: "gpt-4o");
        var second = ServingRoom.Request(Talk, 4000, 0, 1_700_000_005, "gpt-4o");
        (first["prompt_cache_key"], second["prompt_cache_key"]) = ("a", "b");

        Assert.Equal(3000, Ledger(first, second).Routing);
    }

    [Fact]
    public void An_engine_that_keeps_all_it_can_has_evicted_what_is_gone()
    {
        var ledger = Ledger(
            ServingRoom.Request(Talk[..2], 3000, 0, model: "llama-3-70b"),
            ServingRoom.Request(Talk, 4000, 1600, 1_700_000_005, "llama-3-70b")
        );

        // 187 whole blocks of 16 are 2992 of 3000 tokens.
        Assert.Equal(new LedgerTokens(4000, 0, 8, 0, 0, 0, 1392, 0), ledger);
    }

    [Fact]
    public void An_exact_multiple_of_the_block_loses_its_last_block()
    {
        var ledger = Ledger(
            ServingRoom.Request(Talk[..2], 1024, 0, model: "llama-3-70b"),
            ServingRoom.Request(Talk[..2], 1024, 1008, 1_700_000_005, "llama-3-70b")
        );

        Assert.Equal((1024, 16, 0), (ledger.Compulsory, ledger.Rounding, ledger.Eviction));
    }

    [Fact]
    public void A_prefix_under_the_minimum_is_never_cached()
    {
        var ledger = Ledger(
            ServingRoom.Request(Talk[..2], 900, 0, model: "gpt-4o"),
            ServingRoom.Request(Talk, 1200, 0, 1_700_000_005, "gpt-4o")
        );

        Assert.Equal(new LedgerTokens(1200, 900, 0, 0, 0, 0, 0, 0), ledger);
    }

    [Fact]
    public void A_changed_system_prompt_costs_what_follows_it()
    {
        var changed = Talk.Select(message => (JsonObject)message.DeepClone()).ToArray();
        changed[0]["content"] = "now: 10:41 " + new string('s', 7989);
        var ledger = Ledger(
            ServingRoom.Request(Talk[..2], 3000, 0, model: "gpt-4o", session: "a"),
            ServingRoom.Request(changed, 4000, 0, 1_700_000_005, "gpt-4o", "a")
        );

        Assert.Equal((4000, 3000), (ledger.Compulsory, ledger.Divergence));
    }

    [Fact]
    public void Without_its_mark_a_kept_prompt_is_not_read()
    {
        static JsonObject Marked(JsonObject message)
        {
            var marked = (JsonObject)message.DeepClone();
            marked["cache_control"] = new JsonObject { ["type"] = "ephemeral" };
            return marked;
        }

        var summary = ServingRoom
            .Analyze(
                ServingRoom.Lines([
                    ServingRoom.Request([Talk[0], Marked(Talk[1])], 3000, 0, model: "claude-3-5-sonnet", session: "a"),
                    ServingRoom.Request(Talk, 4000, 0, 1_700_000_005, "claude-3-5-sonnet", "a"),
                ])
            )
            .Summary();

        Assert.Equal(3000, summary.DivergedTokens["cacheMark"]);
        Assert.Equal(3000, summary.Ledger.Divergence);
    }

    [Fact]
    public void Switching_the_model_within_a_conversation_is_a_divergence_of_the_model()
    {
        var summary = ServingRoom
            .Analyze(
                ServingRoom.Lines([
                    ServingRoom.Request(Talk[..2], 3000, 0, model: "gpt-4o", session: "a"),
                    ServingRoom.Request(Talk, 4000, 0, 1_700_000_005, "gpt-5", "a"),
                ])
            )
            .Summary();

        Assert.InRange(summary.DivergedTokens["model"], 2900, 3100);
    }

    [Theory]
    [InlineData(0, new[] { "raise-cache-capacity", "scale-fleet" })]
    [InlineData(2900, new string[0])]
    public void Replicas_are_proposed_only_where_room_in_the_cache_is_what_lacks(int cached, string[] proposals)
    {
        var analysis = ServingRoom.Analyze(
            ServingRoom.Lines([
                ServingRoom.Request(Talk[..2], 3000, 0, model: "llama-3-70b"),
                ServingRoom.Request(Talk, 4000, cached, 1_700_000_005, "llama-3-70b"),
            ]),
            ("cache-blocks", "50"),
            ("replica-blocks", "25"),
            ("input-price", "1000"),
            ("cached-price", "0")
        );

        var made = analysis.Findings.SelectMany(finding => finding.Proposals).ToList();
        Assert.Equal(proposals, made.Select(proposal => proposal.Action.Kind));
        Assert.All(
            made,
            proposal =>
                Assert.Contains(
                    "2992 more prompt tokens of such traffic come from cache, 2.99 USD less",
                    proposal.ExpectedOutcome,
                    StringComparison.Ordinal
                )
        );
    }

    [Fact]
    public void A_price_makes_money_of_tokens()
    {
        var text = ServingRoom.Lines([
            ServingRoom.Request(Talk[..2], 3000, 0, model: "llama-3-70b"),
            ServingRoom.Request(Talk, 4000, 0, 1_700_000_005, "llama-3-70b"),
        ]);

        var fix = Assert.Single(
            ServingRoom.Analyze(text, ("input-price", "3"), ("cached-price", "0.3")).Summary().Fixes
        );

        Assert.Equal(2992, fix.Tokens);
        Assert.Equal(2992 * 2.7 / 1e6, fix.Cost!.Value, 6);
        Assert.Null(Assert.Single(ServingRoom.Analyze(text).Summary().Fixes).Cost);
    }

    private static string Call(int session, string model, int[] messages, int prompt, int cached, int time, int tools)
    {
        var request = ServingRoom.Request(
            messages.Select(
                (message, index) =>
                    ServingRoom.Message(
                        index == 0 ? "system"
                            : index % 2 == 1 ? "user"
                            : "assistant",
                        new string((char)('a' + message), 40 * message)
                    )
            ),
            prompt,
            cached < 0 ? null : cached,
            time,
            model,
            session == 0 ? null : "s" + session,
            tools == 0 ? null : new JsonArray(new JsonObject { ["name"] = "t" + tools })
        );
        return request.ToJsonString() + "\n";
    }
}
