using SelfDev.Core.Approvals;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Scaling.Model;

/// <summary>A scale set of a fleet as policy and ARM have it now.</summary>
/// <param name="IsBusy">An operation is under way, ARM has asked for patience, or the set cannot be read: nothing can
/// be changed now.</param>
/// <param name="IsPaused">A change failed lately: nothing but the budget changes it now.</param>
public sealed record ScaleSetReading(PolicyScaleSet Set, FleetState State, bool IsBusy, bool IsPaused)
{
    public int Capacity => State.Capacity;

    /// <value>Instances that serve or come up.</value>
    public int Serving => State.Capacity - State.EvictedInstances;

    /// <value>Why ARM does not show it, in our own words; null where it does. Then <see cref="State"/> is what was last
    /// seen.</value>
    public string? Unreadable { get; init; }

    /// <summary>Of a set that ARM does not show now: nothing is known but what was last seen, and nothing can be
    /// changed.</summary>
    public static ScaleSetReading OfLastSeen(PolicyScaleSet set, SeenScaleSet seen, string why) =>
        new(
            set,
            new FleetState(set.ResourceId, seen.Sku, seen.Capacity, "", "Unknown", seen.Running, "")
            {
                EvictedInstances = seen.Evicted,
            },
            IsBusy: true,
            IsPaused: true
        )
        {
            Unreadable = why,
        };

    public SeenScaleSet Seen() =>
        new(Set.ResourceId, State.Sku, State.Capacity, State.EvictedInstances, State.RunningInstances);
}

/// <summary>What a scale set was when ARM last showed it.</summary>
/// <param name="Capacity">Or what it has been asked to become since, if that is more.</param>
/// <param name="Evicted">Instances in it that the platform has taken back.</param>
public sealed record SeenScaleSet(string ResourceId, string Sku, int Capacity, int Evicted, int Running);
