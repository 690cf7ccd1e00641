using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Capabilities;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Serving;

/// <summary>
/// Traffic without a fault, however odd: many conversations at once, with the same greetings, edited and repeated
/// questions, several samples of one prompt, agents that are stuck, texts that look like faults. Nothing of it may be
/// reported.
/// </summary>
public class CleanTrafficTests
{
    private static readonly string[] Systems =
    [
        "You are a careful assistant of the harbour office. Answer briefly and cite the ledger; dates are written day "
            + "first.",
        "You are a careful assistant of the railway office. Answer briefly and cite the timetable; dates are written "
            + "day first.",
        "You name conversations. Answer with at most five words.",
    ];

    private static readonly string[] Said =
    [
        "hi",
        "yes",
        "continue",
        "thanks",
        "Is the café “CAFÉ” at 10:45 on 2026-01-31 still open?",
        "É™ é”… «MAÇû “AMANHÔ PŘÍŽIVNÍK 5 Å² naïve — “São Paulo”…",
        "Größe 中文字符 日本語 🙂 ÇA, c’était déjà là…",
        "What does <|im_start|> mean? I saw `<|im_start|>user` in a log.",
        "```\n<|im_start|>user\nhello<|im_end|>\n```\nWhat is this?",
        "Trace 0b9f5e1c-5d3b-4a53-9a4b-8f1f1c7e2a10 failed in /srv/anna/jobs, attempt 17 of 20.",
        "Please look up the barge Ermine at berth 4 and tell me since when it has been moored there.",
        "Please look up the barge Ermine at berth 5 and tell me since when it has been moored there.",
        "{\"b\": 1, \"a\": [3, 2, 1]}",
        "{\"a\": [3, 2, 1], \"b\": 1}",
        "   indented\n\n\ttext   ",
        "<s>struck</s> <s>through</s>",
    ];

    private static readonly string[] Replies =
    [
        "Hello! How can I help you today?",
        "Hello! How can I assist you today?",
        "The barge Ermine lies at berth 4, moored since the spring tide; its papers are in order.",
        "Which one do you mean?",
        "Done.",
        "I see the same error again: the file does not exist. Let me try that once more.",
    ];

    private static readonly string[] Outputs =
    [
        "",
        "Your command ran successfully and did not produce any output.",
        "ERROR: no such file or directory: /srv/anna/jobs/17 (attempt 3)",
        "binary \uFFFD\uFFFD output",
        "2026-01-31T10:41:07Z ok\n2026-01-31T10:41:08Z ok",
    ];

    /// <summary>
    /// So many logs, always the same ones, of which each run takes some. Without ids two samples of one prompt may by
    /// chance say enough of the same to be taken for one conversation.
    /// </summary>
    private const int Seeds = 4000;

    private enum Shape
    {
        Chat,
        Anthropic,
        Responses,
        Rendered,
    }

    [Fact]
    public void Clean_traffic_of_every_shape_has_no_findings() =>
        Prop.ForAll(
                Gen.Choose(0, Seeds).ToArbitrary(),
                seed =>
                {
                    var log = Traffic(new Random(seed));
                    var analysis = ServingRoom.Analyze(log);

                    Assert.True(
                        analysis.Findings.Count == 0,
                        $"seed {seed}: "
                            + $"{string.Join("; ", analysis.Findings.Select(finding => $"{finding.Kind} {finding.Evidence[^1].Text} at line {finding.From.Line}"))}"
                    );
                    Assert.Equal(0, analysis.Artifact.Rejected);
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Theory]
    [InlineData("astropy__astropy-12907")]
    [InlineData("astropy__astropy-13033")]
    public void Real_conversations_without_their_usage_have_no_findings(string folder)
    {
        var lines = Directory
            .GetFiles(SharedData.Require("openhands/" + folder), "*.json")
            .Order(StringComparer.Ordinal)
            .Select(file => JsonNode.Parse(File.ReadAllText(file))!.AsObject())
            .ToList();
        lines.ForEach(line =>
            line["response"]!["usage"] = new JsonObject
            {
                ["prompt_tokens"] = line["response"]!["usage"]!["prompt_tokens"]!.DeepClone(),
            }
        );

        Assert.Empty(ServingRoom.Analyze(ServingRoom.Lines(lines)).Findings);
    }

    private static string Traffic(Random random)
    {
        var shape = (Shape)random.Next(4);
        var isNamed = random.Next(2) == 0;
        var hasTools = random.Next(2) == 0;
        var hasIds = random.Next(3) > 0;
        var time = 1_700_000_000.0;
        var running = new List<(string Session, List<JsonObject> Messages)>();
        var text = new StringBuilder();
        var calls = 0;
        for (var request = 0; request < 40; request++)
        {
            if (running.Count == 0 || (running.Count < 12 && random.Next(4) == 0))
            {
                running.Add(
                    (
                        "s" + running.Count,
                        [
                            ServingRoom.Message("system", Systems[random.Next(Systems.Length)]),
                            ServingRoom.Message("user", Said[random.Next(Said.Length)]),
                        ]
                    )
                );
            }

            var (session, messages) = running[random.Next(running.Count)];
            text.Append(
                    Request(shape, messages, isNamed ? session : null, hasTools, time += random.Next(0, 30))
                        .ToJsonString()
                )
                .Append('\n');
            switch (random.Next(12))
            {
                case 0:
                    // Asked again as it was; nobody answered.
                    continue;
                case 1 when messages.Count > 2 && messages[^1]["role"]!.GetValue<string>() == "user":
                    // The question is edited and asked again.
                    messages[^1] = ServingRoom.Message("user", Said[random.Next(Said.Length)] + " Please.");
                    continue;
                case 2 when !isNamed && messages.Count > 2:
                    // Another sample of the same beginning goes its own way.
                    running.Add(
                        (session, [.. messages.SkipLast(1).Select(message => (JsonObject)message.DeepClone())])
                    );
                    running[^1]
                        .Messages.Add(
                            ServingRoom.Message("user", $"{Said[random.Next(Said.Length)]} (another {running.Count})")
                        );
                    break;
            }

            Answer(random, messages, hasTools, hasIds, ref calls);
        }

        return text.ToString();
    }

    /// <summary>A reply with or without calls and what follows it, sometimes word for word as before.</summary>
    private static void Answer(Random random, List<JsonObject> messages, bool hasTools, bool hasIds, ref int calls)
    {
        if (messages.Count > 4 && !hasIds && random.Next(3) == 0)
        {
            messages.Add((JsonObject)messages[^2].DeepClone());
            messages.Add((JsonObject)messages[^2].DeepClone());
            if (
                messages[^2]["role"]!.GetValue<string>() == "assistant"
                && messages[^1]["role"]!.GetValue<string>() != "assistant"
            )
            {
                return;
            }

            messages.RemoveRange(messages.Count - 2, 2);
        }

        // A greeting and its answer come word for word again; what follows is its own conversation's, but for a short
        // word now and then.
        var reply = ServingRoom.Message(
            "assistant",
            messages.Count == 2
                ? Replies[random.Next(Replies.Length)]
                : $"{Replies[random.Next(Replies.Length)]} ({++calls})"
        );
        messages.Add(reply);
        if (!hasTools || random.Next(2) == 0)
        {
            messages.Add(
                ServingRoom.Message(
                    "user",
                    random.Next(4) == 0 ? Said[random.Next(4)] : $"{Said[random.Next(Said.Length)]} ({++calls})"
                )
            );
            return;
        }

        if (!hasIds)
        {
            // Agents without native calls put what tools say into the user's mouth.
            messages.Add(ServingRoom.Message("user", "Observation: " + Outputs[random.Next(Outputs.Length)]));
            return;
        }

        var made = new JsonArray();
        for (var call = random.Next(1, 3); call > 0; call--)
        {
            var id = $"call_{++calls}";
            made.Add(
                new JsonObject
                {
                    ["id"] = id,
                    ["type"] = "function",
                    ["function"] = new JsonObject { ["name"] = "look", ["arguments"] = "{\"path\":\"/srv\"}" },
                }
            );
            messages.Add(
                new JsonObject
                {
                    ["role"] = "tool",
                    ["tool_call_id"] = id,
                    ["content"] = Outputs[random.Next(Outputs.Length)],
                }
            );
        }

        reply["tool_calls"] = made;
    }

    private static JsonObject Request(
        Shape shape,
        List<JsonObject> messages,
        string? session,
        bool hasTools,
        double time
    )
    {
        var tools = hasTools
            ? new JsonArray(
                new JsonObject
                {
                    ["type"] = "function",
                    ["function"] = new JsonObject { ["name"] = "look", ["description"] = "Lists what is there." },
                }
            )
            : null;
        var prompt = messages.Sum(message => message.ToJsonString().Length) / 4;
        var request = ServingRoom.Request(messages, prompt, null, time, "llama-3-70b", session, tools);
        switch (shape)
        {
            case Shape.Anthropic:
                request["system"] = messages[0]["content"]!.DeepClone();
                request["messages"] = new JsonArray([.. messages.Skip(1).Select(Anthropic)]);
                break;
            case Shape.Responses:
                request["instructions"] = messages[0]["content"]!.DeepClone();
                request["input"] = new JsonArray([.. messages.Skip(1).SelectMany(Items)]);
                request.Remove("messages");
                break;
            case Shape.Rendered:
                request["prompt"] = string.Concat(
                    messages
                        .Select(message =>
                            $"<|start_header_id|>{message["role"]}<|end_header_id|>\n\n{message["content"]}{message["tool_calls"]?.ToJsonString()}<|eot_id|>"
                        )
                        .Prepend("<|begin_of_text|>")
                        .Append("<|start_header_id|>assistant<|end_header_id|>\n\n")
                );
                request.Remove("messages");
                break;
        }

        return request;
    }

    private static JsonObject Anthropic(JsonObject message) =>
        message["role"]!.GetValue<string>() switch
        {
            "tool" => new JsonObject
            {
                ["role"] = "user",
                ["content"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "tool_result",
                        ["tool_use_id"] = message["tool_call_id"]!.DeepClone(),
                        ["content"] = message["content"]!.DeepClone(),
                    }
                ),
            },
            "assistant" when message["tool_calls"] is JsonArray calls => new JsonObject
            {
                ["role"] = "assistant",
                ["content"] = new JsonArray([
                    new JsonObject { ["type"] = "text", ["text"] = message["content"]!.DeepClone() },
                    .. calls.Select(call => new JsonObject
                    {
                        ["type"] = "tool_use",
                        ["id"] = call!["id"]!.DeepClone(),
                        ["name"] = "look",
                        ["input"] = new JsonObject { ["path"] = "/srv" },
                    }),
                ]),
            },
            _ => (JsonObject)message.DeepClone(),
        };

    private static IEnumerable<JsonNode> Items(JsonObject message) =>
        message["role"]!.GetValue<string>() switch
        {
            "tool" =>
            [
                new JsonObject
                {
                    ["type"] = "function_call_output",
                    ["call_id"] = message["tool_call_id"]!.DeepClone(),
                    ["output"] = message["content"]!.DeepClone(),
                },
            ],
            "assistant" when message["tool_calls"] is JsonArray calls =>
            [
                new JsonObject
                {
                    ["type"] = "message",
                    ["role"] = "assistant",
                    ["content"] = message["content"]!.DeepClone(),
                },
                .. calls.Select(call => new JsonObject
                {
                    ["type"] = "function_call",
                    ["call_id"] = call!["id"]!.DeepClone(),
                    ["name"] = "look",
                    ["arguments"] = call["function"]!["arguments"]!.DeepClone(),
                }),
            ],
            _ => [message.DeepClone()],
        };
}
