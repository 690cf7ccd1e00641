using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Decide;

/// <summary>Spreads a number of instances over a fleet's scale sets. Pure.</summary>
public static class ScaleSetFilling
{
    /// <summary>
    /// Grows the cheapest set first and shrinks the dearest first. A set that loses spot instances grows last. Sets
    /// that cannot be changed now keep what they have, so the sum may fall short of <paramref name="total"/>.
    /// </summary>
    /// <param name="total">Capacity of all sets together.</param>
    /// <param name="heedsPauses">False: sets whose changes failed lately are changed as well.</param>
    /// <returns>Capacity of each set, in their order.</returns>
    public static IReadOnlyList<int> Fill(IReadOnlyList<ScaleSetReading> sets, int total, bool heedsPauses = true)
    {
        var byPrice = Enumerable
            .Range(0, sets.Count)
            .Where(index => !sets[index].IsBusy && !(heedsPauses && sets[index].IsPaused))
            .OrderBy(index => sets[index].Set.HourlyPrice ?? 0)
            .ToList();
        var capacities = sets.Select(set => set.Capacity).ToArray();
        foreach (var index in byPrice)
        {
            // The policy may have changed, or somebody else the set.
            capacities[index] = Math.Clamp(capacities[index], sets[index].Set.MinCapacity, sets[index].Set.MaxCapacity);
        }

        var missing = total - capacities.Sum();
        if (missing > 0)
        {
            foreach (var index in byPrice.OrderBy(index => sets[index].State.EvictedInstances > 0))
            {
                var added = Math.Clamp(sets[index].Set.MaxCapacity - capacities[index], 0, missing);
                capacities[index] += added;
                missing -= added;
            }
        }
        else
        {
            foreach (var index in byPrice.AsEnumerable().Reverse())
            {
                var taken = Math.Clamp(capacities[index] - sets[index].Set.MinCapacity, 0, -missing);
                capacities[index] -= taken;
                missing += taken;
            }
        }

        return capacities;
    }
}
