namespace SelfDev.Core.Fleets;

/// <summary>
/// The schedule that knows the future: the fewest GPU-hours that still attain the service level on this very trace. Found by optimisation over schedules that
/// change at block borders, each candidate judged by the simulation itself: levels of capacity are cut away, from the top, over shrinking stretches of time, first
/// where it costs no request, then where it costs the fewest for what it saves, until the misses that the service level allows are used up.
/// It is the best that was found, so the true optimum is at most as dear: figures over it are upper bounds.
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
    private int _runs;

    private OracleSchedule(FleetSpecification fleet, TrafficTrace trace, int initial, int budget, CancellationToken cancellation)
    {
        (_fleet, _trace, _initial, _budget, _cancellation) = (fleet, trace, initial, budget, cancellation);
        _intervals = (int)Math.Ceiling(trace.Seconds / fleet.IntervalSeconds) + 1;
        _blockIntervals = Math.Max(1, (_intervals + MaxBlocks - 1) / MaxBlocks);
    }

    /// <param name="budget">Simulations that the search may spend.</param>
    /// <returns>The policy that follows the schedule found.</returns>
    public static IScalingPolicy Find(FleetSpecification fleet, TrafficTrace trace, int initial, int budget, CancellationToken cancellation) =>
        new OracleSchedule(fleet, trace, initial, budget, cancellation).Search();

    private ScheduledSize Search()
    {
        var allowed = (long)((1 - _fleet.ServiceLevel.Attainment) * _trace.Count);
        // Demand that the schedule serves in each block: serving blocks is what matters, cold starts are put before them.
        var level = SmallestFixed(allowed);
        var blocks = (_intervals + _blockIntervals - 1) / _blockIntervals;
        var need = new int[blocks];
        Array.Fill(need, level);
        var best = Simulate(need, long.MaxValue)!;
        var bestMisses = Misses(best);
        if (bestMisses > allowed)
        {
            return new ScheduledSize("oracle", Sizes(need), _fleet.IntervalSeconds);
        }

        foreach (var price in Prices)
        {
            for (var improved = true; improved && _runs < _budget;)
            {
                improved = false;
                for (var width = blocks; width >= 1; width = width == 1 ? 0 : (width + 1) / 2)
                {
                    for (var from = 0; from < blocks && _runs < _budget; from += Math.Max(1, width / 2))
                    {
                        var trial = Lowered(need, from, Math.Min(blocks, from + width));
                        if (trial is null || Simulate(trial, allowed) is not { } result)
                        {
                            continue;
                        }

                        var saved = (best.GpuHours - result.GpuHours) * 3600 / _fleet.Replica.Gpus;
                        var paid = Misses(result) - bestMisses;
                        if (saved > 1e-6 && paid <= price * saved)
                        {
                            (need, best, bestMisses, improved) = (trial, result, Misses(result), true);
                        }
                    }
                }
            }
        }

        return new ScheduledSize("oracle", Sizes(need), _fleet.IntervalSeconds);
    }

    /// <summary>The smallest fleet that attains the service level without being scaled, or the ceiling.</summary>
    private int SmallestFixed(long allowed)
    {
        var low = Math.Max(1, _fleet.Floor);
        var high = low;
        while (high < _fleet.Ceiling && Fixed(high, allowed) is null)
        {
            (low, high) = (high + 1, Math.Min(_fleet.Ceiling, high * 2));
        }

        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Fixed(middle, allowed) is null ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private SimulationResult? Fixed(int size, long allowed)
    {
        _runs++;
        return FleetSimulation.TryRun(_fleet, _trace, new FixedSize("oracle", size), _initial, allowed, _cancellation);
    }

    private SimulationResult? Simulate(int[] need, long allowed)
    {
        _runs++;
        return FleetSimulation.TryRun(_fleet, _trace, new ScheduledSize("oracle", Sizes(need), _fleet.IntervalSeconds), _initial, allowed, _cancellation);
    }

    private long Misses(SimulationResult result) => (long)Math.Round((1 - result.Attainment) * _trace.Count);

    private int[]? Lowered(int[] need, int from, int to)
    {
        var lowered = (int[])need.Clone();
        var changed = false;
        for (var block = from; block < to; block++)
        {
            if (lowered[block] > _fleet.Floor)
            {
                lowered[block]--;
                changed = true;
            }
        }

        return changed ? lowered : null;
    }

    /// <summary>Sizes at each decision: what is needed in a block is asked for a cold start earlier, and kept where letting go would not pay.</summary>
    private int[] Sizes(int[] need)
    {
        var lead = (int)Math.Ceiling(_fleet.ColdStartSeconds / _fleet.IntervalSeconds);
        var sizes = new int[_intervals];
        for (var interval = 0; interval < _intervals; interval++)
        {
            var size = _fleet.Floor;
            for (var block = interval / _blockIntervals; block < need.Length && block * _blockIntervals <= interval + lead; block++)
            {
                size = Math.Max(size, need[block]);
            }

            sizes[interval] = size;
        }

        return sizes;
    }
}
