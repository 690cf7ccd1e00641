using System.Text.Json;
using SelfDev.Benchmarks;
using SelfDev.Benchmarks.Evaluation;
using SelfDev.Benchmarks.Fleets;
using SelfDev.Benchmarks.Serving;
using SelfDev.Benchmarks.Stores;
using SelfDev.Benchmarks.Training;

// One process runs one suite, so that one suite's garbage and caches never stand in another's figures.
IReadOnlyList<IBenchmarkSuite> suites =
[
    new EngineBenchmark(),
    new StorageBenchmark(),
    new StoresBenchmark(),
    new PipelineBenchmark(),
    new ScanBenchmark(),
    new QualityBenchmark(),
    new ServingBenchmark(),
    new BacktestBenchmark(),
    new EvaluationBenchmark(),
];

var suite = args.Length > 0 ? suites.FirstOrDefault(candidate => candidate.Name == args[0]) : null;
if (suite is null)
{
    Console.Error.WriteLine(
        $"Usage: -- <{string.Join('|', suites.Select(known => known.Name))}> [--json] [name=value ...]"
    );
    return 2;
}

var options = args.Skip(1)
    .Where(arg => arg.Contains('=', StringComparison.Ordinal))
    .Select(arg => arg.Split('=', 2))
    .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
var result = await suite.RunAsync(options, CancellationToken.None);
result.Machine = MachineFacts.Read();
Console.WriteLine(args.Contains("--json") ? JsonSerializer.Serialize(result, BenchmarkResult.Json) : result.ToText());
return 0;
