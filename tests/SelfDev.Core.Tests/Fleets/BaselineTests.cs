using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Planning;
using SelfDev.Core.Scaling.Policies.Baselines;

namespace SelfDev.Core.Tests.Fleets;

/// <summary>Each baseline by the arithmetic of its own documentation.</summary>
public sealed class BaselineTests
{
    /// <value>One request a second and ten in flight are what a replica stands: targets are 0.7 and 7.</value>
    private static readonly BaselineSettings Settings = new(
        FleetRoom.Fleet with
        {
            Floor = 0,
        },
        1,
        10,
        new TrafficMix(1000, 1, 100)
    );

    [Theory]
    [InlineData(4, 4, 7.0, 4)] // at the target
    [InlineData(4, 4, 7.6, 4)] // inside 10 % of it
    [InlineData(4, 4, 14, 8)] // ceil(4 * 2)
    [InlineData(4, 4, 70, 8)] // at most +4 or +100 %
    [InlineData(2, 2, 70, 6)]
    [InlineData(4, 4, 1, 1)] // ceil(4 / 7)
    [InlineData(8, 4, 14, 8)] // pods that start count 0 % on the way up: 8 * 1 is no change
    [InlineData(6, 4, 14, 8)] // 6 * (2 * 4 / 6)
    public void Hpa_is_ceil_of_n_times_metric_over_target(int size, int ready, double inFlight, int expected) =>
        Assert.Equal(expected, new HorizontalScaling().Recommend(0, size, ready, inFlight, 7));

    [Fact]
    public void Hpa_scales_in_to_the_highest_recommendation_of_300_seconds()
    {
        var scaling = new HorizontalScaling();
        Assert.Equal(10, scaling.Recommend(0, 10, 10, 7, 7));
        Assert.Equal(10, scaling.Recommend(150, 10, 10, 3.5, 7));
        Assert.Equal(10, scaling.Recommend(300, 10, 10, 2.1, 7));
        Assert.Equal(5, scaling.Recommend(301, 10, 10, 2.1, 7));
        Assert.Equal(3, scaling.Recommend(451, 10, 10, 2.1, 7));
    }

    [Fact]
    public void Keda_goes_to_zero_after_300_idle_seconds_and_back_with_the_first_request()
    {
        var keda = new Keda(Settings);
        Assert.Equal(2, keda.Decide(Observed(15, 2, arrivals: 21)));
        for (var time = 30; time < 300; time += 15)
        {
            Assert.True(keda.Decide(Observed(time, 2)) >= 1);
        }

        Assert.Equal(0, keda.Decide(Observed(330, 2)));
        Assert.Equal(0, keda.Decide(Observed(360, 0)));
        Assert.Equal(1, keda.Decide(Observed(390, 0, arrivals: 1)));
    }

    [Fact]
    public void Keda_polls_each_30_seconds_the_rate_of_a_minute()
    {
        var keda = new Keda(Settings);
        // 2.8 a second over a target of 0.7 each.
        Assert.Equal(4, keda.Decide(Observed(15, 3, arrivals: 42)));
        Assert.Equal(3, keda.Decide(Observed(30, 3, arrivals: 420)));
    }

    [Theory]
    [InlineData(0.75, 4, 5)]
    [InlineData(0.7, 4, 4)]
    [InlineData(0.3, 4, 4)]
    [InlineData(0.2, 4, 3)]
    [InlineData(0.29, 1, 1)]
    public void Azure_autoscale_moves_by_one(double busy, int size, int expected) =>
        Assert.Equal(expected, new AzureAutoscale().Decide(Observed(60, size, busy: busy)));

    [Theory]
    [InlineData(0.36, 2, 1, 2)] // one alone would be at 72 %
    [InlineData(0.3, 10, 2, 5)] // 60 % on five, 75 % on four
    [InlineData(0.1, 10, 2, 2)]
    public void Azure_autoscale_goes_no_further_in_than_it_would_come_back_from(
        double busy,
        int size,
        int wanted,
        int expected
    ) => Assert.Equal(expected, AzureAutoscale.Projected(busy, size, wanted));

    [Fact]
    public void Azure_autoscale_cools_down_in_both_directions()
    {
        var cooling = new AzureAutoscale();
        Assert.Equal(5, cooling.Decide(Observed(60, 4, busy: 0.9)));
        Assert.Equal(5, cooling.Decide(Observed(120, 5, busy: 0.9)));
        Assert.Equal(5, cooling.Decide(Observed(345, 5, busy: 0.9)));
        Assert.Equal(6, cooling.Decide(Observed(375, 5, busy: 0.9)));
    }

    [Theory]
    [InlineData(28, 4, 4)]
    [InlineData(280, 4, 40)] // at most tenfold
    [InlineData(7, 4, 2)] // at least half
    public void Kpa_is_the_windows_mean_over_the_target_inside_its_clamps(int inFlight, int ready, int expected) =>
        Assert.Equal(expected, new KnativePodAutoscaler(Settings).Decide(Observed(15, ready, running: inFlight)));

    [Fact]
    public void Kpa_never_shrinks_in_panic()
    {
        var kpa = new KnativePodAutoscaler(Settings);
        Assert.Equal(16, kpa.Decide(Observed(15, 4, running: 112)));
        for (var time = 30; time <= 180; time += 15)
        {
            Assert.Equal(16, kpa.Decide(Observed(time, 16)));
        }
    }

    [Theory]
    [InlineData(30, 4, 4)] // 7 % over: inside the band of 10 %
    [InlineData(42, 4, 6)]
    [InlineData(24, 4, 4)] // 14 % under: inside the band of 20 %
    [InlineData(14, 4, 2)]
    public void Apa_acts_outside_its_bands_only(int inFlight, int ready, int expected) =>
        Assert.Equal(expected, new AibrixPodAutoscaler(Settings).Decide(Observed(15, ready, running: inFlight)));

    [Fact]
    public void Dynamo_adds_prefill_and_decode_of_the_last_180_seconds()
    {
        var replica = Settings.Fleet.Replica;
        var dynamo = new DynamoPlanner(Settings);
        var expectedFirst = replica.StepTime(1, 0, 1000);
        var expectedInter = replica.StepTime(1, 1050, 0);
        var decided = 0;
        for (var time = 15; time <= 180; time += 15)
        {
            decided = dynamo.Decide(
                Observed(
                    time,
                    3,
                    arrivals: 600,
                    prefill: 600_000,
                    completions: 600,
                    output: 60_000,
                    firstToken: expectedFirst,
                    interToken: expectedInter
                )
            );
        }

        // Both corrections are 1: prefill = 40 * 1000 * 60.5 us, decode = 40 * 100 tokens a second over what a batch at
        // 0.2 s a token gives.
        var prefill = 40 * 1000 * replica.PrefillTokenSeconds;
        var batch = Math.Min(
            256,
            (0.2 - replica.StepSeconds) / (replica.SequenceSeconds + (replica.ContextTokenSeconds * 1050))
        );
        batch = Math.Min(batch, replica.CacheTokens / 1050.0);
        var decode = 40 * 100 / (batch / replica.StepTime((int)batch, batch * 1050, 0));
        Assert.Equal((int)Math.Ceiling(prefill + decode), decided);
        Assert.Equal(3, dynamo.Decide(Observed(195, 3, arrivals: 1)));
    }

    [Theory]
    [InlineData(0.6, 0, 5)]
    [InlineData(0.6, 1, 4)] // waits for the one that starts
    [InlineData(0.95, 1, 5)] // unless memory is nearly full
    [InlineData(0.4, 0, 4)]
    [InlineData(0.2, 0, 3)]
    public void SageServe_scales_by_memory(double cache, int starting, int expected) =>
        Assert.Equal(
            expected,
            new SageServeReactive().Decide(Observed(15, 4 - starting, starting: starting, cache: cache))
        );

    [Fact]
    public void Without_metrics_every_baseline_leaves_the_fleet_alone()
    {
        IScalingPolicy[] policies =
        [
            new HorizontalPodAutoscaler(Settings),
            new Keda(Settings),
            new AzureAutoscale(),
            new KnativePodAutoscaler(Settings),
            new AibrixPodAutoscaler(Settings),
            new DynamoPlanner(Settings),
            new SageServeReactive(),
            new QueueingAutoscaler(Settings),
            new FleetPlanner(FleetRoom.Fleet),
        ];
        Assert.All(
            policies,
            policy => Assert.Equal(7, policy.Decide(Observed(600, 7, cache: 1, busy: 1) with { HasMetrics = false }))
        );
    }

    private static FleetObservation Observed(
        double time,
        int ready,
        int starting = 0,
        long arrivals = 0,
        long prefill = 0,
        long completions = 0,
        long output = 0,
        int running = 0,
        double busy = 0,
        double cache = 0.4,
        double firstToken = double.NaN,
        double interToken = double.NaN
    ) =>
        new()
        {
            Time = time,
            IntervalSeconds = 15,
            Ready = ready,
            Starting = starting,
            Draining = 0,
            Arrivals = arrivals,
            PrefillTokens = prefill,
            PrefillTokensSquared = 0,
            Completions = completions,
            CompletedOutputTokens = output,
            Misses = 0,
            Queue = 0,
            QueueAgeSeconds = 0,
            Running = running,
            BusyShare = busy,
            CacheShare = cache,
            MeanTimeToFirstToken = firstToken,
            MeanInterToken = interToken,
            HasMetrics = true,
        };
}
