using System.Diagnostics;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Planning;
using SelfDev.Core.Scaling.Simulation;

namespace SelfDev.Benchmarks.Fleets;

/// <summary>
/// The simulation of a fleet under the planner on ten million requests (<c>requests=</c>), one core, and a planning
/// step for a hundred fleets with two hours of samples each: everything that a step does, from samples to plans.
/// </summary>
public sealed class BacktestBenchmark : IBenchmarkSuite
{
    private const int FleetCount = 100;

    public string Name => "backtest";

    public Task<BenchmarkResult> RunAsync(IReadOnlyDictionary<string, string> options, CancellationToken cancellation)
    {
        var requests = options.TryGetValue("requests", out var wanted)
            ? int.Parse(wanted, System.Globalization.CultureInfo.InvariantCulture)
            : 10_000_000;
        var result = new BenchmarkResult(Name);
        var fleet = Fleet();
        var trace = Chat(requests);
        var started = Stopwatch.GetTimestamp();
        var run = FleetSimulation.Run(fleet, trace, new FleetPlanner(fleet), 4, cancellation: cancellation);
        result.Add(
            $"simulated, {requests / 1e6:0.#} M requests under the planner, one core",
            Stopwatch.GetElapsedTime(started).TotalSeconds,
            "s",
            requests == 10_000_000 ? "60" : null
        );
        result.Add("share of them that attained the service level", run.Attainment * 100, "%");
        result.Add("peak working set", Process.GetCurrentProcess().PeakWorkingSet64 / 1048576.0, "MiB", "500");
        Plan(fleet, result);
        return Task.FromResult(result);
    }

    /// <summary>A day of chat traffic, repeated: a rhythm around what four replicas serve.</summary>
    private static TrafficTrace Chat(int count)
    {
        var random = new Random(1);
        var requests = new TrafficRequest[count];
        var time = 0.0;
        for (var i = 0; i < count; i++)
        {
            requests[i] = new TrafficRequest(
                time,
                1 + (int)Math.Min(7000, Exponential(1200)),
                1 + (int)Math.Min(1000, Exponential(220))
            );
            time += Exponential(1 / (10 + (5 * Math.Sin(time * 2 * Math.PI / 86_400))));
        }

        return new TrafficTrace("chat", requests);

        double Exponential(double mean) => -Math.Log(1 - random.NextDouble()) * mean;
    }

    private static void Plan(FleetSpecification fleet, BenchmarkResult result)
    {
        var random = new Random(2);
        var histories = Enumerable.Range(0, FleetCount).Select(_ => Samples(random)).ToList();
        var kept = histories
            .Select(samples =>
            {
                var planner = new FleetPlanner(fleet);
                foreach (var sample in samples)
                {
                    planner.Observe(sample);
                }

                return planner;
            })
            .ToList();
        var (again, step) = (new List<double>(), new List<double>());
        for (var round = 0; round < 21; round++)
        {
            var started = Stopwatch.GetTimestamp();
            foreach (var samples in histories)
            {
                _ = FleetPlanner.Plan(fleet, samples, 4, 0, samples[^1].Time);
            }

            again.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            started = Stopwatch.GetTimestamp();
            for (var i = 0; i < kept.Count; i++)
            {
                var sample = histories[i][^1];
                kept[i].Observe(sample with { Time = sample.Time + ((round + 1) * sample.Seconds) });
                _ = kept[i].Decide(4, 0, sample.Time + ((round + 1) * sample.Seconds));
            }

            step.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        // The first rounds pay for JIT.
        result.Add(
            $"planning step, {FleetCount} fleets, from two hours of samples each, median",
            Median(again),
            "ms",
            "50"
        );
        result.Add("worst of the last ten", again.TakeLast(10).Max(), "ms");
        result.Add($"the same, {FleetCount} planners that are kept, median", Median(step), "ms", "50");
        result.Add("worst of the last ten", step.TakeLast(10).Max(), "ms");

        static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
    }

    private static List<DemandSample> Samples(Random random)
    {
        var samples = new List<DemandSample>();
        for (var i = 1; i <= 480; i++)
        {
            var count = (int)Math.Max(0, 15 * (10 + (4 * Math.Sin(i / 40.0)) + (2 * (random.NextDouble() - 0.5))));
            samples.Add(
                new DemandSample
                {
                    Time = i * 15,
                    Seconds = 15,
                    Requests = count,
                    PrefillTokens = count * 1200.0,
                    PrefillTokensSquared = count * 1200.0 * 1200 * 1.9,
                    OutputTokens = count * 220.0,
                    Completions = count,
                    Misses = 0,
                    Queue = 0,
                    QueueAgeSeconds = 0,
                    Ready = 4,
                }
            );
        }

        return samples;
    }

    private static FleetSpecification Fleet() =>
        new()
        {
            Name = "bench",
            Replica = new ReplicaModel
            {
                StepSeconds = 0.012,
                SequenceSeconds = 1.05e-5,
                ContextTokenSeconds = 2.44e-7,
                PrefillTokenSeconds = 6.05e-5,
                BatchLimit = 256,
                CacheTokens = 55_966,
            },
            ServiceLevel = new ServiceLevel { TimeToFirstTokenSeconds = 2, InterTokenSeconds = 0.075 },
            Floor = 2,
        };
}
