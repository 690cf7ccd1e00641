using System.Text;
using System.Text.Json.Nodes;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Tests.Findings;

namespace SelfDev.Core.Tests.Serving;

/// <summary>Runs the serving room on text.</summary>
internal static class ServingRoom
{
    public static Analysis Analyze(string text, params (string Name, string Value)[] options) =>
        Analyze(Encoding.UTF8.GetBytes(text), options);

    public static Analysis Analyze(byte[] content, params (string Name, string Value)[] options) =>
        Analyze([("requests.jsonl", content)], [], options);

    public static Analysis Analyze(
        IReadOnlyList<(string Name, byte[] Content)> files,
        IReadOnlyList<(string Name, byte[] Content)> baseline,
        params (string Name, string Value)[] options
    ) =>
        new ServingCapability()
            .Analyze(
                new AnalysisRequest([.. files.Select(File)])
                {
                    Baseline = [.. baseline.Select(File)],
                    Options = options.ToDictionary(option => option.Name, option => option.Value),
                },
                CancellationToken.None
            )
            .KeepingToTheCatalog();

    public static Analysis AnalyzePath(string path, params (string Name, string Value)[] options)
    {
        using var artifact = LocalArtifact.Open(path, ReadLimits.Default);
        return new ServingCapability()
            .Analyze(
                new AnalysisRequest(artifact.Files)
                {
                    Options = options.ToDictionary(option => option.Name, option => option.Value),
                },
                CancellationToken.None
            )
            .KeepingToTheCatalog();
    }

    public static ServingSummary Summary(this Analysis analysis) => (ServingSummary)analysis.Summary;

    public static Finding Single(this Analysis analysis, string kind) =>
        Assert.Single(analysis.Findings, finding => finding.Kind == kind);

    /// <summary>One request in chat format.</summary>
    /// <param name="cached">Null: the backend says nothing about a cache.</param>
    public static JsonObject Request(
        IEnumerable<JsonObject> messages,
        long prompt,
        long? cached = null,
        double time = 1_700_000_000,
        string model = "test-model",
        string? session = null,
        JsonArray? tools = null
    ) =>
        new()
        {
            ["model"] = model,
            ["timestamp"] = time,
            ["session_id"] = session,
            ["tools"] = tools?.DeepClone(),
            ["messages"] = new JsonArray([.. messages.Select(message => message.DeepClone())]),
            ["response"] = new JsonObject
            {
                ["model"] = model,
                ["usage"] = new JsonObject
                {
                    ["prompt_tokens"] = prompt,
                    ["completion_tokens"] = 10,
                    ["prompt_tokens_details"] = cached is null ? null : new JsonObject { ["cached_tokens"] = cached },
                },
            },
        };

    public static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };

    public static string Lines(IEnumerable<JsonObject> requests) =>
        string.Concat(requests.Select(request => request.ToJsonString() + "\n"));

    /// <summary>The requests of a conversation that only grows; a token for four characters, and the whole predecessor
    /// cached.</summary>
    public static List<JsonObject> Conversation(
        IReadOnlyList<JsonObject> messages,
        string session = "s1",
        JsonArray? tools = null,
        Func<int, IReadOnlyList<JsonObject>, IReadOnlyList<JsonObject>>? change = null
    )
    {
        var requests = new List<JsonObject>();
        long before = 0;
        for (var count = 2; count <= messages.Count; count += 2)
        {
            IReadOnlyList<JsonObject> shown = [.. messages.Take(count)];
            shown = change?.Invoke(requests.Count, shown) ?? shown;
            var prompt = shown.Sum(message => message.ToJsonString().Length) / 4;
            requests.Add(
                Request(
                    shown,
                    prompt,
                    Math.Min(before, prompt),
                    1_700_000_000 + (requests.Count * 10),
                    session: session,
                    tools: tools
                )
            );
            before = prompt;
        }

        return requests;
    }

    private static ArtifactFile File((string Name, byte[] Content) file) =>
        new(file.Name, () => new MemoryStream(file.Content, writable: false), file.Content.Length);
}
