using SelfDev.Core.Approvals;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.FleetScaling;

/// <summary>A scale set of a fleet as policy and ARM have it now.</summary>
/// <param name="IsBusy">An operation is under way, or ARM has asked for patience: nothing can be changed now.</param>
/// <param name="IsPaused">A change failed lately: nothing but the budget changes it now.</param>
public sealed record ScaleSetReading(PolicyScaleSet Set, FleetState State, bool IsBusy, bool IsPaused)
{
    public int Capacity => State.Capacity;

    /// <value>Instances that serve or come up.</value>
    public int Serving => State.Capacity - State.EvictedInstances;
}
