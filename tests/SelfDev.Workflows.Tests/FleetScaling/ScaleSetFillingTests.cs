using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Decide;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Tests.FleetScaling;

public class ScaleSetFillingTests
{
    private static readonly Gen<ScaleSetReading> Set =
        from min in Gen.Choose(0, 3)
        from room in Gen.Choose(0, 10)
        from extra in Gen.Choose(0, room)
        from evicted in Gen.Choose(0, min + extra)
        from price in Gen.Choose(1, 5)
        from busy in Gen.Choose(0, 4)
        from paused in Gen.Choose(0, 4)
        select new ScaleSetReading(
            new PolicyScaleSet($"set-{price}", min, min + room, price),
            new FleetState("", "sku", min + extra, "1", "Succeeded", min + extra - evicted, "eastus")
            {
                EvictedInstances = evicted,
            },
            busy == 0,
            paused == 0
        );

    [Fact]
    public void Sets_stay_inside_their_limits_move_one_way_and_reach_the_total_where_they_can() =>
        Check.QuickThrowOnFailure(
            Prop.ForAll(
                Gen.ListOf(Set).Select(list => list.ToList()).ToArbitrary(),
                Gen.Choose(0, 60).ToArbitrary(),
                (sets, total) =>
                {
                    var filled = ScaleSetFilling.Fill(sets, total);
                    var before = sets.Sum(set => set.Capacity);
                    var movable = sets.Where(set => !set.IsBusy && !set.IsPaused).ToList();
                    var (least, most) = (
                        before - movable.Sum(set => set.Capacity - set.Set.MinCapacity),
                        before + movable.Sum(set => set.Set.MaxCapacity - set.Capacity)
                    );
                    Assert.Equal(Math.Clamp(total, least, most), filled.Sum());
                    foreach (var (set, capacity) in sets.Zip(filled))
                    {
                        Assert.InRange(capacity, set.Set.MinCapacity, set.Set.MaxCapacity);
                        Assert.True(total >= before ? capacity >= set.Capacity : capacity <= set.Capacity);
                        Assert.True(movable.Contains(set) || capacity == set.Capacity);
                    }
                }
            )
        );

    [Fact]
    public void The_cheapest_grows_first_and_one_that_loses_instances_last()
    {
        ScaleSetReading[] sets = [Of(10, 4, 8), Of(4, 2, 6, evicted: 1), Of(6, 0, 3)];

        Assert.Equal([5, 2, 3], ScaleSetFilling.Fill(sets, 10));
        Assert.Equal([8, 4, 3], ScaleSetFilling.Fill(sets, 15));
    }

    [Fact]
    public void The_dearest_shrinks_first() =>
        Assert.Equal([2, 3, 3], ScaleSetFilling.Fill([Of(10, 6, 8, min: 2), Of(4, 3, 6), Of(6, 4, 6)], 8));

    [Fact]
    public void A_set_beyond_its_limits_comes_back_and_the_others_take_over() =>
        Assert.Equal([3, 7], ScaleSetFilling.Fill([Of(4, 6, 3), Of(10, 2, 9)], 10));

    private static ScaleSetReading Of(decimal price, int capacity, int max, int evicted = 0, int min = 0) =>
        new(
            new PolicyScaleSet($"set-{price}", min, max, price),
            new FleetState("", "sku", capacity, "1", "Succeeded", capacity - evicted, "eastus")
            {
                EvictedInstances = evicted,
            },
            false,
            false
        );
}
