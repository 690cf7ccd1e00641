using SelfDev.Core.Scaling.Model;
using SelfDev.Core.Scaling.Planning;
using SelfDev.Core.Scaling.Policies;
using SelfDev.Core.Scaling.Policies.Baselines;
using SelfDev.Core.Scaling.Queues;
using SelfDev.Core.Scaling.Simulation;

namespace SelfDev.Core.Scaling.Backtesting;

/// <summary>One policy's figures, as a backtest reports them.</summary>
/// <param name="SloAttainment">Share of requests that attained the service level, 0 to 1.</param>
/// <param name="TtftP50">Seconds.</param>
/// <param name="TtftP99">Seconds.</param>
/// <param name="OverOracle">GPU-hours over those of the oracle.</param>
public sealed record PolicyFigures(
    string Name,
    double SloAttainment,
    double TtftP50,
    double TtftP99,
    double GpuHours,
    double OverOracle,
    int ScaleActions,
    double WorstQueueSeconds
);

/// <summary>What a backtest found.</summary>
/// <param name="Runs">One for each policy, <c>selfdev</c> first and <c>oracle</c> last.</param>
/// <param name="InitialReplicas">Replicas that every run began with.</param>
/// <param name="StaticPeak">The smallest fleet that holds the service level over this trace without being scaled; null
/// where none up to the ceiling does.</param>
/// <param name="Shape">What the planner took the traffic for in the end.</param>
/// <param name="IsFeasible">Whether any number of replicas holds the service level for this mix of requests.</param>
public sealed record BacktestResult(
    FleetSpecification Fleet,
    TrafficTrace Trace,
    IReadOnlyList<SimulationResult> Runs,
    int InitialReplicas,
    int? StaticPeak,
    TrafficShape Shape,
    bool IsFeasible
)
{
    public IReadOnlyList<PolicyFigures> Policies { get; } = Figures(Runs);

    private static List<PolicyFigures> Figures(IReadOnlyList<SimulationResult> runs)
    {
        var oracle = runs[^1].GpuHours;
        return
        [
            .. runs.Select(run => new PolicyFigures(
                run.Policy,
                run.Attainment,
                run.FirstTokenP50,
                run.FirstTokenP99,
                run.GpuHours,
                oracle > 0 ? run.GpuHours / oracle : 1,
                run.ScaleActions,
                run.WorstQueueSeconds
            )),
        ];
    }
}

/// <summary>
/// Replays a trace under our policy and under what a team would use instead: the horizontal pod autoscaler, KEDA, Azure
/// autoscale, KPA and APA, Dynamo's planner, llm-d's autoscaler, a fleet sized for the peak, one sized for the mean,
/// and an oracle that knows the future. All begin with the same replicas and see the same metrics.
/// </summary>
public static class Backtest
{
    /// <summary>Simulated requests that the search for the oracle may spend in all, so that long traces do not take
    /// hours.</summary>
    private const long OracleRequests = 15_000_000;

    /// <exception cref="ArgumentException">The fleet's figures are out of range.</exception>
    public static BacktestResult Run(
        FleetSpecification fleet,
        TrafficTrace trace,
        PlannerOptions? options = null,
        CancellationToken cancellation = default
    ) => Run(fleet, trace, options, OracleRequests, cancellation);

    /// <param name="oracleRequests">Simulated requests that the search for the oracle may spend in all.</param>
    internal static BacktestResult Run(
        FleetSpecification fleet,
        TrafficTrace trace,
        PlannerOptions? options,
        long oracleRequests,
        CancellationToken cancellation
    )
    {
        if (fleet.Problems() is { Count: > 0 } problems)
        {
            throw new ArgumentException(string.Join(" ", problems), nameof(fleet));
        }

        var peak = StaticPeak(fleet, trace, cancellation);
        var initial = fleet.InitialReplicas ?? peak ?? fleet.Ceiling;
        var settings = BaselineSettings.Of(fleet, trace);
        var mean = Math.Clamp(
            (int)
                Math.Ceiling(trace.Count / Math.Max(trace.Seconds, fleet.IntervalSeconds) / settings.RequestsPerSecond),
            Math.Max(1, fleet.Floor),
            fleet.Ceiling
        );
        var planner = new FleetPlanner(fleet, options);
        IReadOnlyList<IScalingPolicy> policies =
        [
            planner,
            new HorizontalPodAutoscaler(settings),
            new Keda(settings),
            new AzureAutoscale(),
            new KnativePodAutoscaler(settings),
            new AibrixPodAutoscaler(settings),
            new DynamoPlanner(settings),
            new SageServeReactive(),
            new QueueingAutoscaler(settings),
            new FixedSize("static-peak", peak ?? fleet.Ceiling),
            new FixedSize("static-mean", mean),
            OracleSchedule.Find(
                fleet,
                trace,
                initial,
                (int)Math.Clamp(oracleRequests / trace.Count, 40, 4000),
                cancellation
            ),
        ];
        List<SimulationResult> runs =
        [
            .. policies.Select(policy =>
                FleetSimulation.Run(fleet, trace, policy, initial, timeline: true, cancellation)
            ),
        ];
        return new BacktestResult(
            fleet,
            trace,
            runs,
            initial,
            peak,
            planner.Shape,
            new Staffing(fleet.Replica, fleet.ServiceLevel, settings.Mix).IsFeasible(1 - fleet.ServiceLevel.Attainment)
        );
    }

    /// <summary>The smallest fleet that holds the service level over the trace without being scaled, as a load test
    /// with the peak's own traffic finds it.</summary>
    /// <returns>Null where none up to the ceiling does.</returns>
    public static int? StaticPeak(
        FleetSpecification fleet,
        TrafficTrace trace,
        CancellationToken cancellation = default
    )
    {
        var allowed = (long)((1 - fleet.ServiceLevel.Attainment) * trace.Count);
        bool Holds(int size) =>
            FleetSimulation.TryRun(fleet, trace, new FixedSize("static-peak", size), size, allowed, cancellation)
                is not null;
        var low = Math.Max(1, fleet.Floor);
        var high = low;
        while (high < fleet.Ceiling && !Holds(high))
        {
            (low, high) = (high + 1, Math.Min(fleet.Ceiling, high * 2));
        }

        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Holds(middle) ? (low, middle) : (middle + 1, high);
        }

        return Holds(low) ? low : null;
    }
}
