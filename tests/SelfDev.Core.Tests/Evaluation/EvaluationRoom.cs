using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Findings;
using SelfDev.Core.Statistics;
using SelfDev.Core.Tests.Findings;

namespace SelfDev.Core.Tests.Evaluation;

/// <summary>Runs the evaluation room on files made here.</summary>
internal static class EvaluationRoom
{
    public static Analysis Compare(
        IReadOnlyList<(string Name, byte[] Content)> candidate,
        IReadOnlyList<(string Name, byte[] Content)> baseline,
        params (string Name, string Value)[] options
    ) =>
        new EvaluationCapability()
            .Analyze(
                new AnalysisRequest(Files(candidate))
                {
                    Baseline = Files(baseline),
                    Options = options.ToDictionary(option => option.Name, option => option.Value),
                },
                TestContext.Current.CancellationToken
            )
            .KeepingToTheCatalog();

    public static Analysis Compare(
        string name,
        string candidate,
        string baseline,
        params (string Name, string Value)[] options
    ) => Compare([(name, Encoding.UTF8.GetBytes(candidate))], [(name, Encoding.UTF8.GetBytes(baseline))], options);

    public static Analysis Analyze(params IReadOnlyList<(string Name, byte[] Content)> files) => Compare(files, []);

    public static Analysis Analyze(string name, string content) => Analyze((name, Encoding.UTF8.GetBytes(content)));

    public static FormatMatch? Sniff(string name, byte[] content) =>
        new EvaluationCapability().Sniff(new ArtifactHead(name, content, IsWhole: true));

    public static EvaluationSummary Summary(this Analysis analysis) =>
        Assert.IsType<EvaluationSummary>(analysis.Summary);

    public static TaskComparison Only(this Analysis analysis) => Assert.Single(analysis.Summary().Comparisons);

    public static IReadOnlyList<Finding> Of(this Analysis analysis, string kind) =>
        [.. analysis.Findings.Where(finding => finding.Kind == kind)];

    public static byte[] Utf8(this string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>A plain table of yes-or-no scores.</summary>
    public static string Csv(IEnumerable<bool> scores) =>
        "id,score\n"
        + string.Concat(
            scores.Select((score, id) => string.Create(CultureInfo.InvariantCulture, $"q{id},{(score ? 1 : 0)}\n"))
        );

    /// <summary>Scores of two checkpoints on the same items: <paramref name="lost"/> of the passing items fail,
    /// <paramref name="won"/> of the failing ones pass.</summary>
    public static (bool[] Baseline, bool[] Candidate) Pair(int n, double accuracy, int lost, int won, ulong seed = 1)
    {
        var random = new RandomStream(seed, 0);
        var baseline = new bool[n];
        Array.Fill(baseline, true, 0, (int)(n * accuracy));
        for (var i = n - 1; i > 0; i--)
        {
            var other = random.Below(i + 1);
            (baseline[i], baseline[other]) = (baseline[other], baseline[i]);
        }

        var candidate = (bool[])baseline.Clone();
        for (var i = 0; i < n && (lost > 0 || won > 0); i++)
        {
            if (baseline[i] && lost > 0)
            {
                (candidate[i], lost) = (false, lost - 1);
            }
            else if (!baseline[i] && won > 0)
            {
                (candidate[i], won) = (true, won - 1);
            }
        }

        return (baseline, candidate);
    }

    /// <summary>lm-eval samples with rendered prompts.</summary>
    public static string LmEvalSamples(IEnumerable<bool> scores, Func<int, string> prompt, string task = "arc")
    {
        var text = new StringBuilder();
        var id = 0;
        foreach (var score in scores)
        {
            var rendered = prompt(id);
            text.Append(
                    new JsonObject
                    {
                        ["doc_id"] = id,
                        ["doc"] = new JsonObject
                        {
                            ["question"] = $"question {id}",
                            ["subject"] = id % 4 == 0 ? "algebra" : "history",
                        },
                        ["target"] = "B",
                        ["arguments"] = new JsonObject
                        {
                            ["gen_args_0"] = new JsonObject
                            {
                                ["arg_0"] = rendered,
                                ["arg_1"] = new JsonObject { ["until"] = new JsonArray("\n") },
                            },
                        },
                        ["resps"] = new JsonArray(new JsonArray(score ? "B" : "C")),
                        ["filtered_resps"] = new JsonArray(score ? "B" : "C"),
                        ["filter"] = "none",
                        ["metrics"] = new JsonArray("exact_match"),
                        ["doc_hash"] = $"doc{id}",
                        ["prompt_hash"] = Convert.ToHexString(
                            System.Security.Cryptography.SHA256.HashData(rendered.Utf8())
                        ),
                        ["target_hash"] = "b",
                        ["exact_match"] = score ? 1.0 : 0.0,
                    }.ToJsonString()
                )
                .Append('\n');
            id++;
        }

        return text.ToString();
    }

    public static string LmEvalResults(string task, double value, double error, int shots, int n) =>
        new JsonObject
        {
            ["results"] = new JsonObject
            {
                [task] = new JsonObject
                {
                    ["alias"] = task,
                    ["exact_match,none"] = value,
                    ["exact_match_stderr,none"] = error,
                },
            },
            ["versions"] = new JsonObject { [task] = 1 },
            ["n-shot"] = new JsonObject { [task] = shots },
            ["n-samples"] = new JsonObject
            {
                [task] = new JsonObject { ["original"] = n, ["effective"] = n },
            },
            ["config"] = new JsonObject { ["model"] = "hf", ["model_args"] = "pretrained=x,revision=step10" },
        }.ToJsonString();

    /// <summary>An Inspect log.</summary>
    public static string Inspect(
        string status,
        IEnumerable<(string Id, int Epoch, string Score)> samples,
        string system = "You are helpful.",
        int? total = null
    )
    {
        var all = samples.ToList();
        var log = new JsonObject
        {
            ["version"] = 2,
            ["status"] = status,
            ["eval"] = new JsonObject
            {
                ["task"] = "popularity",
                ["task_id"] = "t",
                ["run_id"] = "r",
                ["model"] = "m",
                ["config"] = new JsonObject { ["epochs"] = 1 },
            },
            ["results"] = new JsonObject { ["total_samples"] = total ?? all.Count, ["completed_samples"] = all.Count },
            ["samples"] = new JsonArray([
                .. all.Select(sample =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["id"] = sample.Id,
                            ["epoch"] = sample.Epoch,
                            ["input"] = $"Question {sample.Id}?",
                            ["target"] = "Yes",
                            ["messages"] = new JsonArray(
                                new JsonObject { ["role"] = "system", ["content"] = system },
                                new JsonObject { ["role"] = "user", ["content"] = $"Question {sample.Id}?" },
                                new JsonObject { ["role"] = "assistant", ["content"] = "Yes" }
                            ),
                            ["scores"] = new JsonObject
                            {
                                ["match"] = new JsonObject { ["value"] = sample.Score, ["answer"] = "Yes" },
                            },
                        }
                ),
            ]),
        };
        return log.ToJsonString(new JsonSerializerOptions { WriteIndented = true });
    }

    public static byte[] Zip(params (string Name, string Content)[] entries)
    {
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry = archive.CreateEntry(name).Open();
                entry.Write(content.Utf8());
            }
        }

        return bytes.ToArray();
    }

    private static IReadOnlyList<ArtifactFile> Files(IReadOnlyList<(string Name, byte[] Content)> files) =>
        [
            .. files.Select(file => new ArtifactFile(
                file.Name,
                () => new MemoryStream(file.Content, writable: false),
                file.Content.Length
            )),
        ];
}
