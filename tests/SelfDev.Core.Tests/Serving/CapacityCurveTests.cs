using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Serving.Cache;
using SelfDev.Core.Serving.Model;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Serving;

public class CapacityCurveTests
{
    [Theory]
    [InlineData(null, 0.3664, 0.3736)]
    [InlineData(100_000L, 0.3637, 0.3708)]
    [InlineData(50_000L, 0.3546, 0.3615)]
    [InlineData(30_000L, 0.3257, 0.3321)]
    [InlineData(10_000L, 0.2112, 0.2153)]
    [InlineData(1_000L, 0.0445, 0.0454)]
    public void Mooncakes_conversation_trace_hits_the_published_vectors(
        long? blocks,
        double hitRate,
        double tokenHitRate
    )
    {
        var summary = Mooncake.Value.Summary();

        var point = Assert.Single(summary.CapacityCurve, point => point.Blocks == blocks);
        Assert.Equal(hitRate, point.HitRate, 4);
        Assert.Equal(tokenHitRate, point.TokenHitRate, 4);
        Assert.Equal(12_031, summary.Requests);
    }

    private static readonly Lazy<SelfDev.Core.Capabilities.Analysis> Mooncake = new(() =>
        ServingRoom.AnalyzePath(SharedData.Require("mooncake/conversation_trace.jsonl"))
    );

    private sealed record Trace(int[][] Requests, int[] Capacities);

    private static readonly Gen<Trace> Traces =
        from requests in Gen.Choose(0, 40).ArrayOf(12).ArrayOf(60)
        from capacities in Gen.Choose(1, 45).ArrayOf(4)
        select new Trace([.. requests.Select(request => request.Distinct().ToArray())], [.. capacities]);

    [Fact]
    public void The_curve_of_one_pass_is_that_of_a_cache_for_each_capacity() =>
        Prop.ForAll(
                Traces.ToArbitrary(),
                trace =>
                {
                    var curve = new CapacityCurve(trace.Capacities.Select(capacity => (long)capacity));
                    var items = new Dictionary<int, int>();
                    foreach (var request in trace.Requests)
                    {
                        curve.BeginRequest();
                        foreach (var block in request)
                        {
                            if (items.TryGetValue(block, out var item))
                            {
                                curve.Touch(item, 1, 10);
                            }
                            else
                            {
                                items.Add(block, curve.Insert(1, 10));
                            }
                        }
                    }

                    foreach (var capacity in trace.Capacities)
                    {
                        var hits = LeadingRunHits(trace.Requests, capacity);
                        Assert.Equal((hits, hits * 10), curve.HitsAt(capacity));
                    }

                    var all = LeadingRunHits(trace.Requests, int.MaxValue);
                    Assert.Equal((all, all * 10), curve.HitsAt(null));
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Items_of_several_blocks_are_as_their_blocks_one_by_one()
    {
        var random = new Random(7);
        int[] weights = [.. Enumerable.Range(0, 50).Select(_ => random.Next(1, 9))];
        int[] capacities = [3, 17, 40, 90, 150];
        var whole = new CapacityCurve(capacities.Select(capacity => (long)capacity));
        var single = new CapacityCurve(capacities.Select(capacity => (long)capacity));
        var items = new Dictionary<int, int>();
        var blocks = new Dictionary<(int, int), int>();
        for (var request = 0; request < 400; request++)
        {
            whole.BeginRequest();
            single.BeginRequest();
            foreach (var item in Enumerable.Range(0, 6).Select(_ => random.Next(50)).Distinct())
            {
                if (items.TryGetValue(item, out var known))
                {
                    whole.Touch(known, weights[item], weights[item]);
                }
                else
                {
                    items.Add(item, whole.Insert(weights[item], weights[item]));
                }

                for (var block = 0; block < weights[item]; block++)
                {
                    if (blocks.TryGetValue((item, block), out var at))
                    {
                        single.Touch(at, 1, 1);
                    }
                    else
                    {
                        blocks.Add((item, block), single.Insert(1, 1));
                    }
                }
            }
        }

        Assert.All(capacities, capacity => Assert.Equal(single.HitsAt(capacity), whole.HitsAt(capacity)));
        Assert.Equal(single.HitsAt(null), whole.HitsAt(null));
    }

    [Fact]
    public void A_larger_cache_never_serves_less()
    {
        var points = ServingRoom.Analyze(RandomTrace(300, 4)).Summary().CapacityCurve;

        Assert.Equal(points.OrderByDescending(point => point.Blocks ?? long.MaxValue), points);
        Assert.All(
            points.Zip(points.Skip(1)),
            pair =>
                Assert.True(
                    pair.First.HitRate >= pair.Second.HitRate && pair.First.TokenHitRate >= pair.Second.TokenHitRate
                )
        );
    }

    [Fact]
    public void A_capacity_books_the_rest_to_eviction_and_sums_up()
    {
        var text = RandomTrace(500, 11);
        var unlimited = ServingRoom.Analyze(text).Summary();
        var small = ServingRoom.Analyze(text, ("cache-blocks", "64")).Summary();

        Assert.Equal(unlimited.CachedTokens - small.CachedTokens, small.Ledger.Eviction);
        Assert.Equal(small.PromptTokens - small.CachedTokens, small.Ledger.Sum);
        Assert.Equal(unlimited.HitRate, small.Ceiling);
        Assert.True(small.Ledger.Eviction > 0);
        Assert.Equal("eviction", ServingRoom.Analyze(text, ("cache-blocks", "64")).Single("cache-eviction").Kind[6..]);
    }

    [Fact]
    public void Bailian_traces_have_blocks_of_16_tokens_and_ids_that_may_be_cyclic()
    {
        var summary = ServingRoom
            .Analyze(
                """
                {"chat_id":1,"parent_chat_id":-1,"timestamp":1.5,"input_length":33,"output_length":5,"type":"text","turn":1,"hash_ids":[9,8,7]}
                {"chat_id":2,"parent_chat_id":2,"timestamp":0.5,"input_length":40,"output_length":5,"type":"text","turn":2,"hash_ids":[9,8,6]}
                """
            )
            .Summary();

        Assert.Equal((16, 73, 32), (summary.BlockTokens, summary.PromptTokens, summary.CachedTokens));
        Assert.Equal((1, 1), (summary.Inputs["cyclicId"], summary.Inputs["clockReversal"]));
    }

    private static long LeadingRunHits(int[][] requests, int capacity)
    {
        var order = new LinkedList<int>();
        var nodes = new Dictionary<int, LinkedListNode<int>>();
        var hits = 0L;
        foreach (var request in requests)
        {
            var leading = true;
            foreach (var block in request)
            {
                if (nodes.Remove(block, out var node))
                {
                    order.Remove(node);
                    hits += leading ? 1 : 0;
                }
                else
                {
                    leading = false;
                    if (nodes.Count == capacity)
                    {
                        nodes.Remove(order.First!.Value);
                        order.RemoveFirst();
                    }
                }

                nodes.Add(block, order.AddLast(block));
            }
        }

        return hits;
    }

    /// <summary>Conversations over shared prefixes, interleaved.</summary>
    internal static string RandomTrace(int requests, int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        var next = 1000;
        var conversations = Enumerable
            .Range(0, 12)
            .Select(family => new List<int> { family % 3, 10 + (family % 4) })
            .ToList();
        for (var request = 0; request < requests; request++)
        {
            var conversation = conversations[random.Next(conversations.Count)];
            if (conversation.Count > 40)
            {
                conversation.RemoveRange(2, conversation.Count - 2);
            }

            conversation.AddRange(Enumerable.Range(0, random.Next(1, 4)).Select(_ => next++));
            text.Append(
                CultureInfo.InvariantCulture,
                $"{{\"timestamp\": {request * 100}, \"input_length\": {(conversation.Count * 512) - random.Next(400)}, "
                    + $"\"output_length\": 9, \"hash_ids\": [{string.Join(", ", conversation)}]}}\n"
            );
        }

        return text.ToString();
    }
}
