using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Core.Proposals;
using SelfDev.Workflows.ActionExecution;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.FleetScaling;

/// <summary>
/// Looks at a fleet once: policy, kill switch, scale sets, samples; and says what is to be done. Changes nothing. Whatever is missing or
/// stale means hold, never zero.
/// </summary>
public sealed class DecideFleet(
    IApprovalPolicySource policies, KillSwitch killSwitch, IFleet fleets, FleetSamples samples, IFleetSizing sizing, IWorkflowClient workflows, TimeProvider clock)
    : IActivity<DecideFleetInput, FleetDecision>
{
    public static readonly Activity<DecideFleetInput, FleetDecision> Handle = new("DecideFleet");

    /// <value>How long a plan may wait between its decision and its start.</value>
    private static readonly TimeSpan PlanLife = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan IdleInterval = TimeSpan.FromMinutes(1);

    /// <summary>Intervals without a sample after which the metrics count as stale.</summary>
    private const int StaleAfter = 3;

    public async Task<FleetDecision> RunAsync(DecideFleetInput input, ActivityContext context)
    {
        var cancellation = context.Cancellation;
        var reading = await policies.ReadAsync(cancellation);
        if (reading.Policy?.Fleets.GetValueOrDefault(input.Fleet) is not { Scaling: { } rules } fleet)
        {
            return FleetDecision.Hold(IdleInterval, reading.Policy is null ? "The policy file cannot be used." : $"The policy file lets nobody scale '{input.Fleet}' by itself.");
        }

        var sets = await ReadAsync(fleet, input, cancellation);
        var capacities = sets.Select(set => set.Capacity).ToList();
        var seen = new FleetDecision(FleetDecisionKind.Hold, rules.Interval, capacities.Sum(), capacities.Sum(), "")
        {
            UsdPerHour = ScalingGuard.UsdPerHour(sets, capacities),
            IsAskPending = await IsAskPendingAsync(input, cancellation),
        };
        if (!reading.Policy.ActionsEnabled || (await killSwitch.ReadAsync(cancellation)).Engaged)
        {
            return seen with { Reason = "The kill switch is on." };
        }

        // Not the workflow's time: retries may have gone on for minutes, and an envelope must not outlive its expiry by those.
        var now = clock.GetUtcNow();
        var history = await samples.ReadAsync(input.Fleet, now, cancellation);
        var isStale = history.Count == 0 || history[^1].Time < now - (StaleAfter * rules.Interval);
        var size = isStale
            ? new FleetSize(0, 0, "", "The metrics are stale: held as it is.")
            : sizing.Size(fleet, history, new FleetServing(sets.Sum(set => set.Serving), sets.Sum(set => set.State.RunningInstances)));
        // The floor, the ceiling and the budget hold with and without metrics.
        seen = size.Problem is { } problem ? seen with { Reason = problem } : seen with { Reason = size.Reason, NeededNow = size.NeededNow };
        var replicas = size.Problem is null ? size.Replicas : sets.Sum(set => set.Serving);
        return await DecideAsync(input, fleet, sets, seen, replicas, isStale ? null : history[^1], now, cancellation);
    }

    private async Task<FleetDecision> DecideAsync(
        DecideFleetInput input, PolicyFleet fleet, IReadOnlyList<ScaleSetReading> sets, FleetDecision seen, int replicas, FleetSample? newest, DateTimeOffset now, CancellationToken cancellation)
    {
        var (obstacles, obstructed) = (new List<string>(), new List<string>());
        while (true)
        {
            var verdict = ScalingGuard.Judge(fleet, sets, replicas, now, input.SpentUsd);
            var reason = string.Join(' ', new[] { verdict.Why.Length > 0 ? verdict.Why : seen.Reason }.Concat(obstacles));
            var decision = seen with { Wanted = verdict.Wanted, Reason = reason, IsBudget = verdict.IsBudget, Obstructed = obstructed };
            if (verdict.Kind == ScalingVerdictKind.Ask)
            {
                return !seen.IsAskPending && MayAsk(input, verdict.Wanted, now)
                    ? decision with { Kind = FleetDecisionKind.Ask, Changes = Changes(sets, verdict.Capacities) }
                    : decision;
            }

            if (verdict.Kind == ScalingVerdictKind.Hold)
            {
                return decision;
            }

            // What stands in the way of one set (quota, permissions, an autoscale setting that owns it) sends the demand to the others.
            if (await FindObstructedAsync(sets, verdict, cancellation) is { } found)
            {
                obstacles.AddRange(found.Obstacles);
                obstructed.Add(found.Set.Set.ResourceId);
                sets = [.. sets.Select(set => set == found.Set ? set with { IsPaused = true } : set)];
                continue;
            }

            var plans = await PlansAsync(input, sets, verdict, newest, now + PlanLife, cancellation);
            return plans.Count == 0
                ? decision with { Reason = "Smaller would do, but no instance is idle." }
                : decision with { Kind = FleetDecisionKind.ScaleNow, Plans = plans };
        }
    }

    private async Task<IReadOnlyList<ScaleSetReading>> ReadAsync(PolicyFleet fleet, DecideFleetInput input, CancellationToken cancellation)
    {
        var sets = new List<ScaleSetReading>();
        foreach (var set in fleet.ScaleSets)
        {
            // A set that cannot be read fails the look: its instances may serve or not, and to guess either would double the fleet or empty it.
            var state = await fleets.GetAsync(set.ResourceId, cancellation);
            var isUnderWay = state.ProvisioningState is not ("Succeeded" or "Failed" or "Canceled");
            sets.Add(new ScaleSetReading(set, state, isUnderWay || input.Throttled.Contains(set.ResourceId), input.Paused.Contains(set.ResourceId)));
        }

        return sets;
    }

    private async Task<bool> IsAskPendingAsync(DecideFleetInput input, CancellationToken cancellation)
    {
        foreach (var ask in input.PendingAsks)
        {
            if (await workflows.GetAsync(ask, cancellation) is { IsFinished: false })
            {
                return true;
            }
        }

        return false;
    }

    // Nobody is asked the same again within the hour.
    private static bool MayAsk(DecideFleetInput input, int wanted, DateTimeOffset now) =>
        input.AskedAt is not { } at || now >= at + TimeSpan.FromHours(1) || wanted > input.AskedFor;

    private async Task<(ScaleSetReading Set, IReadOnlyList<string> Obstacles)?> FindObstructedAsync(
        IReadOnlyList<ScaleSetReading> sets, ScalingVerdict verdict, CancellationToken cancellation)
    {
        foreach (var (set, capacity) in sets.Zip(verdict.Capacities).Where(pair => pair.Second > pair.First.Capacity))
        {
            var obstacles = await fleets.PreflightAsync(set.Set.ResourceId, capacity, cancellation);
            if (obstacles.Count > 0)
            {
                return (set, obstacles);
            }
        }

        return null;
    }

    private static List<ScaleSetChange> Changes(IReadOnlyList<ScaleSetReading> sets, IReadOnlyList<int> capacities) =>
        [.. sets.Zip(capacities).Where(pair => pair.Second != pair.First.Capacity).Select(pair => new ScaleSetChange(pair.First.Set.ResourceId, pair.First.Capacity, pair.Second))];

    private async Task<IReadOnlyList<EffectPlan>> PlansAsync(
        DecideFleetInput input, IReadOnlyList<ScaleSetReading> sets, ScalingVerdict verdict, FleetSample? newest, DateTimeOffset expiresAt, CancellationToken cancellation)
    {
        var plans = new List<EffectPlan>();
        foreach (var (set, capacity) in sets.Zip(verdict.Capacities).Where(pair => pair.Second != pair.First.Capacity))
        {
            if (capacity > set.Capacity || verdict.IsBudget || newest?.RunningByInstance is not { } load)
            {
                plans.Add(Plan(input, set, newest, expiresAt, ScalePlan.Fields(capacity, set.State.Sku).WithFleetCapacity(verdict.Capacities.Sum())));
            }
            else if (await FindIdleAsync(set, load, set.Capacity - capacity, cancellation) is { Count: > 0 } idle)
            {
                plans.Add(Plan(input, set, newest, expiresAt, ScalePlan.Fields(set.Capacity - idle.Count, set.State.Sku, idle)));
            }
        }

        return plans;
    }

    // With the load of each instance known, idle ones go and no other.
    private async Task<IReadOnlyList<string>> FindIdleAsync(ScaleSetReading set, IReadOnlyDictionary<string, int> load, int most, CancellationToken cancellation)
    {
        var instances = await fleets.ListInstancesAsync(set.Set.ResourceId, cancellation);
        return [.. instances
            .Where(instance => !instance.IsProtected && load.TryGetValue(instance.ComputerName, out var running) && running == 0)
            .Select(instance => instance.ComputerName)
            .Order(StringComparer.Ordinal)
            .Take(most)];
    }

    private static EffectPlan Plan(DecideFleetInput input, ScaleSetReading set, FleetSample? newest, DateTimeOffset expiresAt, Dictionary<string, string> to) => new()
    {
        Action = ScaleFleet.KindName,
        Resource = set.Set.ResourceId,
        From = ScalePlan.Fields(set.Capacity, set.State.Sku),
        To = to,
        ETag = set.State.ETag,
        Evidence = newest is null ? [] : [string.Create(CultureInfo.InvariantCulture, $"fleet:{input.Fleet}#{newest.Time.ToUnixTimeMilliseconds()}")],
        Proposer = LedgerActors.SelfDev,
        ExpiresAt = expiresAt,
        InstanceId = input.InstanceId,
    };
}

/// <param name="SpentUsd">Since midnight UTC.</param>
/// <param name="Throttled">Scale sets of which ARM wants not to hear now.</param>
/// <param name="Paused">Scale sets that could not be changed lately.</param>
/// <param name="PendingAsks">Instances of the actions that people were asked about last.</param>
/// <param name="AskedFor">Capacity that they were asked about.</param>
public sealed record DecideFleetInput(
    string Fleet,
    string InstanceId,
    decimal SpentUsd,
    IReadOnlyList<string> Throttled,
    IReadOnlyList<string> Paused,
    IReadOnlyList<string> PendingAsks,
    DateTimeOffset? AskedAt,
    int AskedFor);

/// <param name="NextLook">When to look again.</param>
/// <param name="Capacity">Of all scale sets, as read.</param>
/// <param name="Wanted">What would be right.</param>
/// <param name="Reason">In our own words.</param>
public sealed record FleetDecision(FleetDecisionKind Kind, TimeSpan NextLook, int Capacity, int Wanted, string Reason)
{
    /// <value>What is to be done now, at most one a scale set; empty unless <see cref="FleetDecisionKind.ScaleNow"/>.</value>
    public IReadOnlyList<EffectPlan> Plans { get; init; } = [];

    /// <value>What people are to be asked for; empty unless <see cref="FleetDecisionKind.Ask"/>.</value>
    public IReadOnlyList<ScaleSetChange> Changes { get; init; } = [];

    /// <value>Scale sets that quota, permissions or an autoscale setting keep from growing.</value>
    public IReadOnlyList<string> Obstructed { get; init; } = [];

    /// <value>Instances that the newest sample's demand takes; null without metrics.</value>
    public int? NeededNow { get; init; }

    /// <value>What the present capacity costs.</value>
    public decimal UsdPerHour { get; init; }

    public bool IsAskPending { get; init; }

    /// <inheritdoc cref="ScalingVerdict.IsBudget"/>
    public bool IsBudget { get; init; }

    public static FleetDecision Hold(TimeSpan nextLook, string reason) => new(FleetDecisionKind.Hold, nextLook, 0, 0, reason);
}

public sealed record ScaleSetChange(string ResourceId, int From, int To);

public enum FleetDecisionKind
{
    Hold,
    ScaleNow,
    Ask,
}
