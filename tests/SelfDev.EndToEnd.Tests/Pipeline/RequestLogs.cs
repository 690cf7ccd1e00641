using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace SelfDev.EndToEnd.Tests.Pipeline;

/// <summary>Request logs of a chat service on replicas of one model.</summary>
internal static class RequestLogs
{
    public const string Secret = "AKIAIOSFODNN7EXAMPLQ";

    private static readonly string Rules = string.Concat(
        Enumerable.Repeat("You are a careful assistant of the harbour office; answer briefly and cite the ledger. ", 40)
    );

    /// <summary>Every system prompt begins with the time of day, and with a key that should not be there.</summary>
    public static string ClockInTheSystemPrompt() =>
        Log(
            12,
            (session, turn) => $"key={Secret} Now: 2026-03-01T10:{session:00}:{turn:00}Z. {Rules}",
            (_, _) => "replica-1",
            _ => 0
        );

    /// <summary>Requests of one conversation go to two replicas in turn; each knows only its own half.</summary>
    public static string TwoReplicas() =>
        Log(
            12,
            (_, _) => Rules,
            (session, turn) => (session + turn) % 2 == 0 ? "replica-1" : "replica-2",
            prompts => prompts.Count < 2 ? 864 : prompts[^2] / 16 * 16
        );

    /// <summary>More conversations at once than the cache of one replica holds: only the system prompt is still there
    /// when they go on.</summary>
    public static string TooManyConversations() => Log(400, (_, _) => Rules, (_, _) => "replica-1", _ => 864);

    /// <param name="cached">Cached tokens of a request, by the prompts of its conversation before it.</param>
    private static string Log(
        int sessions,
        Func<int, int, string> system,
        Func<int, int, string> backend,
        Func<List<int>, int> cached
    )
    {
        var text = new StringBuilder();
        var conversations = Enumerable
            .Range(0, sessions)
            .Select(session => new List<JsonObject>
            {
                Message("user", $"Question {session}: where does the barge Ermine lie?"),
            })
            .ToList();
        var prompts = conversations.ConvertAll(_ => new List<int>());
        for (var turn = 0; turn < 4; turn++)
        {
            for (var session = 0; session < sessions; session++)
            {
                var messages = conversations[session].Prepend(Message("system", system(session, turn))).ToList();
                var prompt = messages.Sum(message => message.ToJsonString().Length) / 4;
                text.Append(
                        new JsonObject
                        {
                            ["timestamp"] = 1_772_000_000 + (turn * 60) + (session * 0.1),
                            ["model"] = "llama-3-70b",
                            ["session_id"] = $"s{session.ToString(CultureInfo.InvariantCulture)}",
                            ["backend"] = backend(session, turn),
                            ["messages"] = new JsonArray([.. messages.Select(message => message.DeepClone())]),
                            ["usage"] = new JsonObject
                            {
                                ["prompt_tokens"] = prompt,
                                ["completion_tokens"] = 40,
                                ["prompt_tokens_details"] = new JsonObject
                                {
                                    ["cached_tokens"] = cached(prompts[session]),
                                },
                            },
                        }.ToJsonString()
                    )
                    .Append('\n');
                prompts[session].Add(prompt);
                conversations[session]
                    .Add(
                        Message(
                            "assistant",
                            $"At berth {session + turn}, since the spring tide. "
                                + $"{string.Concat(Enumerable.Repeat("Its papers are in order. ", 60))}"
                        )
                    );
                conversations[session].Add(Message("user", $"And the next one, number {turn}, please?"));
            }
        }

        return text.ToString();
    }

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
