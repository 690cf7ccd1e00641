using System.Text.Json.Nodes;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Render;

namespace SelfDev.Core.Tests.Serving;

/// <summary>One conversation that only grows, and one fault planted in it at a time.</summary>
public class RenderingFaultTests
{
    private const string Rules =
        "You are a careful assistant of the harbour office. Answer briefly, cite the ledger, never guess a tonnage. "
        + "When a ship is named, look it up first; when two ships share a name, ask which one is meant. Dates are "
        + "written day first.";

    private static JsonArray Tools(params string[] names) =>
        new([
            .. names.Select(name =>
                (JsonNode)
                    new JsonObject
                    {
                        ["type"] = "function",
                        ["function"] = new JsonObject
                        {
                            ["name"] = name,
                            ["description"] =
                                $"Looks up {name} in the register of the harbour; answers with one line for each entry "
                                + $"found, newest first.",
                            ["parameters"] = new JsonObject
                            {
                                ["type"] = "object",
                                ["properties"] = new JsonObject
                                {
                                    ["query"] = new JsonObject { ["type"] = "string" },
                                    ["limit"] = new JsonObject { ["type"] = "integer" },
                                },
                            },
                        },
                    }
            ),
        ]);

    private static JsonObject CallMessage(int turn) =>
        new()
        {
            ["role"] = "assistant",
            ["content"] = $"Let me look up berth {turn} before I answer that question.",
            ["tool_calls"] = new JsonArray(
                ToolCall($"call_{turn}_a", "ships", $"{{\"query\":\"berth {turn}\",\"limit\":5}}"),
                ToolCall($"call_{turn}_b", "tides", $"{{\"query\":\"day {turn}\",\"limit\":1}}")
            ),
        };

    private static JsonObject ToolCall(string id, string name, string arguments) =>
        new()
        {
            ["id"] = id,
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = name, ["arguments"] = arguments },
        };

    private static JsonObject Result(string id, string content) =>
        new()
        {
            ["role"] = "tool",
            ["tool_call_id"] = id,
            ["content"] = content,
        };

    /// <summary>A system prompt, then turns of question, calls and results.</summary>
    private static List<JsonObject> Messages(int turns = 5, string system = Rules)
    {
        var messages = new List<JsonObject> { ServingRoom.Message("system", system) };
        for (var turn = 1; turn <= turns; turn++)
        {
            messages.Add(
                ServingRoom.Message(
                    "user",
                    $"What lies at berth {turn}, since when, and is the café beside it still open after the {turn}. of "
                        + $"May? Please look twice."
                )
            );
            messages.Add(CallMessage(turn));
            messages.Add(
                Result(
                    $"call_{turn}_a",
                    $"The barge Ermine {turn}, {turn * 400} tonnes, moored since the spring tide; papers in order, "
                        + $"dues paid."
                )
            );
            messages.Add(
                Result(
                    $"call_{turn}_b",
                    $"High water at {turn} hours past noon, low water six hours later, a light wind from the west."
                )
            );
            messages.Add(
                ServingRoom.Message(
                    "assistant",
                    $"At berth {turn} lies the Ermine {turn}, moored since spring; the papers are in order, and the "
                        + $"dues are paid."
                )
            );
        }

        return messages;
    }

    /// <summary>Requests after each question of the conversation, each changed by its number.</summary>
    private static Analysis Analyze(
        Func<int, List<JsonObject>, List<JsonObject>>? change = null,
        Func<int, JsonArray>? tools = null,
        string? session = "talk",
        params (string, string)[] options
    )
    {
        var whole = Messages();
        var requests = new List<JsonObject>();
        List<string> before = [];
        for (var turn = 0; turn < 5; turn++)
        {
            var shown = whole.Take(2 + (turn * 5)).Select(message => (JsonObject)message.DeepClone()).ToList();
            shown = change?.Invoke(turn, shown) ?? shown;
            var prompt = shown.Sum(message => message.ToJsonString().Length) / 4;
            // The cache serves what it saw before, up to the first message that is not the same.
            List<string> rendered = [.. shown.Select(message => message.ToJsonString())];
            var cached =
                rendered.Zip(before).TakeWhile(pair => pair.First == pair.Second).Sum(pair => pair.First.Length) / 4;
            requests.Add(
                ServingRoom.Request(
                    shown,
                    prompt,
                    cached,
                    1_700_000_000 + (turn * 20),
                    "small-model",
                    session,
                    tools?.Invoke(turn) ?? Tools("ships", "tides", "berths")
                )
            );
            before = rendered;
        }

        return ServingRoom.Analyze(ServingRoom.Lines(requests), options);
    }

    private static List<JsonObject> System(List<JsonObject> messages, string text)
    {
        messages[0]["content"] = text;
        return messages;
    }

    [Fact]
    public void A_clean_conversation_has_no_findings()
    {
        var analysis = Analyze();

        Assert.Empty(analysis.Findings);
        Assert.Equal((4, 4), (analysis.Summary().Conversations.AppendOnly, analysis.Summary().Conversations.Pairs));
    }

    public static TheoryData<string, string, string, string> Values =>
        new()
        {
            { FindingKinds.VolatileClock, "Current time: 2026-01-31 10:4", "1:07Z", "2:36Z" },
            { FindingKinds.VolatileClock, "Today is ", "Saturday", "Sunday" },
            { FindingKinds.VolatileClock, "It is ", "March 4, 2026", "March 5, 2026" },
            { FindingKinds.VolatileClock, "Now: ", "1733339377", "1733339390" },
            {
                FindingKinds.VolatileUuid,
                "Trace ",
                "0b9f5e1c-5d3b-4a53-9a4b-8f1f1c7e2a10",
                "7c1d2f3a-9e8b-4c7d-8a6f-1b2c3d4e5f60"
            },
            { FindingKinds.VolatilePath, "Working directory: ", "/home/anna/jobs/17", "/home/bert/work/4" },
            { FindingKinds.VolatileId, "Request ", "req_8fj3k2l9x", "req_q0w9e8r7t" },
            { FindingKinds.VolatileCounter, "Attempt number ", "17", "18" },
        };

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_that_changes_in_the_system_prompt_is_named_with_its_span(
        string kind,
        string before,
        string first,
        string second
    )
    {
        const string After = " applies.\n";
        var analysis = Analyze(
            (turn, messages) => System(messages, before + (turn < 2 ? first : second) + After + Rules)
        );

        var finding = analysis.Single(kind);
        Assert.Single(analysis.Findings);
        Assert.Equal("system", finding.Metrics["component"].ToString());
        Assert.Equal(
            (2.0, 3.0, 1.0),
            (
                finding.Metrics["earlierLine"].Number,
                finding.Metrics["laterLine"].Number,
                finding.Metrics["occurrences"].Number
            )
        );
        var (start, length) = ((int)finding.Metrics["spanStart"].Number, (int)finding.Metrics["spanLength"].Number);
        var text = before + second + After;
        Assert.InRange(start, 0, before.Length);
        Assert.InRange(start + length, before.Length + 1, before.Length + second.Length);
        Assert.Contains(text.Substring(start, length), finding.Evidence[1].Text, StringComparison.Ordinal);
        Assert.True(finding.Metrics["tokens"].Number > 0);
        var fix = Assert.IsType<FixPrompt>(Assert.Single(finding.Proposals).Action);
        Assert.Equal((start, length, 3), (fix.SpanStart, fix.SpanLength, fix.Line));
    }

    [Fact]
    public void A_clock_that_begins_every_session_is_counted_over_all_of_them()
    {
        var lines = string.Concat(
            Enumerable
                .Range(0, 6)
                .Select(session =>
                    ServingRoom.Lines([
                        ServingRoom.Request(
                            [
                                ServingRoom.Message("system", $"It is 10:4{session} now. {Rules}"),
                                ServingRoom.Message("user", $"Question {session} about the harbour?"),
                            ],
                            400,
                            0,
                            session: "s" + session
                        ),
                    ])
                )
        );

        var finding = ServingRoom.Analyze(lines).Single(FindingKinds.VolatileClock);

        Assert.Equal(5, finding.Metrics["occurrences"].Number);
        Assert.Equal((2, 6), (finding.From.Line, finding.To.Line));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_first_message_that_is_rewritten_is_found_without_a_name_for_the_conversation(bool inSpaceOnly)
    {
        var analysis = Analyze(
            (turn, messages) =>
            {
                if (turn >= 2)
                {
                    var first = messages[1]["content"]!.GetValue<string>();
                    messages[1]["content"] = inSpaceOnly
                        ? first.Replace(", ", ",  ", StringComparison.Ordinal)
                        : "Listen: " + first;
                }

                return messages;
            },
            session: null
        );

        var finding = Assert.Single(analysis.Findings);
        Assert.Equal(
            (inSpaceOnly ? FindingKinds.LostWhitespace : FindingKinds.MessageChanged, "messages[1]"),
            (finding.Kind, finding.Metrics["component"].ToString())
        );
        Assert.Equal(
            (2.0, 3.0, 1.0),
            (
                finding.Metrics["earlierLine"].Number,
                finding.Metrics["laterLine"].Number,
                finding.Metrics["occurrences"].Number
            )
        );
    }

    [Fact]
    public void An_order_that_comes_and_goes_is_counted_each_time_and_a_turn_that_comes_back_is_no_second_fault()
    {
        var order = Analyze(tools: turn =>
            turn % 2 == 1 ? Tools("tides", "ships", "berths") : Tools("ships", "tides", "berths")
        );
        var back = Analyze(
            (turn, messages) =>
            {
                if (turn == 3)
                {
                    messages.RemoveRange(6, 5);
                }

                return messages;
            }
        );

        Assert.Equal(
            (FindingKinds.ToolOrder, 4),
            (Assert.Single(order.Findings).Kind, (int)order.Findings[0].Metrics["occurrences"].Number)
        );
        Assert.Equal(
            (FindingKinds.DroppedTurn, 1),
            (Assert.Single(back.Findings).Kind, (int)back.Findings[0].Metrics["occurrences"].Number)
        );
    }

    [Theory]
    [InlineData("<|begin_of_text|>", "<|start_header_id|>{0}<|end_header_id|>\n\n{1}<|eot_id|>")]
    [InlineData("", "<|im_start|>{0}\n{1}<|im_end|>\n")]
    [InlineData("", "{0}: {1}\n\n")]
    public void A_clock_in_a_rendered_prompt_is_named_however_long_it_is(string begin, string turns)
    {
        var whole = Messages();
        var lines = Enumerable
            .Range(0, 5)
            .Select(turn =>
            {
                var clock = turn < 3 ? "9:59:07" : "10:00:41";
                var text =
                    begin
                    + string.Concat(
                        whole
                            .Take(2 + (turn * 5))
                            .Select(
                                (message, index) =>
                                    string.Format(
                                        global::System.Globalization.CultureInfo.InvariantCulture,
                                        turns,
                                        message["role"],
                                        (index == 0 ? $"It is {clock} now. " : "") + message["content"]
                                    )
                            )
                    );
                return new JsonObject
                    {
                        ["model"] = "llama-3",
                        ["session_id"] = "s",
                        ["timestamp"] = turn,
                        ["prompt"] = text,
                        ["usage"] = new JsonObject { ["prompt_tokens"] = text.Length / 4 },
                    }.ToJsonString() + "\n";
            });

        var finding = Assert.Single(ServingRoom.Analyze(string.Concat(lines)).Findings);

        Assert.Equal(
            (FindingKinds.VolatileClock, "prompt", 3.0, 4.0),
            (
                finding.Kind,
                finding.Metrics["component"].ToString(),
                finding.Metrics["earlierLine"].Number,
                finding.Metrics["laterLine"].Number
            )
        );
        Assert.Equal(
            begin.Length
                + turns.IndexOf("{1}", StringComparison.Ordinal)
                + "system".Length
                - "{0}".Length
                + "It is ".Length,
            finding.Metrics["spanStart"].Number
        );
        Assert.Equal("10:00:41".Length, finding.Metrics["spanLength"].Number);
    }

    [Fact]
    public void Tools_in_another_order_are_told_from_other_tools()
    {
        var order = Analyze(tools: turn =>
            turn == 3 ? Tools("tides", "ships", "berths") : Tools("ships", "tides", "berths")
        );
        var added = Analyze(tools: turn =>
            turn < 3 ? Tools("ships", "tides", "berths") : Tools("ships", "tides", "berths", "cranes")
        );

        Assert.Equal([FindingKinds.ToolOrder], order.Findings.Select(finding => finding.Kind));
        Assert.Equal(
            ("tools[0]", 2),
            (order.Findings[0].Metrics["component"].ToString(), (int)order.Findings[0].Metrics["occurrences"].Number)
        );
        Assert.Equal([FindingKinds.ToolsChanged], added.Findings.Select(finding => finding.Kind));
    }

    [Fact]
    public void Keys_of_a_tool_schema_in_another_order_are_named()
    {
        var analysis = Analyze(tools: turn =>
        {
            var tools = Tools("ships", "tides", "berths");
            if (turn == 2)
            {
                var function = tools[1]!["function"]!.AsObject();
                tools[1]!["function"] = new JsonObject(
                    function.Reverse().Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone()))
                );
            }

            return tools;
        });

        Assert.Equal([FindingKinds.JsonKeyOrder], analysis.Findings.Select(finding => finding.Kind));
        Assert.Equal("tools[1]", analysis.Findings[0].Metrics["component"].ToString());
    }

    [Fact]
    public void A_path_in_a_tool_schema_is_named_with_its_tool()
    {
        var analysis = Analyze(tools: turn =>
        {
            var tools = Tools("ships", "tides", "berths");
            tools[2]!["function"]!["description"] =
                $"Runs in /srv/{(turn < 3 ? "anna" : "bert")}/harbour and lists all berths with their depth and their "
                + $"length.";
            return tools;
        });

        Assert.Equal("tools[2]", analysis.Single(FindingKinds.VolatilePath).Metrics["component"].ToString());
    }

    [Fact]
    public void A_list_that_comes_in_another_order_is_named()
    {
        string[] skills =
        [
            "- mooring: how ships are made fast",
            "- pilotage: who guides them in",
            "- dredging: keeping channels deep",
        ];
        var analysis = Analyze(
            (turn, messages) =>
                System(
                    messages,
                    Rules + "\nSkills:\n" + string.Join('\n', turn == 3 ? skills.Reverse() : skills) + "\nEnd."
                )
        );

        Assert.Equal([FindingKinds.UnorderedList], analysis.Findings.Select(finding => finding.Kind));
    }

    [Theory]
    [InlineData("What lies at berth", 18, 0)]
    [InlineData("What lies... look twice.", 9, 3)]
    [InlineData("What lies at […]", 13, 3)]
    public void Cuts_are_told_by_what_is_left(string left, int start, int length)
    {
        var analysis = Analyze(
            (turn, messages) =>
            {
                if (turn >= 2)
                {
                    messages[1]["content"] = left;
                }

                return messages;
            }
        );

        var finding = Assert.Single(analysis.Findings);
        Assert.Equal(
            (FindingKinds.TruncatedMessage, "messages[1]"),
            (finding.Kind, finding.Metrics["component"].ToString())
        );
        Assert.Equal((start, length), (finding.Metrics["spanStart"].Number, finding.Metrics["spanLength"].Number));
    }

    [Fact]
    public void A_message_cut_in_the_middle_is_named_with_the_place_of_the_cut()
    {
        var analysis = Analyze(
            (turn, messages) =>
            {
                if (turn == 3)
                {
                    messages[3]["content"] = messages[3]["content"]!.GetValue<string>()[..40];
                }

                return messages;
            }
        );

        var finding = Assert.Single(analysis.Findings, finding => finding.Kind == FindingKinds.TruncatedMessage);
        Assert.Equal("messages[3]", finding.Metrics["component"].ToString());
        Assert.Equal((3.0, 4.0), (finding.Metrics["earlierLine"].Number, finding.Metrics["laterLine"].Number));
    }

    [Fact]
    public void A_dropped_turn_is_named()
    {
        var analysis = Analyze(
            (turn, messages) =>
            {
                if (turn == 4)
                {
                    messages.RemoveRange(6, 5);
                }

                return messages;
            }
        );

        var finding = analysis.Single(FindingKinds.DroppedTurn);
        Assert.Equal("messages[6]", finding.Metrics["component"].ToString());
        Assert.Single(analysis.Findings);
    }

    [Fact]
    public void A_duplicated_turn_is_named()
    {
        var analysis = Analyze(
            (turn, messages) =>
            {
                if (turn == 3)
                {
                    messages.Insert(6, (JsonObject)messages[5].DeepClone());
                }

                return messages;
            }
        );

        var finding = analysis.Single(FindingKinds.DuplicatedTurn);
        Assert.Equal("messages[6]", finding.Metrics["component"].ToString());
        Assert.Equal(4, finding.From.Line);
    }

    [Fact]
    public void Swapped_tool_results_are_named()
    {
        var analysis = Analyze(
            (turn, messages) =>
            {
                if (turn >= 2)
                {
                    (messages[3]["content"], messages[4]["content"]) = (
                        messages[4]["content"]!.DeepClone(),
                        messages[3]["content"]!.DeepClone()
                    );
                }

                return messages;
            }
        );

        Assert.Equal(
            "messages[3]",
            analysis.Single(FindingKinds.MisattachedToolResult).Metrics["component"].ToString()
        );
        Assert.Single(analysis.Findings);
    }

    [Fact]
    public void A_result_of_a_call_that_nobody_made_is_named()
    {
        var analysis = Analyze(
            (turn, messages) =>
            {
                if (turn == 4)
                {
                    messages[18]["tool_call_id"] = "call_9_z";
                }

                return messages;
            }
        );

        Assert.Equal(
            "messages[18]",
            analysis.Single(FindingKinds.MisattachedToolResult).Metrics["component"].ToString()
        );
    }

    [Fact]
    public void Misread_characters_are_named()
    {
        var analysis = Analyze(
            (turn, messages) =>
            {
                if (turn >= 3)
                {
                    messages[1]["content"] = messages[1]["content"]!
                        .GetValue<string>()
                        .Replace("café", "cafÃ©", StringComparison.Ordinal);
                }

                return messages;
            }
        );

        var finding = analysis.Single(FindingKinds.Mojibake);
        Assert.Equal("messages[1]", finding.Metrics["component"].ToString());
        Assert.Contains("cafÃ©", finding.Evidence[^1].Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Il était une fois à Besançon, où l’on dit « déjà » – naïve façade")]
    [InlineData("Größe, Übermut, ÄÖÜ; 中文字符 日本語 한국어 🙂")]
    [InlineData("Â§ is not how it began, but Â alone and Ã alone are letters: São, PÃO is rare")]
    public void Real_letters_are_no_misread_ones(string text)
    {
        var analysis = Analyze(
            (turn, messages) => System(messages, Rules + text.Replace("Â§", "§", StringComparison.Ordinal))
        );

        Assert.Empty(analysis.Findings);
    }

    [Fact]
    public void Lost_white_space_is_named()
    {
        var analysis = Analyze(
            (turn, messages) =>
            {
                if (turn >= 2)
                {
                    messages[5]["content"] = messages[5]["content"]!
                        .GetValue<string>()
                        .Replace("; the", ";the", StringComparison.Ordinal);
                }

                return messages;
            }
        );

        Assert.Equal([FindingKinds.LostWhitespace], analysis.Findings.Select(finding => finding.Kind));
        Assert.Equal("messages[5]", analysis.Findings[0].Metrics["component"].ToString());
    }

    [Fact]
    public void A_cache_mark_that_moves_on_is_fine_and_one_that_moves_back_is_not()
    {
        static List<JsonObject> Mark(List<JsonObject> messages, params int[] places)
        {
            foreach (var place in places)
            {
                messages[place]["cache_control"] = new JsonObject { ["type"] = "ephemeral" };
            }

            return messages;
        }

        Assert.Empty(Analyze((_, messages) => Mark(messages, 0, messages.Count - 1)).Findings);
        var back = Analyze((turn, messages) => turn < 3 ? Mark(messages, 0, messages.Count - 1) : Mark(messages, 0, 2));
        Assert.Equal("messages[11]", back.Single(FindingKinds.CacheMarkMoved).Metrics["component"].ToString());
        var taken = Analyze(
            (turn, messages) => turn < 3 ? Mark(messages, 0, messages.Count - 1) : Mark(messages, messages.Count - 1)
        );
        Assert.Equal("system", taken.Single(FindingKinds.CacheMarkMoved).Metrics["component"].ToString());
    }

    private static string Rendered(string prompt, int line) =>
        new JsonObject
        {
            ["model"] = "llama-3-8b",
            ["prompt"] = prompt,
            ["timestamp"] = 1_700_000_000 + line,
            ["usage"] = new JsonObject
            {
                ["prompt_tokens"] = prompt.Length / 4,
                ["completion_tokens"] = 3,
                ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = 0 },
            },
        }.ToJsonString() + "\n";

    private static string Llama(int turn) =>
        $"<|start_header_id|>system<|end_header_id|>\n\n{Rules}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQuestion "
        + $"{turn}<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n";

    [Fact]
    public void Beginnings_and_turn_markers_of_rendered_prompts_are_checked()
    {
        const string Begin = "<|begin_of_text|>";

        Assert.Empty(ServingRoom.Analyze(Rendered(Begin + Llama(1), 1) + Rendered(Begin + Llama(2), 2)).Findings);
        var doubled = ServingRoom
            .Analyze(Rendered(Begin + Llama(1), 1) + Rendered(Begin + Begin + Llama(2), 2))
            .Single(FindingKinds.DoubleBos);
        Assert.Equal(
            (2, 0.0, 34.0),
            (doubled.From.Line, doubled.Metrics["spanStart"].Number, doubled.Metrics["spanLength"].Number)
        );
        Assert.Equal(
            2,
            ServingRoom
                .Analyze(Rendered(Begin + Llama(1), 1) + Rendered(Llama(2), 2))
                .Single(FindingKinds.MissingBos)
                .From.Line
        );
        var open = Llama(2)
            .Replace("Question 2<|eot_id|>", "Question 2", StringComparison.Ordinal)
            .Replace($"{Rules}<|eot_id|>", Rules, StringComparison.Ordinal);
        Assert.Equal(
            2,
            ServingRoom
                .Analyze(Rendered(Begin + Llama(1), 1) + Rendered(Begin + open, 2))
                .Single(FindingKinds.TemplateMarkers)
                .From.Line
        );
    }

    [Fact]
    public void Template_markers_inside_a_message_are_named()
    {
        var finding = Analyze((turn, messages) => System(messages, "<|im_start|>system\n" + Rules))
            .Single(FindingKinds.TemplateMarkers);

        Assert.Equal(
            ("system", 0.0, 12.0),
            (
                finding.Metrics["component"].ToString(),
                finding.Metrics["spanStart"].Number,
                finding.Metrics["spanLength"].Number
            )
        );
    }

    [Fact]
    public void Hash_only_reports_hold_no_text_of_the_log()
    {
        var analysis = Analyze(
            (turn, messages) => System(messages, $"Secret harbour of Zanzibar at 10:4{turn}. " + Rules),
            options: ("hash-only", "true")
        );

        var json =
            ReportEnvelope.Of(analysis).ToJsonString()
            + global::System.Text.Json.JsonSerializer.Serialize(
                analysis.Document,
                SelfDev.Core.Json.ReportJson.Options
            );
        Assert.StartsWith(
            "sha256:",
            analysis.Single(FindingKinds.VolatileClock).Evidence[0].Text,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("Zanzibar", json, StringComparison.Ordinal);
        Assert.DoesNotContain("10:4", json, StringComparison.Ordinal);
        Assert.DoesNotContain("careful", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Spans_in_reports_are_short_and_without_secrets()
    {
        const string Key = "AKIAIOSFODNN7EXAMPLQ";
        var analysis = Analyze((turn, messages) => System(messages, $"key={Key} at 10:4{turn}. " + Rules));

        var finding = analysis.Single(FindingKinds.VolatileClock);
        Assert.All(finding.Evidence, evidence => Assert.DoesNotContain(Key, evidence.Text, StringComparison.Ordinal));
        Assert.All(finding.Evidence, evidence => Assert.InRange(evidence.Text.Length, 1, 200));
    }
}
