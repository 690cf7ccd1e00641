using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Planning;
using SelfDev.Core.Scaling.Policies;
using SelfDev.Core.Scaling.Queues;
using SelfDev.Core.Scaling.Simulation;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Decide;

/// <summary>
/// Sizes a fleet with <see cref="FleetPlanner"/>, by the specification in the policy file. Floor, ceiling and interval
/// are the policy's, whatever the specification says of them.
/// </summary>
public sealed class PlannedFleetSizing : IFleetSizing
{
    public FleetSize Size(PolicyFleet fleet, IReadOnlyList<FleetSample> history, FleetServing serving)
    {
        if (Specify(fleet, out var problem) is not { } specification)
        {
            return new FleetSize(0, 0, "", problem);
        }

        var samples = history.Select(Demand).ToList();
        var ready = Math.Min(serving.Ready, serving.Total);
        var plan = FleetPlanner.Plan(specification, samples, ready, serving.Total - ready, samples[^1].Time);
        return new FleetSize(plan.Replicas, NeededNow(specification, samples, plan), plan.Why);
    }

    public FleetReplay? Replay(PolicyFleet fleet, IReadOnlyList<FleetSample> history, int from, int to)
    {
        if (Specify(fleet, out _) is not { } specification || Trace(fleet.Name, history) is not { } trace)
        {
            return null;
        }

        ReplayedSize Run(int size)
        {
            var result = FleetSimulation.Run(specification, trace, new FixedSize(fleet.Name, size), size);
            return new ReplayedSize(
                size,
                result.Attainment,
                result.FirstTokenP99,
                result.WorstQueueSeconds,
                result.GpuHours
            );
        }

        return new FleetReplay(TimeSpan.FromSeconds(trace.Seconds), trace.Count, Run(from), Run(to));
    }

    private static FleetSpecification? Specify(PolicyFleet fleet, out string problem)
    {
        if (fleet.Scaling?.Specification is not { } written)
        {
            problem =
                $"The policy file says nothing of what a replica of '{fleet.Name}' can do: add 'specification' under "
                + $"its 'scaling'.";
            return null;
        }

        var json = (JsonObject)written.DeepClone();
        json["name"] = fleet.Name;
        json["floor"] = fleet.MinCapacity;
        json["ceiling"] = fleet.TotalMaxCapacity;
        json["intervalSeconds"] = fleet.Scaling.Interval.TotalSeconds;
        var specification = FleetSpecificationFormat.Parse(json.ToJsonString(), out problem);
        problem = specification is null
            ? $"The policy file's 'specification' of '{fleet.Name}' cannot be used: {problem}"
            : "";
        return specification;
    }

    private static DemandSample Demand(FleetSample sample) =>
        new()
        {
            Time = sample.Time.ToUnixTimeMilliseconds() / 1000.0,
            Seconds = sample.Seconds,
            Requests = sample.Requests,
            PrefillTokens = sample.PrefillTokens,
            PrefillTokensSquared = sample.PrefillTokensSquared ?? double.NaN,
            Completions = sample.Completions,
            OutputTokens = sample.OutputTokens,
            Misses = sample.Misses ?? double.NaN,
            Queue = sample.Queue,
            QueueAgeSeconds = sample.QueueAgeSeconds,
            Running = sample.Running,
        };

    private static int NeededNow(FleetSpecification specification, IReadOnlyList<DemandSample> samples, FleetPlan plan)
    {
        var history = new DemandHistory(specification);
        foreach (var sample in samples)
        {
            history.Add(sample);
        }

        return history.Staffing is { } staffing && double.IsFinite(plan.RequestsPerSecond)
            ? staffing.Replicas(
                plan.RequestsPerSecond,
                1 - specification.ServiceLevel.Attainment,
                Math.Max(1, plan.Replicas),
                specification.Ceiling
            )
            : 0;
    }

    // What samples do not tell is taken as even: arrivals over the interval, tokens over its requests.
    private static TrafficTrace? Trace(string name, IReadOnlyList<FleetSample> history)
    {
        var newest = history.Reverse().TakeWhile(Within(FleetReplay.MostRequests)).Reverse().ToList();
        var answers = newest.Sum(sample => sample.Completions);
        if (newest.Sum(sample => sample.Requests) == 0 || answers == 0)
        {
            return null;
        }

        var mean = (double)newest.Sum(sample => sample.OutputTokens) / answers;
        var requests = new List<TrafficRequest>();
        foreach (var sample in newest)
        {
            var start = (sample.Time - newest[0].Time).TotalSeconds - sample.Seconds + newest[0].Seconds;
            var output = sample.Completions == 0 ? mean : (double)sample.OutputTokens / sample.Completions;
            for (long i = 0; i < sample.Requests; i++)
            {
                requests.Add(
                    new TrafficRequest(
                        start + (sample.Seconds * i / sample.Requests),
                        Tokens((double)sample.PrefillTokens / sample.Requests),
                        Tokens(output)
                    )
                );
            }
        }

        return new TrafficTrace(name, [.. requests]);
    }

    private static int Tokens(double mean) => (int)Math.Clamp(Math.Round(mean), 1, int.MaxValue);

    private static Func<FleetSample, bool> Within(long most)
    {
        var sum = 0L;
        return sample => (sum += sample.Requests) <= most;
    }
}
