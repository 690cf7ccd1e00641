using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Policies;
using SelfDev.Core.Scaling.Simulation;

namespace SelfDev.Core.Scaling.Backtesting;

/// <summary>
/// The schedule that knows the future: the fewest GPU-hours that still attain the service level on this very trace.
/// Found by optimisation over schedules that change at block borders, each candidate judged by the simulation itself:
/// levels of capacity are cut away, from the top, over shrinking stretches of time, first where it costs no request,
/// then where it costs the fewest for what it saves, until the misses that the service level allows are used up. It is
/// the best that was found, so the true optimum is at most as dear: figures over it are upper bounds.
/// </summary>
internal sealed class OracleSchedule
{
    /// <summary>Blocks that a schedule has at most: the search's cost grows with them.</summary>
    private const int MaxBlocks = 128;

    /// <summary>Misses that may be paid for one replica-second saved, in rising order.</summary>
    private static readonly double[] Prices = [0, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 10];

    private readonly FleetSpecification _fleet;
    private readonly TrafficTrace _trace;
    private readonly int _initial;
    private readonly int _budget;
    private readonly int _intervals;
    private readonly int _blockIntervals;
    private readonly CancellationToken _cancellation;
    private readonly int _lead;
    private readonly long _allowed;
    private int _runs;

    private OracleSchedule(
        FleetSpecification fleet,
        TrafficTrace trace,
        int initial,
        int budget,
        CancellationToken cancellation
    )
    {
        (_fleet, _trace, _initial, _budget, _cancellation) = (fleet, trace, initial, budget, cancellation);
        _intervals = (int)Math.Ceiling(trace.Seconds / fleet.IntervalSeconds) + 1;
        _allowed = (long)((1 - fleet.ServiceLevel.Attainment) * trace.Count);
        _lead = (int)Math.Ceiling(fleet.ColdStartSeconds / fleet.IntervalSeconds);
        _blockIntervals = Math.Max(1, (_intervals + MaxBlocks - 1) / MaxBlocks);
    }

    /// <param name="budget">Simulations that the search may spend.</param>
    /// <returns>The policy that follows the schedule found.</returns>
    public static IScalingPolicy Find(
        FleetSpecification fleet,
        TrafficTrace trace,
        int initial,
        int budget,
        CancellationToken cancellation
    ) => new OracleSchedule(fleet, trace, initial, budget, cancellation).Search();

    private ScheduledSize Search()
    {
        // Demand that the schedule serves in each block: serving blocks is what matters, cold starts are put before
        // them.
        var level = SmallestFixed();
        var need = new int[(_intervals + _blockIntervals - 1) / _blockIntervals];
        Array.Fill(need, level);
        var best = Simulate(need, long.MaxValue)!;
        if (Misses(best) <= _allowed)
        {
            // Large cuts first: they decide the shape, and small fleets have only small ones.
            for (var cut = level / 4; cut > 1; cut /= 2)
            {
                (need, best) = Descend(need, best, cut, 0);
            }

            (need, best) = Descend(need, best, 1, Prices);
            (need, best) = Shake(need, best);
        }

        return new ScheduledSize("oracle", Sizes(need), _fleet.IntervalSeconds);
    }

    /// <summary>Cuts wherever it costs no more misses than the price allows for what it saves, over shrinking stretches
    /// of time, until nothing more can be cut.</summary>
    private (int[] Need, SimulationResult Result) Descend(
        int[] need,
        SimulationResult best,
        int cut,
        params ReadOnlySpan<double> prices
    )
    {
        foreach (var price in prices)
        {
            for (var improved = true; improved && _runs < _budget; )
            {
                improved = false;
                for (var width = need.Length; width >= 1; width = width == 1 ? 0 : (width + 1) / 2)
                {
                    for (var from = 0; from < need.Length && _runs < _budget; from += Math.Max(1, width / 2))
                    {
                        if (
                            Cut(need, best, from, Math.Min(need.Length, from + width), cut, price)
                            is var (lowered, result)
                        )
                        {
                            (need, best, improved) = (lowered, result, true);
                        }
                    }
                }
            }
        }

        return (need, best);
    }

    private (int[] Need, SimulationResult Result)? Cut(
        int[] need,
        SimulationResult best,
        int from,
        int to,
        int cut,
        double price
    )
    {
        var lowered = (int[])need.Clone();
        for (var block = from; block < to; block++)
        {
            lowered[block] = Math.Max(_fleet.Floor, lowered[block] - cut);
        }

        if (Sizes(lowered).AsSpan().SequenceEqual(Sizes(need)))
        {
            return null;
        }

        // What it can save at most bounds what it may cost: most trials are given up early.
        var seconds = (((to - from) * _blockIntervals) + _lead + 1) * _fleet.IntervalSeconds;
        var limit = Math.Min(_allowed, Misses(best) + (long)(price * cut * seconds));
        if (Simulate(lowered, limit) is not { } result)
        {
            return null;
        }

        var saved = (best.GpuHours - result.GpuHours) * 3600 / _fleet.Replica.Gpus;
        return saved > 1e-6 && Misses(result) - Misses(best) <= price * saved ? (lowered, result) : null;
    }

    /// <summary>Leaves local optima: one replica more over some stretch, and the misses that this spares are spent
    /// elsewhere. Kept where the sum is cheaper.</summary>
    private (int[] Need, SimulationResult Result) Shake(int[] need, SimulationResult best)
    {
        var random = new Random(1);
        while (_runs < _budget)
        {
            var raised = (int[])need.Clone();
            var width = 1 << random.Next(0, (int)Math.Log2(need.Length));
            var from = random.Next(need.Length);
            for (var block = from; block < Math.Min(need.Length, from + width); block++)
            {
                raised[block] = Math.Min(_fleet.Ceiling, raised[block] + 1);
            }

            if (Simulate(raised, _allowed) is not { } result)
            {
                continue;
            }

            (raised, result) = Descend(raised, result, 1, Prices);
            if (result.GpuHours < best.GpuHours - 1e-9)
            {
                (need, best) = (raised, result);
            }
        }

        return (need, best);
    }

    /// <summary>The smallest fleet that attains the service level without being scaled, or the ceiling.</summary>
    private int SmallestFixed()
    {
        var low = Math.Max(1, _fleet.Floor);
        var high = low;
        while (high < _fleet.Ceiling && Fixed(high) is null)
        {
            (low, high) = (high + 1, Math.Min(_fleet.Ceiling, high * 2));
        }

        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Fixed(middle) is null ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private SimulationResult? Fixed(int size)
    {
        _runs++;
        return FleetSimulation.TryRun(_fleet, _trace, new FixedSize("oracle", size), _initial, _allowed, _cancellation);
    }

    private SimulationResult? Simulate(int[] need, long allowed)
    {
        _runs++;
        return FleetSimulation.TryRun(
            _fleet,
            _trace,
            new ScheduledSize("oracle", Sizes(need), _fleet.IntervalSeconds),
            _initial,
            allowed,
            _cancellation
        );
    }

    private long Misses(SimulationResult result) => (long)Math.Round((1 - result.Attainment) * _trace.Count);

    /// <summary>Sizes at each decision: what is needed in a block is asked for a cold start earlier, and kept where
    /// letting go would not pay.</summary>
    private int[] Sizes(int[] need)
    {
        var sizes = new int[_intervals];
        for (var interval = 0; interval < _intervals; interval++)
        {
            var size = _fleet.Floor;
            for (
                var block = interval / _blockIntervals;
                block < need.Length && block * _blockIntervals <= interval + _lead;
                block++
            )
            {
                size = Math.Max(size, need[block]);
            }

            sizes[interval] = size;
        }

        return sizes;
    }
}
