using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Planning;
using SelfDev.Core.Scaling.Queues;
using SelfDev.Core.Scaling.Simulation;

namespace SelfDev.Core.Tests.Fleets;

public sealed class FleetPlannerTests
{
    private static readonly FleetSpecification Fleet = FleetRoom.Fleet with { Floor = 2, Ceiling = 40 };

    [Fact]
    public void More_demand_is_met_at_once_with_an_absolute_number()
    {
        var samples = FleetRoom.Steady(40, 4, 2);
        samples.AddRange(Enumerable.Range(41, 12).Select(i => FleetRoom.Sample(i * 15, 4 + (2 * (i - 40)), 2)));
        var plan = FleetPlanner.Plan(Fleet, samples, 2, 0, samples[^1].Time);

        Assert.True(plan.Replicas > 2);
        Assert.False(plan.IsHold);
        Assert.Contains("requests a second", plan.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Pending_replicas_count_as_if_they_were_there()
    {
        List<DemandSample> samples =
        [
            .. FleetRoom.Steady(40, 22, 2).Select(sample => sample with { Misses = double.NaN }),
        ];
        var wanted = FleetPlanner.Plan(Fleet, samples, 2, 0, samples[^1].Time).Replicas;

        Assert.True(wanted > 2);
        Assert.Equal(
            (wanted, true),
            FleetPlanner.Plan(Fleet, samples, 2, wanted - 2, samples[^1].Time) is var plan
                ? (plan.Replicas, plan.IsHold)
                : default
        );
    }

    [Fact]
    public void What_held_the_service_level_is_not_doubted_and_a_scrap_of_a_replica_is_not_bought()
    {
        // Replicas that stand twice what the model says.
        var samples = FleetRoom.Steady(60, 30, 2);
        Assert.Equal(2, FleetPlanner.Plan(Fleet, samples, 2, 0, samples[^1].Time).Replicas);

        var staffing = new Staffing(Fleet.Replica, Fleet.ServiceLevel, new TrafficMix(1000, 0.5, 200));
        var most = Enumerable.Range(1, 400).Select(i => i * 0.1).Last(rate => staffing.At(2, rate).Misses <= 0.01);
        List<DemandSample> over =
        [
            .. FleetRoom.Steady(60, most * 1.05, 2).Select(sample => sample with { Misses = double.NaN }),
        ];
        List<DemandSample> farOver =
        [
            .. FleetRoom.Steady(60, most * 1.3, 2).Select(sample => sample with { Misses = double.NaN }),
        ];
        Assert.Equal(2, FleetPlanner.Plan(Fleet, over, 2, 0, over[^1].Time).Replicas);
        Assert.Equal(3, FleetPlanner.Plan(Fleet, farOver, 2, 0, farOver[^1].Time).Replicas);
        // One that was there before comes back for less.
        over[10] = over[10] with
        {
            Ready = 3,
        };
        Assert.Equal(3, FleetPlanner.Plan(Fleet, over, 2, 0, over[^1].Time).Replicas);
    }

    [Fact]
    public void Less_demand_is_followed_slowly_and_not_while_replicas_still_start()
    {
        var samples = FleetRoom.Steady(60, 3, 20);

        var plan = FleetPlanner.Plan(Fleet, samples, 20, 0, samples[^1].Time);
        Assert.Equal(PlanReason.Surplus, plan.Reason);
        Assert.InRange(plan.Replicas, 3, 19);
        Assert.Equal(20, FleetPlanner.Plan(Fleet, samples, 15, 5, samples[^1].Time).Replicas);
    }

    [Fact]
    public void What_falls_is_followed_sooner_than_what_dips()
    {
        List<DemandSample> falling =
        [
            .. Enumerable.Range(1, 80).Select(i => FleetRoom.Sample(i * 15, Math.Max(4, 40 - (i * 0.6)), 8)),
        ];
        List<DemandSample> dipping =
        [
            .. Enumerable.Range(1, 80).Select(i => FleetRoom.Sample(i * 15, i > 66 ? 36 : 40 + (i * 0.2), 8)),
        ];

        Assert.True(FirstLetGo(falling) < 80);
        Assert.Equal(int.MaxValue, FirstLetGo(dipping));

        static int FirstLetGo(List<DemandSample> samples) =>
            Enumerable
                .Range(8, samples.Count - 8)
                .FirstOrDefault(
                    count => FleetPlanner.Plan(Fleet, samples[..count], 8, 0, samples[count - 1].Time).Replicas < 8,
                    int.MaxValue
                );
    }

    [Fact]
    public void Nothing_is_let_go_unless_the_survivors_carry_the_load_times_N_over_N_minus_1()
    {
        // The forecast has not caught up with the last minute yet, and would do with fewer.
        var options = new PlannerOptions { ScaleInMargin = 1 };
        var samples = FleetRoom.Steady(480, 8, 3);
        samples.AddRange(Enumerable.Range(481, 3).Select(i => FleetRoom.Sample(i * 15, 12, 3)));
        var plan = FleetPlanner.Plan(Fleet, samples, 3, 0, samples[^1].Time, options);

        Assert.Equal((3, PlanReason.Hold), (plan.Replicas, plan.Reason));
        Assert.Contains("2 replicas would not carry 11 requests a second", plan.Why, StringComparison.Ordinal);
        Assert.Equal(
            PlanReason.Surplus,
            FleetPlanner.Plan(Fleet, samples[..480], 3, 0, samples[479].Time, options).Reason
        );
    }

    [Fact]
    public void What_was_not_seen_to_carry_the_load_is_trusted_to_only_with_a_margin()
    {
        var staffing = new Staffing(Fleet.Replica, Fleet.ServiceLevel, new TrafficMix(1000, 0.5, 200));
        var rate =
            Enumerable.Range(1, 400).Select(i => i * 0.1).Last(rate => staffing.At(2, rate).Misses <= 0.005) / 1.1;
        var samples = FleetRoom.Steady(480, rate, 3);
        Assert.Equal(3, FleetPlanner.Plan(Fleet, samples, 3, 0, samples[^1].Time).Replicas);

        // Three stood one and a half times of it before: so do two under what is left.
        List<DemandSample> seen =
        [
            .. samples.Select((sample, i) => i < 200 ? FleetRoom.Sample(sample.Time, 1.6 * rate, 3) : sample),
        ];
        Assert.Equal(
            (2, PlanReason.Surplus),
            FleetPlanner.Plan(Fleet, seen, 3, 0, seen[^1].Time) is var plan ? (plan.Replicas, plan.Reason) : default
        );
    }

    [Fact]
    public void Nothing_is_let_go_while_demand_rises()
    {
        List<DemandSample> rising =
        [
            .. Enumerable.Range(1, 160).Select(i => FleetRoom.Sample(i * 15, 3 + (i / 80.0), 20)),
        ];

        Assert.Equal(
            (20, PlanReason.Hold),
            FleetPlanner.Plan(Fleet, rising, 20, 0, rising[^1].Time) is var plan
                ? (plan.Replicas, plan.Reason)
                : default
        );
    }

    /// <summary>Two replicas stand it, but not each of its minutes: a planner that lets the third go loses one request
    /// in twenty in the cold starts that bring it back.</summary>
    [Fact]
    public void A_steady_load_near_the_edge_of_a_smaller_fleet_keeps_its_service_level()
    {
        var requests = FleetRoom.Load("azure-llm-inference/conv-first-half.csv").Requests.ToArray();
        var arrivals = FleetRoom.Poisson(28_000, 7.6, _ => 1).Requests.ToArray();
        var trace = new TrafficTrace(
            "steady",
            [.. arrivals.Select((arrival, i) => requests[i % requests.Length] with { Time = arrival.Time })]
        );
        var fleet = FleetRoom.Fleet with { ServiceLevel = new ServiceLevel { InterTokenSeconds = 0.075 } };
        var result = FleetSimulation.Run(
            fleet,
            trace,
            new FleetPlanner(fleet),
            3,
            cancellation: TestContext.Current.CancellationToken
        );

        Assert.True(result.Attainment >= 0.99, $"attained {result.Attainment}");
        Assert.True(result.GpuHours < 3.01 * trace.Seconds / 3600, $"{result.GpuHours} GPU-hours");
    }

    [Fact]
    public void Stale_or_absent_metrics_hold_the_fleet_and_are_never_zero_demand()
    {
        var samples = FleetRoom.Steady(60, 3, 20);

        var late = FleetPlanner.Plan(Fleet, samples, 20, 0, samples[^1].Time + 600);
        Assert.Equal((20, true, PlanReason.StaleMetrics), (late.Replicas, late.IsHold, late.Reason));
        var none = FleetPlanner.Plan(Fleet, [], 20, 0, 0);
        Assert.Equal((20, PlanReason.StaleMetrics), (none.Replicas, none.Reason));

        // A source that goes on without telling demand is silent as well.
        samples.AddRange(Enumerable.Range(61, 40).Select(i => new DemandSample { Time = i * 15, Seconds = 15 }));
        Assert.Equal(PlanReason.StaleMetrics, FleetPlanner.Plan(Fleet, samples, 20, 0, samples[^1].Time).Reason);
    }

    [Fact]
    public void A_source_that_stops_telling_demand_is_borne_until_it_counts_as_stale()
    {
        List<DemandSample> samples =
        [
            .. Enumerable.Range(1, 80).Select(i => FleetRoom.Sample(i * 15, Math.Max(4, 40 - (i * 0.6)), 8)),
        ];
        for (var silent = 1; silent <= 8; silent++)
        {
            samples.Add(
                new DemandSample
                {
                    Time = (80 + silent) * 15,
                    Seconds = 15,
                    Ready = 8,
                    Queue = 0,
                }
            );
            var plan = FleetPlanner.Plan(Fleet, samples, 8, 0, samples[^1].Time);
            Assert.True(
                silent * 15 <= 90 ? plan.Replicas <= 8 : plan is { Replicas: 8, Reason: PlanReason.StaleMetrics }
            );
        }
    }

    [Fact]
    public void Bursts_hold_what_is_there()
    {
        List<DemandSample> samples =
        [
            .. Enumerable.Range(1, 120).Select(i => FleetRoom.Sample(i * 15, i % 24 < 4 ? 40 : 0, 30)),
        ];
        var plan = FleetPlanner.Plan(Fleet, samples, 30, 0, samples[^1].Time);

        Assert.Equal((30, TrafficClass.OnOff), (plan.Replicas, plan.Traffic));
    }

    [Fact]
    public void A_burst_that_was_held_adds_nothing_and_one_that_was_not_adds_what_the_largest_takes()
    {
        // Five replicas' work for half a minute, every six minutes; the last sample is in a burst.
        List<DemandSample> held =
        [
            .. Enumerable.Range(1, 121).Select(i => FleetRoom.Sample(i * 15, i % 24 < 2 ? 40 : 0, 3)),
        ];
        held[^1] = held[^1] with { Queue = 100, QueueAgeSeconds = 6 };
        Assert.Equal(3, FleetPlanner.Plan(Fleet, held, 3, 0, held[^1].Time).Replicas);

        // The same with a third of the requests missed, and seen in the calm after it.
        List<DemandSample> missed =
        [
            .. held.Select(sample => sample with { Misses = sample.Completions / 3, Queue = 0, QueueAgeSeconds = 0 }),
            FleetRoom.Sample(122 * 15, 0, 3),
        ];
        var largest = new Staffing(Fleet.Replica, Fleet.ServiceLevel, new TrafficMix(1000, 0.5, 200)).Replicas(
            40,
            0.005
        );
        Assert.True(largest > 4);
        Assert.Equal(largest, FleetPlanner.Plan(Fleet, missed, 3, 0, missed[^1].Time).Replicas);
    }

    [Fact]
    public void The_first_burst_may_use_up_what_the_service_level_allows_for_later_requests()
    {
        List<DemandSample> Samples(double misses) =>
            [
                .. FleetRoom.Steady(20, 2, 3),
                FleetRoom.Sample(21 * 15, 20, 3) with
                {
                    Misses = misses,
                },
                .. Enumerable.Range(22, 8).Select(i => FleetRoom.Sample(i * 15, 0.5, 3)),
            ];

        // 40 of a thousand requests are what is allowed for 4,000.
        Assert.Equal(3, FleetPlanner.Plan(Fleet, Samples(40), 3, 0, 29 * 15).Replicas);
        Assert.True(FleetPlanner.Plan(Fleet, Samples(200), 3, 0, 29 * 15).Replicas > 3);
    }

    [Fact]
    public void An_infeasible_service_level_is_said_and_does_not_pin_the_fleet_to_its_ceiling()
    {
        var samples = FleetRoom.Steady(60, 3, 4);
        var plan = FleetPlanner.Plan(
            Fleet with
            {
                ServiceLevel = new ServiceLevel { TimeToFirstTokenSeconds = 0.02 },
            },
            samples,
            4,
            0,
            samples[^1].Time
        );

        Assert.Equal(PlanReason.Infeasible, plan.Reason);
        Assert.True(plan.Replicas < 10);
        Assert.Contains("No number of replicas", plan.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void Waiting_requests_ask_for_more_whatever_the_model_says()
    {
        var samples = FleetRoom.Steady(60, 1, 4);
        samples.Add(FleetRoom.Sample(61 * 15, 1, 4) with { Queue = 50, QueueAgeSeconds = 30 });
        var plan = FleetPlanner.Plan(Fleet, samples, 4, 0, samples[^1].Time);

        Assert.Equal(PlanReason.Backlog, plan.Reason);
        Assert.True(plan.Replicas > 4);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(1, 2)]
    [InlineData(60, 40)]
    public void Floor_and_ceiling_hold_without_metrics_too(int current, int expected)
    {
        var plan = FleetPlanner.Plan(Fleet, [], current, 0, 0);

        Assert.Equal((expected, PlanReason.Limits), (plan.Replicas, plan.Reason));
    }

    /// <summary>Whatever samples come: the plan is absolute, inside floor and ceiling, and the same again.</summary>
    [Fact]
    public void No_samples_lead_outside_floor_and_ceiling()
    {
        var values = Gen.Elements(double.NaN, double.PositiveInfinity, -1, 0, 1, 5, 40, 1e6, 1e15);
        var samples = values
            .Four()
            .Select(four => new DemandSample
            {
                Time = four.Item4,
                Seconds = 15,
                Requests = four.Item1,
                PrefillTokens = four.Item2 * 100,
                OutputTokens = four.Item3 * 10,
                Queue = four.Item2,
                QueueAgeSeconds = four.Item1,
                Misses = four.Item3,
                Completions = four.Item1,
                Ready = four.Item2,
            })
            .ListOf()
            .Select(list =>
                list.Select((sample, i) => sample with { Time = double.IsFinite(sample.Time) ? i * 15 : sample.Time })
                    .ToList()
            );
        var fleets = Gen.Choose(0, 30);
        Check.QuickThrowOnFailure(
            Prop.ForAll(
                Arb.From(samples),
                Arb.From(fleets),
                Arb.From(fleets),
                (list, current, pending) =>
                {
                    var plan = FleetPlanner.Plan(Fleet, list, current, pending, list.Count * 15);
                    return plan.Replicas >= Fleet.Floor
                        && plan.Replicas <= Fleet.Ceiling
                        && plan.IsHold == (plan.Replicas == current + pending)
                        && plan.Why.Length > 0
                        && plan == FleetPlanner.Plan(Fleet, list, current, pending, list.Count * 15);
                }
            )
        );
    }

    [Fact]
    public void A_planner_that_is_kept_and_one_that_is_told_everything_again_agree()
    {
        var trace = FleetRoom.Poisson(3000, 8, random => random.Next(1, 3000), 150);
        var kept = new FleetPlanner(Fleet);
        var samples = new List<DemandSample>();
        var checks = 0;
        FleetSimulation.Run(
            Fleet,
            trace,
            new Watching(observed =>
            {
                if (observed.HasMetrics)
                {
                    samples.Add(observed.ToSample());
                    kept.Observe(samples[^1]);
                }

                var plan = kept.Decide(observed.Ready, observed.Starting, observed.Time);
                Assert.Equal(plan, FleetPlanner.Plan(Fleet, samples, observed.Ready, observed.Starting, observed.Time));
                checks++;
                return plan.Replicas;
            }),
            6,
            cancellation: TestContext.Current.CancellationToken
        );
        Assert.True(checks > 20);
    }

    [Fact]
    public void A_replica_model_is_read_from_JSON_and_unknown_names_are_refused()
    {
        var json = FleetSpecificationFormat.Write(Fleet);
        Assert.Equal(Fleet, FleetSpecificationFormat.Parse(json, out var problem));
        Assert.Equal("", problem);

        Assert.Null(
            FleetSpecificationFormat.Parse(json.Replace("\"floor\"", "\"flor\"", StringComparison.Ordinal), out problem)
        );
        Assert.Contains("flor", problem, StringComparison.Ordinal);
        Assert.Null(
            FleetSpecificationFormat.Parse(
                json.Replace("\"floor\":2", "\"floor\":41", StringComparison.Ordinal),
                out problem
            )
        );
        Assert.Contains("floor must be", problem, StringComparison.Ordinal);
        foreach (
            var wrong in new[]
            {
                "",
                "null",
                "[]",
                "{}",
                "{\"name\":1}",
                json.Replace("155", "1e999", StringComparison.Ordinal),
                json.Replace("155", "\"NaN\"", StringComparison.Ordinal),
                json.Replace("155", string.Create(CultureInfo.InvariantCulture, $"{-1}"), StringComparison.Ordinal),
            }
        )
        {
            Assert.Null(FleetSpecificationFormat.Parse(wrong, out problem));
            Assert.NotEmpty(problem);
        }
    }

    private sealed class Watching(Func<FleetObservation, int> decide) : IScalingPolicy
    {
        public string Name => "watching";

        public int Decide(in FleetObservation observed) => decide(observed);
    }
}
