using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Decide;

/// <summary>The limits that hold whatever the planner wants. Pure.</summary>
public static class ScalingGuard
{
    /// <summary>Time that a scale-in takes at most until nothing is billed any more; the budget keeps as much in
    /// reserve.</summary>
    private static readonly TimeSpan ScaleInTime = TimeSpan.FromMinutes(15);

    /// <param name="sets">The fleet's scale sets, in the policy's order.</param>
    /// <param name="replicas">Instances that should serve.</param>
    /// <param name="spentUsd">Since midnight UTC.</param>
    public static ScalingVerdict Judge(
        PolicyFleet fleet,
        IReadOnlyList<ScaleSetReading> sets,
        int replicas,
        DateTimeOffset now,
        decimal spentUsd
    )
    {
        var current = sets.Select(set => set.Capacity).ToList();
        // Evicted spot instances are in the capacity and serve nobody.
        var target = Math.Clamp(
            replicas + sets.Sum(set => set.State.EvictedInstances),
            fleet.MinCapacity,
            fleet.TotalMaxCapacity
        );
        if (sets.Any(set => set.Unreadable is not null))
        {
            // What ARM does not show may serve or not, so the others keep what they have.
            target = Math.Max(target, current.Sum());
        }

        var filled = ScaleSetFilling.Fill(sets, target);
        if (IsOverBudget(fleet, Math.Max(UsdPerHour(sets, filled), UsdPerHour(sets, current)), now, spentUsd))
        {
            // A hard limit asks nobody.
            var floor = ScaleSetFilling.Fill(sets, fleet.MinCapacity, heedsPauses: false);
            return new ScalingVerdict(
                floor.Sum() < current.Sum() ? ScalingVerdictKind.ScaleNow : ScalingVerdictKind.Hold,
                floor.Sum() < current.Sum() ? floor : current,
                fleet.MinCapacity,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Of today's budget {spentUsd:0.00} of {fleet.Scaling!.UsdPerDay:0.00} USD is spent; the rest pays "
                        + $"for the floor until midnight UTC."
                )
            )
            {
                IsBudget = true,
            };
        }

        if (filled.SequenceEqual(current))
        {
            return Hold(current, target);
        }

        // As far as the envelope goes at once, the rest by asking.
        if (fleet.Scaling?.Envelope is not { } envelope || now >= envelope.ExpiresAt)
        {
            return new ScalingVerdict(ScalingVerdictKind.Ask, filled, target, "");
        }

        var atOnce = Math.Clamp(target, envelope.MinCapacity, envelope.MaxCapacity);
        if (Math.Sign(atOnce - current.Sum()) != Math.Sign(target - current.Sum()))
        {
            return new ScalingVerdict(ScalingVerdictKind.Ask, filled, target, "");
        }

        var inEnvelope = ScaleSetFilling.Fill(sets, atOnce);
        var isTakeover =
            inEnvelope.Zip(current).Any(pair => pair.First > pair.Second)
            && inEnvelope.Zip(current).Any(pair => pair.First < pair.Second);
        if (isTakeover && inEnvelope.Zip(current, Math.Max).Sum() > envelope.MaxCapacity)
        {
            // There is no room for both sets at once: first the one goes, then the other comes.
            inEnvelope = [.. inEnvelope.Zip(current, Math.Min)];
        }

        return inEnvelope.SequenceEqual(current)
            ? Hold(current, target)
            : new ScalingVerdict(ScalingVerdictKind.ScaleNow, inEnvelope, target, "");
    }

    private static ScalingVerdict Hold(IReadOnlyList<int> current, int target) =>
        new(
            ScalingVerdictKind.Hold,
            current,
            target,
            target == current.Sum()
                ? ""
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"{target} instances would be right, but no scale set can be changed now."
                )
        );

    /// <returns>What these capacities cost an hour, in US dollars; a set without a price counts nothing.</returns>
    public static decimal UsdPerHour(IEnumerable<ScaleSetReading> sets, IEnumerable<int> capacities) =>
        sets.Zip(capacities).Sum(pair => (pair.First.Set.HourlyPrice ?? 0) * pair.Second);

    private static bool IsOverBudget(PolicyFleet fleet, decimal usdPerHour, DateTimeOffset now, decimal spentUsd)
    {
        if (fleet.Scaling?.UsdPerDay is not { } budget || fleet.HourlyPrice is not { } price)
        {
            return false;
        }

        var untilMidnight = (decimal)(now.UtcDateTime.Date.AddDays(1) - now.UtcDateTime).TotalHours;
        var next = (decimal)(ScaleInTime + fleet.Scaling.Interval).TotalHours;
        var reserve = price * fleet.MinCapacity * Math.Max(0, untilMidnight - next);
        return spentUsd + (usdPerHour * Math.Min(next, untilMidnight)) + reserve > budget;
    }
}

/// <param name="Capacities">Of each scale set: to be set now or, where people are to be asked, to be asked for; the
/// present ones where nothing is to be done.</param>
/// <param name="Wanted">Capacity of all that would be right, even where less is done now.</param>
/// <param name="Why">The limit that decided; empty where none did.</param>
public sealed record ScalingVerdict(ScalingVerdictKind Kind, IReadOnlyList<int> Capacities, int Wanted, string Why)
{
    /// <value>Whether the budget decided, which no envelope and no approval overrules.</value>
    public bool IsBudget { get; init; }
}

public enum ScalingVerdictKind
{
    Hold,
    ScaleNow,
    Ask,
}
