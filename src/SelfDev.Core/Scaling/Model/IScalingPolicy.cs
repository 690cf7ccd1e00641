namespace SelfDev.Core.Scaling.Model;

/// <summary>Decides the size of a fleet once an interval. Keeps state between calls; one instance serves one
/// run.</summary>
public interface IScalingPolicy
{
    string Name { get; }

    /// <summary>The size that the fleet should have now.</summary>
    /// <returns>Absolute number of replicas; the caller holds it inside floor and ceiling.</returns>
    int Decide(in FleetObservation observed);
}
