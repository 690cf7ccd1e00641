using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Policies;

/// <summary>A fleet that nobody scales.</summary>
public sealed class FixedSize(string name, int replicas) : IScalingPolicy
{
    public string Name => name;

    public int Decide(in FleetObservation observed) => replicas;
}
