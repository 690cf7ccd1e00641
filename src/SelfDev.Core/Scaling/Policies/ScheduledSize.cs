using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Policies;

/// <summary>A fleet that follows a plan made beforehand: one size for each interval, the last one from then
/// on.</summary>
internal sealed class ScheduledSize(string name, IReadOnlyList<int> sizes, double intervalSeconds) : IScalingPolicy
{
    public string Name => name;

    public int Decide(in FleetObservation observed) =>
        sizes[(int)Math.Min(sizes.Count - 1, Math.Round(observed.Time / intervalSeconds))];
}
