using System.Text;
using System.Text.Json.Nodes;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Model;

namespace SelfDev.Core.Tests.Serving;

public class InteractionQualityTests
{
    private static JsonObject Call(string id, string arguments) =>
        new()
        {
            ["role"] = "assistant",
            ["content"] = null,
            ["tool_calls"] = new JsonArray(
                new JsonObject
                {
                    ["id"] = id,
                    ["type"] = "function",
                    ["function"] = new JsonObject { ["name"] = "look", ["arguments"] = arguments },
                }
            ),
        };

    private static JsonObject Result(string id) =>
        new()
        {
            ["role"] = "tool",
            ["tool_call_id"] = id,
            ["content"] = "nothing found for " + id,
        };

    /// <summary>All requests of a conversation; with every reply the prompt grows by it and what follows.</summary>
    private static string Session(string name, string model, params JsonObject[] messages)
    {
        var requests = new List<JsonObject>();
        for (var i = 0; i < messages.Length; i++)
        {
            if (messages[i]["role"]!.GetValue<string>() == "assistant")
            {
                var request = ServingRoom.Request(messages[..i], 100 + (i * 50), 0, 1_700_000_000 + i, model, name);
                request["response"]!["choices"] = new JsonArray(
                    new JsonObject { ["index"] = 0, ["message"] = messages[i].DeepClone() }
                );
                requests.Add(request);
            }
        }

        return ServingRoom.Lines(requests);
    }

    private static JsonObject User(string text) => ServingRoom.Message("user", text);

    private static JsonObject Reply(string text) => ServingRoom.Message("assistant", text);

    [Fact]
    public void Every_message_counts_once_and_the_last_reply_too()
    {
        var text = Session(
            "s1",
            "ckpt-1",
            User("Please find the berth of the Ermine."),
            Call("c1", "{\"q\":1}"),
            Result("c1"),
            Call("c2", "{\"q\":1}"),
            Result("c2"),
            Call("c3", "{\"q\":"),
            Result("c3"),
            Reply("Which of the two ships do you mean?"),
            User("No, I meant the barge. That's wrong."),
            Reply("It lies at berth 4."),
            User("Thanks, perfect!"),
            Reply("I’m sorry, but I can't help with that.")
        );

        var quality = Assert.Single(ServingRoom.Analyze(text).Summary().Quality);

        Assert.Equal(new QualitySummary("ckpt-1", 1, 3, 6, 1, 1, 0, 1, 3, 1, 1, 1, Math.Round(2.0 / 6, 6), 1), quality);
    }

    [Fact]
    public void Replies_count_for_the_checkpoint_that_gave_them()
    {
        var first = Session("s1", "ckpt-1", User("Where is the Ermine moored?"), Reply("At berth 4, since spring."));
        var second = Session(
            "s1",
            "ckpt-2",
            User("Where is the Ermine moored?"),
            Reply("At berth 4, since spring."),
            User("Still doesn't work, this is useless"),
            Reply("I see, let me look again now.")
        );

        var quality = ServingRoom.Analyze(first + second.Split('\n')[1] + "\n").Summary().Quality;

        Assert.Equal(("ckpt-1", 1, 1), (quality[0].Checkpoint, quality[0].Replies, quality[0].Complaints));
        Assert.Equal(("ckpt-2", 1, 0), (quality[1].Checkpoint, quality[1].Replies, quality[1].Complaints));
    }

    private static byte[] Traffic(string model, int sessions, double corrected, int seed)
    {
        var random = new Random(seed);
        var text = new StringBuilder();
        for (var session = 0; session < sessions; session++)
        {
            text.Append(
                Session(
                    $"{model}-{session}",
                    model,
                    User($"Question {session} about the harbour"),
                    Reply("Answer one."),
                    User(random.NextDouble() < corrected ? "That is wrong, look again" : "And the tides?"),
                    Reply($"Answer two {session}."),
                    User(random.NextDouble() < corrected ? "You misunderstood me" : "And the moon?"),
                    Reply($"Answer three {session}.")
                )
            );
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    [Fact]
    public void A_checkpoint_that_is_corrected_more_often_is_worse_than_the_baseline()
    {
        var worse = ServingRoom.Analyze(
            [("new", Traffic("ckpt-2", 80, 0.5, 1))],
            [("old", Traffic("ckpt-1", 80, 0.05, 2))]
        );

        var comparison = Assert.Single(worse.Summary().QualityComparisons);
        Assert.Equal(
            ("ckpt-2", "ckpt-1", QualityComparison.Worse),
            (comparison.Checkpoint, comparison.Against, comparison.Verdict)
        );
        var metric = Assert.Single(comparison.Metrics, metric => metric.Verdict == QualityComparison.Worse);
        Assert.Equal("corrections per turn", metric.Metric);
        Assert.True(metric.Low > 0 && metric.PValue < 0.01);
        Assert.Equal(Severity.Error, worse.Single(FindingKinds.QualityRegression).Severity);
    }

    [Fact]
    public void Equal_checkpoints_are_not_told_apart_and_few_sessions_decide_nothing()
    {
        var equal = ServingRoom.Analyze(
            [("new", Traffic("ckpt-2", 80, 0.2, 3))],
            [("old", Traffic("ckpt-1", 80, 0.2, 4))]
        );
        var few = ServingRoom.Analyze(
            [("new", Traffic("ckpt-2", 5, 0.9, 3))],
            [("old", Traffic("ckpt-1", 80, 0.0, 4))]
        );

        Assert.Equal(QualityComparison.NoDifference, Assert.Single(equal.Summary().QualityComparisons).Verdict);
        Assert.Equal(QualityComparison.TooFew, Assert.Single(few.Summary().QualityComparisons).Verdict);
        Assert.DoesNotContain(
            equal.Findings.Concat(few.Findings),
            finding => finding.Kind == FindingKinds.QualityRegression
        );
    }
}
