using SelfDev.Core.Artifacts;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Policies;
using SelfDev.Core.Scaling.Queues;
using SelfDev.Core.Scaling.Simulation;

namespace SelfDev.Core.Tests.Fleets;

/// <summary>The planner's capacity model against the simulation of the same replicas.</summary>
public sealed class StaffingTests
{
    [Theory]
    [InlineData(1, 0.3)]
    [InlineData(2, 0.15)]
    [InlineData(8, 0.15)]
    public void The_load_that_a_fleet_is_said_to_stand_is_the_one_that_it_stands(int replicas, double tolerance)
    {
        var level = new ServiceLevel { TimeToFirstTokenSeconds = 2, InterTokenSeconds = 0.075 };
        var fleet = FleetRoom.Fleet with { ServiceLevel = level, IntervalSeconds = 3600 };
        int Prompt(Random random) => (int)Math.Clamp(FleetRoom.Exponential(random, 1200), 1, 7000);
        var mix = TrafficMix.Of(FleetRoom.Poisson(20_000, 1, Prompt, 220));
        var staffing = new Staffing(FleetRoom.Replica, level, mix);

        var said = Highest(rate => staffing.At(replicas, rate).Misses <= 0.01);
        var stood = Highest(rate =>
            FleetSimulation
                .Run(
                    fleet,
                    FleetRoom.Poisson(8000, rate, Prompt, 220),
                    new FixedSize("fixed", replicas),
                    replicas,
                    cancellation: TestContext.Current.CancellationToken
                )
                .Attainment >= 0.99
        );

        Assert.InRange(said, stood * (1 - tolerance), stood * (1 + tolerance));

        double Highest(Func<double, bool> holds)
        {
            var (low, high) = (0.0, replicas * 8.0);
            for (var round = 0; round < 10; round++)
            {
                var middle = (low + high) / 2;
                (low, high) = holds(middle) ? (middle, high) : (low, middle);
            }

            return low;
        }
    }

    [Fact]
    public void More_replicas_never_miss_more_and_more_demand_never_misses_less()
    {
        var staffing = new Staffing(FleetRoom.Replica, new ServiceLevel(), new TrafficMix(1200, 0.9, 220));
        for (var replicas = 1; replicas < 30; replicas++)
        {
            Assert.True(staffing.At(replicas + 1, 20).Misses <= staffing.At(replicas, 20).Misses + 1e-9);
            Assert.True(staffing.At(8, replicas).Misses <= staffing.At(8, replicas + 1).Misses + 1e-9);
        }
    }

    [Fact]
    public void The_number_found_is_the_smallest_that_holds_wherever_the_search_begins()
    {
        var staffing = new Staffing(FleetRoom.Replica, new ServiceLevel(), new TrafficMix(1200, 0.9, 220));
        foreach (var rate in new[] { 0.5, 3, 20, 150 })
        {
            var found = staffing.Replicas(rate, 0.005);
            Assert.True(staffing.At(found, rate).Misses <= 0.005);
            Assert.True(found == 1 || staffing.At(found - 1, rate).Misses > 0.005);
            Assert.Equal(found, staffing.Replicas(rate, 0.005, from: 100));
        }

        Assert.Equal(0, staffing.Replicas(0, 0.005));
    }

    [Fact]
    public void Clustered_arrivals_take_more_than_independent_ones()
    {
        var mix = new TrafficMix(2000, 0.9, 30);
        var level = new ServiceLevel { TimeToFirstTokenSeconds = 1, InterTokenSeconds = 1 };

        Assert.True(
            new Staffing(FleetRoom.Replica, level, mix with { ArrivalVariation = 8 }).Replicas(20, 0.01)
                > new Staffing(FleetRoom.Replica, level, mix).Replicas(20, 0.01)
        );
    }

    [Fact]
    public void A_profile_of_a_known_replica_gives_that_replica_back()
    {
        var points = new List<ProfilePoint>();
        foreach (var (input, output) in new[] { (128, 16), (512, 64), (1024, 128), (2048, 32), (256, 256) })
        {
            foreach (var rate in new[] { 0.5, 4, 16 })
            {
                var (latency, throughput) = LatencyReplay.Run(
                    FleetRoom.Replica,
                    new TrafficTrace(
                        "profile",
                        [.. Enumerable.Range(0, 60).Select(i => new TrafficRequest(i / rate, input, output))]
                    )
                );
                points.Add(new ProfilePoint(input, output, rate, 60, throughput, latency, latency));
            }
        }

        var (model, quality) = ReplicaFit.Fit(points);

        Assert.InRange(quality.MedianError, 0, 0.03);
        Assert.Equal(FleetRoom.Replica.StepSeconds, model.StepSeconds, 0.1 * FleetRoom.Replica.StepSeconds);
        Assert.Equal(
            FleetRoom.Replica.PrefillTokenSeconds,
            model.PrefillTokenSeconds,
            0.1 * FleetRoom.Replica.PrefillTokenSeconds
        );
    }

    [Fact]
    public void AIBrix_measurements_are_fitted_and_cold_starts_are_seen()
    {
        using var artifact = SelfDev.Core.Artifacts.LocalArtifact.Open(
            SelfDev.Testing.SharedData.Require("aibrix/simulator-llama2-7b-a100.jsonl"),
            SelfDev.Core.Artifacts.ReadLimits.Default
        );
        var (points, rejected) = ProfileFormat.Read(artifact.Files[0], SelfDev.Core.Artifacts.ReadLimits.Default);

        Assert.Equal((280, 0), (points.Count, rejected));
        Assert.Contains(points, point => point.HasColdStart);
    }
}
