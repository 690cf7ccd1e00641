using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Effects;
using SelfDev.Workflows.Ledger;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Change;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Decide;

/// <summary>
/// Plans of one look for single scale sets: sizes, the instances that drain for a scale-in, and their protection. Lists
/// the instances of a set at most once, and only where it needs them.
/// </summary>
/// <param name="history">In order of time; empty where the metrics are stale.</param>
internal sealed class ScaleSetPlanning(
    IFleet fleets,
    DecideFleetInput input,
    IReadOnlyList<ScaleSetReading> sets,
    IReadOnlyList<FleetSample> history,
    TimeSpan drainTimeout,
    DateTimeOffset now
)
{
    /// <value>How long a plan may wait between its decision and its start.</value>
    private static readonly TimeSpan PlanLife = TimeSpan.FromMinutes(10);

    /// <summary>Of a scale set at once; the next follow when these are gone.</summary>
    private const int MostDraining = 20;

    /// <summary>At one look; the rest at the next.</summary>
    public const int MostProtections = 10;

    private readonly Dictionary<string, IReadOnlyList<FleetInstance>> _instances = new(StringComparer.Ordinal);

    private FleetSample? Newest => history.Count == 0 ? null : history[^1];

    /// <summary>Adds to the decision the plans that bring about the verdict. A scale-in waits until its instances are
    /// idle, where their load is known.</summary>
    public async Task<FleetDecision> PlanSizesAsync(
        FleetDecision decision,
        ScalingVerdict verdict,
        CancellationToken cancellation
    )
    {
        var (plans, drains, isGivenUp) = (new List<EffectPlan>(), new List<FleetDrain>(), false);
        foreach (var (set, capacity) in sets.Zip(verdict.Capacities))
        {
            if (capacity > set.Capacity || (capacity < set.Capacity && (verdict.IsBudget || !IsLoadKnown)))
            {
                plans.Add(
                    SizePlan(set, ScalePlan.Fields(capacity, set.State.Sku).WithFleetCapacity(verdict.Capacities.Sum()))
                );
            }
            else if (capacity < set.Capacity && Newest?.RunningByInstance is null)
            {
                // Its source will know again: what drains goes on, and nothing goes.
                drains.AddRange(DrainsOf(set.Set.ResourceId));
            }
            else if (capacity < set.Capacity)
            {
                var choice = FleetDraining.Choose(
                    set.Set.ResourceId,
                    await InstancesAsync(set.Set.ResourceId, cancellation),
                    history,
                    Math.Min(set.Capacity - capacity, MostDraining),
                    DrainsOf(set.Set.ResourceId),
                    name => input.Protected.Any(ours => ours.Is(set.Set.ResourceId, name)),
                    drainTimeout,
                    mayBegin: !input.IsDrainPaused
                );
                drains.AddRange(choice.Draining);
                isGivenUp |= choice.IsGivenUp;
                if (choice.Idle.Count > 0)
                {
                    plans.Add(
                        SizePlan(set, ScalePlan.Fields(set.Capacity - choice.Idle.Count, set.State.Sku, choice.Idle))
                    );
                }
            }
            else
            {
                drains.AddRange(Waiting(set, verdict));
            }
        }

        return decision with
        {
            Kind = plans.Count == 0 ? FleetDecisionKind.Hold : FleetDecisionKind.ScaleNow,
            Plans = plans,
            Drains = drains,
            IsDrainGivenUp = isGivenUp,
            Reason = plans.Count > 0 ? decision.Reason : Why(drains, isGivenUp),
        };
    }

    /// <summary>What still drains where nothing can be changed now: a scale set that is busy or has to wait keeps its
    /// own.</summary>
    public IReadOnlyList<FleetDrain> StillDraining(ScalingVerdict verdict) =>
        [.. sets.SelectMany(set => Waiting(set, verdict))];

    /// <summary>
    /// Adds to the decision what protection has to be put on or lifted: on instances that begin to drain and are busy,
    /// so that no scale-in by others takes them with their requests; off those that stay after all.
    /// </summary>
    public async Task<FleetDecision> PlanProtectionsAsync(FleetDecision decision, CancellationToken cancellation)
    {
        var (ours, plans) = (new List<ProtectedInstance>(), new List<EffectPlan>());
        foreach (var set in sets)
        {
            var (known, drains) = (
                input.Protected.Where(instance => instance.Resource == set.Set.ResourceId).ToList(),
                decision.Drains.Where(drain => drain.Resource == set.Set.ResourceId).ToList()
            );
            if (set.Unreadable is not null)
            {
                ours.AddRange(known);
                continue;
            }

            foreach (
                var instance in known.Count + drains.Count == 0
                    ? []
                    : await InstancesAsync(set.Set.ResourceId, cancellation)
            )
            {
                var our = known
                    .Find(candidate => candidate.Instance == instance.ComputerName)
                    ?.Listed(instance.IsProtected);
                if (our is not null)
                {
                    ours.Add(our);
                }

                var isDraining = drains.Exists(drain => drain.Instance == instance.ComputerName);
                if (
                    !set.IsBusy
                    && (
                        our is not null
                            ? instance.IsProtected && !isDraining
                            : isDraining && !instance.IsProtected && IsLoaded(instance)
                    )
                )
                {
                    plans.Add(PlanOfProtection(set, instance, isProtected: our is null));
                }
            }
        }

        return decision with
        {
            Protected = ours,
            Protections = input.IsProtectionPaused ? [] : [.. plans.Take(MostProtections)],
        };
    }

    private bool IsLoadKnown => history.Any(sample => sample.RunningByInstance is not null);

    private bool IsLoaded(FleetInstance instance) =>
        Newest?.RunningByInstance?.GetValueOrDefault(instance.ComputerName) > 0;

    private IReadOnlyList<FleetDrain> DrainsOf(string resource) =>
        [.. input.Drains.Where(drain => drain.Resource == resource)];

    private IReadOnlyList<FleetDrain> Waiting(ScaleSetReading set, ScalingVerdict verdict) =>
        (set.IsBusy || set.IsPaused) && verdict.Wanted < sets.Sum(each => each.Capacity)
            ? DrainsOf(set.Set.ResourceId)
            : [];

    private string Why(List<FleetDrain> drains, bool isGivenUp) =>
        isGivenUp || (drains.Count == 0 && input.IsDrainPaused)
            ? "Smaller would do, but an instance that was to drain did not become idle: routers ask for it at GET "
                + "/api/fleets/<name>. Tried again within the hour."
        : drains.Count == 0 ? "Smaller would do, but of no instance that may go the load is known."
        : string.Create(CultureInfo.InvariantCulture, $"Smaller would do: {drains.Count} draining.");

    private async Task<IReadOnlyList<FleetInstance>> InstancesAsync(string resource, CancellationToken cancellation) =>
        _instances.TryGetValue(resource, out var known)
            ? known
            : _instances[resource] = await fleets.ListInstancesAsync(resource, cancellation);

    private EffectPlan SizePlan(ScaleSetReading set, Dictionary<string, string> to) =>
        Plan(ScaleFleet.KindName, set.Set.ResourceId, ScalePlan.Fields(set.Capacity, set.State.Sku), to) with
        {
            ETag = set.State.ETag,
        };

    private EffectPlan PlanOfProtection(ScaleSetReading set, FleetInstance instance, bool isProtected) =>
        Plan(
            ProtectionPlan.KindName,
            set.Set.ResourceId,
            ProtectionPlan.Fields(instance.ComputerName, !isProtected),
            ProtectionPlan.Fields(instance.ComputerName, isProtected)
        );

    private EffectPlan Plan(
        string action,
        string resource,
        Dictionary<string, string> from,
        Dictionary<string, string> to
    ) =>
        new()
        {
            Action = action,
            Resource = resource,
            From = from,
            To = to,
            Evidence = Newest is null
                ? []
                :
                [
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"fleet:{input.Fleet}#{Newest.Time.ToUnixTimeMilliseconds()}"
                    ),
                ],
            Proposer = LedgerActors.SelfDev,
            ExpiresAt = now + PlanLife,
            InstanceId = input.InstanceId,
        };
}
