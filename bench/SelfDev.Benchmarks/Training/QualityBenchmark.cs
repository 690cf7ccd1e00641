using System.Text.Json;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Training;

namespace SelfDev.Benchmarks.Training;

/// <summary>
/// Precision and recall of the training room on the labelled corpus (<c>labels.json</c>), by kind, and false alarms on
/// healthy runs. A finding counts where it is a warning or worse; a label is found by a finding of its kind whose lines
/// touch its own, and each finding of a labelled artifact that touches no label is wrong.
/// </summary>
/// <remarks>Options: <c>data=FOLDER</c>, default <c>../shared/data</c> beside the checkout or
/// <c>SELFDEV_SHARED_DATA</c>.</remarks>
public sealed class QualityBenchmark : IBenchmarkSuite
{
    public string Name => "quality";

    public Task<BenchmarkResult> RunAsync(IReadOnlyDictionary<string, string> options, CancellationToken cancellation)
    {
        var data =
            options.GetValueOrDefault("data")
            ?? Environment.GetEnvironmentVariable("SELFDEV_SHARED_DATA")
            ?? Path.Combine("..", "shared", "data");
        using var resource = typeof(QualityBenchmark).Assembly.GetManifestResourceStream("labels.json")!;
        var corpus = JsonSerializer.Deserialize<Corpus>(resource, JsonSerializerOptions.Web)!;
        var result = new BenchmarkResult(Name);
        var scores = new SortedDictionary<string, Score>(StringComparer.Ordinal);
        var roles = 0;
        foreach (var artifact in corpus.Labels.GroupBy(label => label.Artifact))
        {
            var findings = Analyze(Path.Combine(data, artifact.Key))
                .Where(finding => finding.Severity >= Severity.Warning)
                .ToList();
            foreach (var label in artifact)
            {
                var hit = findings.FirstOrDefault(finding => Touches(finding, label));
                Of(scores, label.Kind).Count(hit is not null);
                roles +=
                    hit is not null
                    && string.Equals(hit.Role.ToString(), label.Role, StringComparison.OrdinalIgnoreCase)
                        ? 1
                        : 0;
            }

            foreach (var finding in findings.Where(finding => !artifact.Any(label => Touches(finding, label))))
            {
                Of(scores, finding.Kind).Wrong++;
                Console.Error.WriteLine(
                    $"not labelled: {artifact.Key} {finding.Kind} line {finding.From.Line}: {finding.Title}"
                );
            }
        }

        var alarms = 0;
        foreach (var healthy in corpus.Healthy)
        {
            alarms += Analyze(Path.Combine(data, healthy.Artifact))
                .Count(finding => finding.Severity >= Severity.Warning);
        }

        foreach (var (kind, score) in scores)
        {
            result.Add($"{kind}: precision", score.Precision, "");
            result.Add($"{kind}: recall", score.Recall, "");
        }

        var all = new Score
        {
            Found = scores.Values.Sum(score => score.Found),
            Missed = scores.Values.Sum(score => score.Missed),
            Wrong = scores.Values.Sum(score => score.Wrong),
        };
        result.Add("labels", corpus.Labels.Count, "");
        result.Add("precision", all.Precision, "", ">= 0.90");
        result.Add("recall", all.Recall, "", ">= 0.95");
        result.Add("role right, of those found", all.Found == 0 ? 0 : (double)roles / all.Found, "");
        result.Add(
            "false alarms per 10,000 healthy steps",
            alarms * 10_000.0 / corpus.Healthy.Sum(healthy => healthy.Steps),
            "",
            "<= 1"
        );
        return Task.FromResult(result);
    }

    private static IReadOnlyList<Finding> Analyze(string path) =>
        new TrainingCapability()
            .Analyze(
                new AnalysisRequest([new ArtifactFile(path, () => File.OpenRead(path), new FileInfo(path).Length)]),
                CancellationToken.None
            )
            .Findings;

    private static bool Touches(Finding finding, Label label) =>
        finding.Kind == label.Kind && finding.From.Line <= label.Lines[1] && finding.To.Line >= label.Lines[0];

    private static Score Of(SortedDictionary<string, Score> scores, string kind)
    {
        if (!scores.TryGetValue(kind, out var score))
        {
            scores.Add(kind, score = new Score());
        }

        return score;
    }

    private sealed record Corpus(IReadOnlyList<Label> Labels, IReadOnlyList<Stretch> Healthy);

    private sealed record Label(string Artifact, string Kind, long[] Lines, string Role, string Source);

    private sealed record Stretch(string Artifact, long Steps, string Source);

    private sealed class Score
    {
        public int Found { get; set; }

        public int Missed { get; set; }

        public int Wrong { get; set; }

        public double Precision => Found + Wrong == 0 ? 1 : (double)Found / (Found + Wrong);

        public double Recall => Found + Missed == 0 ? 1 : (double)Found / (Found + Missed);

        public void Count(bool found)
        {
            Found += found ? 1 : 0;
            Missed += found ? 0 : 1;
        }
    }
}
