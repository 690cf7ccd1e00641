using System.Collections.Concurrent;
using System.Globalization;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>
/// Simulated hours under one seeded scheduler. <c>SELFDEV_FLEET_SEEDS</c> sets how many seeds (default 200),
/// <c>SELFDEV_FLEET_SEED</c> the first of them: with a count of 1 it replays the one that failed.
/// </summary>
public class FleetSimulationTests
{
    private const double TroubledHours = 10;

    [Fact]
    public void No_seed_breaks_a_rule()
    {
        var count = Setting("SELFDEV_FLEET_SEEDS", 200);
        var first = Setting("SELFDEV_FLEET_SEED", 1);
        var failures = new ConcurrentBag<string>();
        var writes = 0;
        // Each seed keeps to one thread.
        Parallel.ForEach(
            Enumerable.Range(first, count),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            seed =>
            {
                var simulation = new FleetSimulation(seed, TroubledHours);
                var violations = simulation.Run();
                Interlocked.Add(ref writes, simulation.Writes);
                if (violations.Count > 0)
                {
                    failures.Add($"seed {seed}: {string.Join("; ", violations.Take(3))}");
                }
            }
        );

        Assert.True(
            failures.IsEmpty,
            $"{failures.Count} of {count} seeds fail. "
                + $"{string.Join(Environment.NewLine, failures.Order(StringComparer.Ordinal).Take(10))}"
        );
        Assert.True(writes > 5 * count, $"{writes} changes in {count} seeds: the simulation tests nothing.");
    }

    [Fact]
    public void A_seed_tells_the_same_story_every_time()
    {
        var (one, other) = (new FleetSimulation(7, TroubledHours), new FleetSimulation(7, TroubledHours));

        Assert.Equal(one.Run(), other.Run());
        Assert.Equal(one.Story, other.Story);
    }

    private static int Setting(string name, int fallback) =>
        int.TryParse(
            Environment.GetEnvironmentVariable(name),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var value
        )
            ? value
            : fallback;
}
