using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Tests.FleetScaling;

public class FleetDrainingTests
{
    private const string Set = "/sets/chat";
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_least_loaded_is_chosen_and_goes_once_two_later_samples_show_it_idle()
    {
        var chosen = Choose([Sample(0, ("a", 5), ("b", 1), ("c", 3))], count: 1);
        Assert.Equal([new FleetDrain(Set, "b", Start)], chosen.Draining);
        Assert.Empty(chosen.Idle);

        var first = Choose(
            [Sample(0, ("b", 1)), Sample(60, ("a", 0), ("b", 0), ("c", 0))],
            count: 1,
            draining: chosen.Draining
        );
        Assert.Empty(first.Idle);
        var second = Choose(
            [Sample(0, ("b", 1)), Sample(60, ("b", 0)), Sample(120, ("a", 0), ("b", 0), ("c", 0))],
            count: 1,
            draining: first.Draining
        );
        Assert.Equal(["b"], second.Idle);
    }

    [Fact]
    public void Samples_that_follow_fast_do_not_shorten_the_time_that_routers_have()
    {
        var draining = new[] { new FleetDrain(Set, "a", Start) };

        Assert.Empty(
            Choose([Sample(0, ("a", 0)), Sample(10, ("a", 0)), Sample(20, ("a", 0))], count: 1, draining: draining).Idle
        );
        Assert.Equal(
            ["a"],
            Choose([Sample(0, ("a", 0)), Sample(10, ("a", 0)), Sample(30, ("a", 0))], count: 1, draining: draining).Idle
        );
    }

    [Fact]
    public void One_that_others_protect_or_whose_load_nobody_knows_never_goes()
    {
        var chosen = Choose(
            [Sample(0, ("a", 0), ("b", 4))],
            count: 3,
            instances: [new FleetInstance("1", "a", "") { IsProtected = true }, Instance("b"), Instance("c")]
        );

        Assert.Equal(["b"], chosen.Draining.Select(drain => drain.Instance));
    }

    [Fact]
    public void One_that_stays_busy_is_given_up_unless_others_have_become_idle()
    {
        var draining = new[] { new FleetDrain(Set, "a", Start), new FleetDrain(Set, "b", Start) };

        var unheeded = Choose(
            [Sample(0, ("a", 2), ("b", 2)), Sample(300, ("b", 2)), Sample(660, ("a", 2), ("b", 2), ("c", 0))],
            count: 2,
            draining: draining
        );
        Assert.True(unheeded.IsGivenUp);
        Assert.Empty(unheeded.Draining);

        var heeded = Choose(
            [Sample(0, ("a", 2), ("b", 2)), Sample(300, ("b", 0)), Sample(660, ("a", 2), ("b", 0), ("c", 0))],
            count: 2,
            draining: draining
        );
        Assert.False(heeded.IsGivenUp);
        Assert.Equal(["b"], heeded.Idle);
    }

    [Fact]
    public void A_clock_that_is_put_back_begins_the_drain_anew()
    {
        var draining = new[] { new FleetDrain(Set, "a", Start.AddHours(1)) };

        var chosen = Choose([Sample(0, ("a", 0)), Sample(60, ("a", 0))], count: 1, draining: draining);

        Assert.Equal([new FleetDrain(Set, "a", Start.AddSeconds(60))], chosen.Draining);
        Assert.Empty(chosen.Idle);
    }

    private static DrainChoice Choose(
        FleetSample[] history,
        int count,
        IReadOnlyList<FleetDrain>? draining = null,
        IReadOnlyList<FleetInstance>? instances = null
    ) =>
        FleetDraining.Choose(
            Set,
            instances ?? [Instance("a"), Instance("b"), Instance("c")],
            history,
            count,
            draining ?? [],
            _ => false,
            timeout: TimeSpan.FromMinutes(10),
            mayBegin: true
        );

    private static FleetInstance Instance(string name) => new(name, name, "Succeeded");

    private static FleetSample Sample(int seconds, params (string Instance, int Running)[] load) =>
        new()
        {
            Time = Start.AddSeconds(seconds),
            Seconds = 15,
            Requests = 1,
            PrefillTokens = 1,
            Completions = 1,
            OutputTokens = 1,
            Queue = 0,
            RunningByInstance = load.ToDictionary(each => each.Instance, each => each.Running),
        };
}
