using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

/// <summary>
/// Three quarters of an hour of a chat service on two replicas, one request a line: the first half as it should be,
/// each conversation at home on one replica; then a release that puts the time into the system prompt. Hits are those
/// of an unlimited prefix cache in each replica, in whole blocks of 16 tokens. The same seed gives the same bytes.
/// </summary>
internal static class RequestLogSample
{
    private const int Seed = 20260131;
    private const int Conversations = 24;
    private const int BlockTokens = 16;
    private const int BytesAToken = 4;

    private static readonly string Rules = string.Concat(
        Enumerable
            .Range(1, 24)
            .Select(number =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Rule {number}: answer in one sentence, name the berth and the day, cite the entry of the "
                        + $"register, and never guess a tonnage. "
                )
            )
    );

    public static void Write(string file)
    {
        var random = new Random(Seed);
        var start = new DateTimeOffset(2026, 1, 31, 9, 0, 0, TimeSpan.Zero);
        var replicas = new[]
        {
            new HashSet<string>(StringComparer.Ordinal),
            new HashSet<string>(StringComparer.Ordinal),
        };
        using var log = new StreamWriter(file, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))
        {
            NewLine = "\n",
        };
        for (var conversation = 0; conversation < Conversations; conversation++)
        {
            var messages = new List<(string Role, string Text)>();
            var time = start.AddSeconds(conversation * 110);
            for (var turn = 0; turn < 5; turn++, time = time.AddSeconds(12 + random.Next(20)))
            {
                messages.Add(
                    (
                        "user",
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"Where does the barge Ermine {conversation} lie on day {turn + 1}?"
                        )
                    )
                );
                var clock =
                    conversation < Conversations / 2
                        ? ""
                        : $"It is {time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}. ";
                log.WriteLine(
                    Request(
                        conversation,
                        time,
                        [("system", clock + "You are the assistant of the harbour office. " + Rules), .. messages],
                        replicas[conversation % 2]
                    )
                );
                messages.Add(
                    (
                        "assistant",
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"At berth {random.Next(1, 40)}, as of entry {random.Next(1000, 9999)}: moored with the "
                                + $"tide, papers in order, dues paid until the end of the month."
                        )
                    )
                );
            }
        }
    }

    private static string Request(
        int conversation,
        DateTimeOffset time,
        IReadOnlyList<(string Role, string Text)> messages,
        HashSet<string> cache
    )
    {
        var (prefix, tokens, cached) = (new StringBuilder(), 0, 0);
        foreach (var (role, text) in messages)
        {
            prefix.Append(role).Append(text);
            tokens += (role.Length + text.Length) / BytesAToken;
            cached = cache.Add(prefix.ToString()) ? cached : tokens;
        }

        return new JsonObject
        {
            ["timestamp"] = time.ToUnixTimeMilliseconds() / 1000.0,
            ["session_id"] = string.Create(CultureInfo.InvariantCulture, $"talk-{conversation}"),
            ["model"] = "llama-3-70b",
            ["backend"] = conversation % 2 == 0 ? "replica-a" : "replica-b",
            ["messages"] = new JsonArray([
                .. messages.Select(message => new JsonObject { ["role"] = message.Role, ["content"] = message.Text }),
            ]),
            ["usage"] = new JsonObject
            {
                ["prompt_tokens"] = tokens,
                ["completion_tokens"] = 30,
                ["prompt_tokens_details"] = new JsonObject
                {
                    ["cached_tokens"] = Math.Min(cached, tokens - 1) / BlockTokens * BlockTokens,
                },
            },
        }.ToJsonString();
    }
}
