using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Decide;

/// <summary>Which instances of a scale set are to go, and which of them may go now. Pure.</summary>
public static class FleetDraining
{
    /// <summary>Samples newer than the one by which an instance was chosen: by the second, routers have heard of it and
    /// what they had sent before is counted.</summary>
    private const int SamplesUntilSettled = 2;

    /// <value>A router is to ask at least every 15 s which instances drain.</value>
    private static readonly TimeSpan RouterTime = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Those that drain already come first, then those with the least load. One that somebody else protects never goes,
    /// nor one whose load nobody knows.
    /// </summary>
    /// <param name="instances">Of the scale set, as listed.</param>
    /// <param name="history">In order of time; the newest has the load of each instance.</param>
    /// <param name="count">How many are to go.</param>
    /// <param name="draining">Of this scale set, so far.</param>
    /// <param name="isProtectedByUs">By host name.</param>
    /// <param name="timeout">How long one may drain.</param>
    /// <param name="mayBegin">Whether more may be chosen.</param>
    public static DrainChoice Choose(
        string resource,
        IReadOnlyList<FleetInstance> instances,
        IReadOnlyList<FleetSample> history,
        int count,
        IReadOnlyList<FleetDrain> draining,
        Func<string, bool> isProtectedByUs,
        TimeSpan timeout,
        bool mayBegin
    )
    {
        var newest = history[^1];
        var load = newest.RunningByInstance!;
        var since = draining.ToDictionary(
            drain => drain.Instance,
            drain => drain.Since < newest.Time ? drain.Since : newest.Time,
            StringComparer.Ordinal
        );
        var candidates = instances
            .Where(instance =>
                load.ContainsKey(instance.ComputerName)
                && (!instance.IsProtected || isProtectedByUs(instance.ComputerName))
            )
            .Select(instance => new FleetDrain(
                resource,
                instance.ComputerName,
                since.GetValueOrDefault(instance.ComputerName, newest.Time)
            ))
            .ToLookup(drain => !IsIdle(drain) && newest.Time - drain.Since > timeout);
        // Where others became idle meanwhile, the router does heed what it is told, and one that is late has a long
        // request.
        var isGivenUp = candidates[true].Any() && !candidates[false].Any(IsIdle);
        var chosen = candidates[false]
            .Where(drain => since.ContainsKey(drain.Instance) || (mayBegin && !isGivenUp))
            .OrderByDescending(drain => since.ContainsKey(drain.Instance))
            .ThenBy(drain => load[drain.Instance])
            .ThenBy(drain => drain.Instance, StringComparer.Ordinal)
            .Take(count)
            .ToList();
        return new DrainChoice(chosen, [.. chosen.Where(IsIdle).Select(drain => drain.Instance)], isGivenUp);

        bool IsIdle(FleetDrain drain) => load[drain.Instance] == 0 && IsSettled(history, drain);
    }

    private static bool IsSettled(IReadOnlyList<FleetSample> history, FleetDrain drain) =>
        history[^1].Time >= drain.Since + RouterTime
        && history.Count(sample => sample.Time > drain.Since) >= SamplesUntilSettled;
}

/// <param name="Draining">All that are to go.</param>
/// <param name="Idle">Host names of those that may go now.</param>
/// <param name="IsGivenUp">None has become idle, and for one the time is over: the router seems not to know.</param>
public sealed record DrainChoice(IReadOnlyList<FleetDrain> Draining, IReadOnlyList<string> Idle, bool IsGivenUp);
