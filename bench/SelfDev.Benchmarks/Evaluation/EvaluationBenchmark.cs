using System.Diagnostics;
using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Statistics;

namespace SelfDev.Benchmarks.Evaluation;

/// <summary>
/// Two checkpoints on the same million items of 200 tasks, from files to report, by what the scores are: yes or no (the
/// exact test), yes or no in clusters of five (the bootstrap draws clusters by their counts), and numbers that are all
/// different (the bootstrap draws item by item, its slowest case).
/// </summary>
/// <remarks>Options: <c>samples=1000000</c>, <c>tasks=200</c>, <c>cores=2</c>, <c>resamples=10000</c>,
/// <c>scores=binary,clustered,mixed,distinct</c>.</remarks>
public sealed class EvaluationBenchmark : IBenchmarkSuite
{
    private const double MiB = 1 << 20;

    public string Name => "evals";

    public Task<BenchmarkResult> RunAsync(IReadOnlyDictionary<string, string> options, CancellationToken cancellation)
    {
        var result = new BenchmarkResult(Name);
        var samples = Number(options, "samples", 1_000_000);
        var tasks = Number(options, "tasks", 200);
        var settings = new Dictionary<string, string>
        {
            ["cores"] = options.GetValueOrDefault("cores", "2"),
            ["resamples"] = options.GetValueOrDefault("resamples", "10000"),
        };
        var folder = Directory.CreateTempSubdirectory("selfdev-bench-").FullName;
        try
        {
            foreach (var scores in options.GetValueOrDefault("scores", "binary,clustered,mixed,distinct").Split(','))
            {
                Measure(result, folder, scores, samples, tasks, settings, cancellation);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        result.Add(
            "peak memory of the process, all of them one after the other",
            Process.GetCurrentProcess().PeakWorkingSet64 / MiB,
            "MiB",
            "< 477"
        );
        return Task.FromResult(result);
    }

    private static void Measure(
        BenchmarkResult result,
        string folder,
        string scores,
        int samples,
        int tasks,
        Dictionary<string, string> settings,
        CancellationToken cancellation
    )
    {
        var baseline = Write(Path.Combine(folder, $"{scores}-baseline.csv"), scores, samples, tasks, side: 0);
        var candidate = Write(Path.Combine(folder, $"{scores}-candidate.csv"), scores, samples, tasks, side: 1);
        var before = Process.GetCurrentProcess().TotalProcessorTime;
        var first = Analyze(candidate, baseline, settings, cancellation, out var seconds);
        var processor = (Process.GetCurrentProcess().TotalProcessorTime - before).TotalSeconds;
        var again = Analyze(
            candidate,
            baseline,
            new Dictionary<string, string>(settings) { ["cores"] = "1" },
            cancellation,
            out var alone
        );
        var same = first
            .Comparisons.Zip(again.Comparisons)
            .All(pair => pair.First.P == pair.Second.P && pair.First.Ci95!.SequenceEqual(pair.Second.Ci95!));
        result.Add($"{scores}: {samples} pairs, {tasks} tasks, on {settings["cores"]} cores", seconds, "s", "< 10");
        result.Add($"{scores}: processor time of it, all cores together", processor, "s");
        result.Add($"{scores}: on one core", alone, "s");
        result.Add($"{scores}: comparisons that differ with the number of cores", same ? 0 : 1, "", "0");
        File.Delete(baseline);
        File.Delete(candidate);
    }

    private static EvaluationSummary Analyze(
        string candidate,
        string baseline,
        Dictionary<string, string> options,
        CancellationToken cancellation,
        out double seconds
    )
    {
        using var theirs = LocalArtifact.Open(candidate, ReadLimits.Default);
        using var ours = LocalArtifact.Open(baseline, ReadLimits.Default);
        var watch = Stopwatch.StartNew();
        var analysis = new EvaluationCapability().Analyze(
            new AnalysisRequest(theirs.Files) { Baseline = ours.Files, Options = options },
            cancellation
        );
        seconds = watch.Elapsed.TotalSeconds;
        return (EvaluationSummary)analysis.Summary;
    }

    private static string Write(string path, string scores, int samples, int tasks, int side)
    {
        using var file = new StreamWriter(path);
        var clustered = scores is "clustered" or "mixed";
        file.WriteLine(clustered ? "id,task,score,cluster" : "id,task,score");
        var random = new RandomStream(7, (ulong)side);
        for (var item = 0; item < samples; item++)
        {
            var task = item % tasks;
            // Of the mixed ones, every other task has numbers.
            var distinct = scores == "distinct" || (scores == "mixed" && task % 2 == 1);
            var difficulty = new RandomStream(8, (ulong)item).NextDouble();
            var draw = (0.8 * difficulty) + (0.2 * random.NextDouble());
            var score =
                distinct ? draw.ToString("0.00000", CultureInfo.InvariantCulture)
                : draw < 0.6 ? "1"
                : "0";
            file.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"q{item},task{task},{score}{(clustered ? $",c{item / tasks / 5}" : "")}"
                )
            );
        }

        return path;
    }

    private static int Number(IReadOnlyDictionary<string, string> options, string name, int usual) =>
        int.Parse(
            options.GetValueOrDefault(name, usual.ToString(CultureInfo.InvariantCulture)),
            CultureInfo.InvariantCulture
        );
}
