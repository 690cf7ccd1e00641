using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Planning;
using SelfDev.Core.Scaling.Policies;
using SelfDev.Core.Scaling.Queues;
using SelfDev.Core.Scaling.Simulation;

namespace SelfDev.Core.Tests.Fleets;

public sealed class SimulationTests
{
    private const int Requests = 200_000;

    /// <summary>Waiting times of M/M/c against P(W > t) = C exp(-(c - a) t / S).</summary>
    [Theory]
    [InlineData(1, 0.5, 0.7)]
    [InlineData(2, 1.5, 1.0)]
    [InlineData(10, 8, 0.5)]
    public void Exponential_service_waits_as_M_M_c(int servers, double load, double wait)
    {
        var trace = FleetRoom.Poisson(
            Requests,
            load,
            random => Math.Max(1, (int)Math.Round(FleetRoom.Exponential(random, 1000)))
        );

        Assert.Equal(1 - Queueing.WaitExceeds(servers, load, 1, 1, wait), WaitsUpTo(trace, servers, wait), 0.01);
    }

    /// <summary>Waiting times of M/D/1 against Erlang's P(W &lt;= t) = (1 - rho) sum over k &lt;= t/D of (lambda (kD -
    /// t))^k / k! exp(-lambda (kD - t)).</summary>
    [Theory]
    [InlineData(0.5, 0.5)]
    [InlineData(0.8, 2.5)]
    public void Constant_service_waits_as_M_D_1(double load, double wait)
    {
        var expected = 0.0;
        var factorial = 1.0;
        for (var k = 0; k <= wait; k++)
        {
            factorial *= Math.Max(1, k);
            var rest = load * (k - wait);
            expected += Math.Pow(rest, k) / factorial * Math.Exp(-rest);
        }

        Assert.Equal((1 - load) * expected, WaitsUpTo(FleetRoom.Poisson(Requests, load, _ => 1000), 1, wait), 0.01);
    }

    [Fact]
    public void A_request_alone_takes_its_prefill_and_a_step_a_token()
    {
        var fleet = FleetRoom.Fleet with { ServiceLevel = new ServiceLevel { TimeToFirstTokenSeconds = 1 } };
        var result = FleetSimulation.Run(
            fleet,
            new TrafficTrace("one", [new TrafficRequest(0, 1000, 1), new TrafficRequest(60, 1000, 1)]),
            new FixedSize("one", 1),
            1,
            cancellation: TestContext.Current.CancellationToken
        );

        Assert.Equal(0.012 + (1000 * 6.05e-5), result.FirstTokenP50, 4);
        Assert.Equal(60 / 3600.0, result.GpuHours, 9);
        Assert.Equal(2, result.Completed);
    }

    [Fact]
    public void A_new_replica_is_paid_for_at_once_and_serves_after_the_cold_start()
    {
        // One replica for one request a second that takes two seconds: the second replica ends the growth of the queue.
        var trace = new TrafficTrace(
            "steady",
            [.. Enumerable.Range(0, 601).Select(i => new TrafficRequest(i, 1900, 1))]
        );
        var fleet = FleetRoom.Fleet with { Replica = FleetRoom.Server, ColdStartSeconds = 100 };
        var result = FleetSimulation.Run(
            fleet,
            trace,
            new ScheduledSize("two", [1, 2], 15),
            1,
            timeline: true,
            TestContext.Current.CancellationToken
        );

        Assert.Equal((600 + 585) / 3600.0, result.GpuHours, 9);
        Assert.Equal(1, result.ScaleActions);
        Assert.All(result.Timeline, observed => Assert.Equal(observed.Time < 15 + 100 ? 1 : 2, observed.Ready));
        Assert.All(
            result.Timeline.Where(observed => observed.Time is > 15 and < 115),
            observed => Assert.Equal(1, observed.Starting)
        );
        Assert.Equal(601, result.Completed);
    }

    [Fact]
    public void A_replica_that_is_let_go_finishes_what_it_has()
    {
        var trace = new TrafficTrace(
            "two",
            [new TrafficRequest(0, 100_000, 1), new TrafficRequest(0, 100_000, 1), new TrafficRequest(300, 1, 1)]
        );
        var fleet = FleetRoom.Fleet with { Replica = FleetRoom.Server };
        var result = FleetSimulation.Run(
            fleet,
            trace,
            new ScheduledSize("in", [2, 1], 15),
            2,
            timeline: true,
            TestContext.Current.CancellationToken
        );

        Assert.Equal(3, result.Completed);
        // The second replica is paid for until its request ends, at 100 s.
        Assert.Equal((300 + 100) / 3600.0, result.GpuHours, 6);
    }

    [Fact]
    public void A_policy_never_gets_below_the_floor_or_above_the_ceiling()
    {
        var trace = FleetRoom.Poisson(2000, 5, _ => 100);
        var fleet = FleetRoom.Fleet with { Floor = 2, Ceiling = 5, ColdStartSeconds = 0 };
        foreach (var wanted in new[] { int.MinValue, -1, 0, 1_000_000 })
        {
            var result = FleetSimulation.Run(
                fleet,
                trace,
                new FixedSize("wild", wanted),
                3,
                timeline: true,
                TestContext.Current.CancellationToken
            );
            Assert.All(result.Timeline.Skip(2), observed => Assert.InRange(observed.Provisioned, 2, 5));
        }
    }

    [Fact]
    public void The_same_trace_gives_the_same_result()
    {
        var trace = FleetRoom.Poisson(3000, 8, random => random.Next(1, 4000), 100);
        SimulationResult Run() =>
            FleetSimulation.Run(
                FleetRoom.Fleet,
                trace,
                new FleetPlanner(FleetRoom.Fleet),
                4,
                cancellation: TestContext.Current.CancellationToken
            );

        Assert.Equal(Run() with { Timeline = [] }, Run() with { Timeline = [] });
    }

    private static double WaitsUpTo(TrafficTrace trace, int servers, double wait)
    {
        var fleet = FleetRoom.Fleet with
        {
            Replica = FleetRoom.Server,
            ServiceLevel = new ServiceLevel
            {
                TimeToFirstTokenSeconds = 600,
                InterTokenSeconds = 60,
                QueueSeconds = wait,
            },
            IntervalSeconds = 3600,
        };
        return FleetSimulation
            .Run(
                fleet,
                trace,
                new FixedSize("servers", servers),
                servers,
                cancellation: TestContext.Current.CancellationToken
            )
            .Attainment;
    }
}
