using System.Globalization;
using SelfDev.Core.Approvals;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Scaling.Model;

namespace SelfDev.Workflows.Scaling.Decide;

/// <summary>
/// Looks at a fleet once: policy, kill switch, scale sets, samples; and says what is to be done. Changes nothing.
/// Whatever is missing or stale means hold, never zero.
/// </summary>
public sealed class DecideFleet(
    IApprovalPolicySource policies,
    KillSwitch killSwitch,
    IFleet fleets,
    FleetSamples samples,
    IFleetSizing sizing,
    IWorkflowClient workflows,
    FleetPlanSeals seals,
    TimeProvider clock
) : IActivity<DecideFleetInput, FleetDecision>
{
    public static readonly Activity<DecideFleetInput, FleetDecision> Handle = new("DecideFleet");

    private static readonly TimeSpan IdleInterval = TimeSpan.FromMinutes(1);

    /// <summary>Intervals without a sample after which the metrics count as stale.</summary>
    private const int StaleAfter = 3;

    public async Task<FleetDecision> RunAsync(DecideFleetInput input, ActivityContext context) =>
        seals.Seal(input.Fleet, await LookAsync(input, context.Cancellation));

    private async Task<FleetDecision> LookAsync(DecideFleetInput input, CancellationToken cancellation)
    {
        var reading = await policies.ReadAsync(cancellation);
        if (reading.Policy?.Fleets.GetValueOrDefault(input.Fleet) is not { Scaling: { } rules } fleet)
        {
            var why = reading.Policy is null
                ? "The policy file cannot be used."
                : $"The policy file lets nobody scale '{input.Fleet}' by itself.";
            return new FleetDecision(FleetDecisionKind.Hold, IdleInterval, 0, 0, why) { Protected = input.Protected };
        }

        // Not the workflow's time: retries may have gone on for minutes, and an envelope must not outlive its expiry by
        // those.
        var now = clock.GetUtcNow();
        var sets = await ReadAsync(fleet, input, cancellation);
        var capacities = sets.Select(set => set.Capacity).ToList();
        var seen = new FleetDecision(FleetDecisionKind.Hold, rules.Interval, capacities.Sum(), capacities.Sum(), "")
        {
            UsdPerHour = ScalingGuard.UsdPerHour(sets, capacities),
            IsAskPending = await IsAskPendingAsync(input, cancellation),
            Seen = [.. sets.Select(set => set.Seen())],
            Unreadable = [.. sets.Where(set => set.Unreadable is not null).Select(set => set.Seen())],
            Protected = input.Protected,
        };
        if (!reading.Policy.ActionsEnabled || (await killSwitch.ReadAsync(cancellation)).Engaged)
        {
            var watching = new ScaleSetPlanning(fleets, input, sets, [], rules.DrainTimeout, now);
            return await watching.PlanProtectionsAsync(
                seen with
                {
                    Reason = "The kill switch is on.",
                },
                cancellation
            ) with
            {
                Protections = [],
            };
        }

        var history = await samples.ReadAsync(input.Fleet, now, cancellation);
        if (history.Count == 0 || history[^1].Time < now - (StaleAfter * rules.Interval))
        {
            history = [];
        }

        var size =
            history.Count == 0
                ? new FleetSize(0, 0, "", "The metrics are stale: held as it is.")
                : sizing.Size(
                    fleet,
                    history,
                    new FleetServing(sets.Sum(set => set.Serving), sets.Sum(set => set.State.RunningInstances))
                );
        // The floor, the ceiling and the budget hold with and without metrics.
        seen = size.Problem is { } problem
            ? seen with
            {
                Reason = problem,
            }
            : seen with
            {
                Reason = size.Reason,
                NeededNow = size.NeededNow,
            };
        var replicas = size.Problem is null ? size.Replicas : sets.Sum(set => set.Serving);
        return await DecideAsync(input, fleet, sets, seen, replicas, history, now, cancellation);
    }

    private async Task<FleetDecision> DecideAsync(
        DecideFleetInput input,
        PolicyFleet fleet,
        IReadOnlyList<ScaleSetReading> sets,
        FleetDecision seen,
        int replicas,
        IReadOnlyList<FleetSample> history,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        var (obstacles, obstructed) = (
            sets.Select(set => set.Unreadable).OfType<string>().ToList(),
            new List<string>()
        );
        while (true)
        {
            var verdict = ScalingGuard.Judge(fleet, sets, replicas, now, input.SpentUsd);
            var reason = string.Join(
                ' ',
                new[] { verdict.Why.Length > 0 ? verdict.Why : seen.Reason }.Concat(obstacles)
            );
            var decision = seen with
            {
                Wanted = verdict.Wanted,
                Reason = reason,
                IsBudget = verdict.IsBudget,
                Obstructed = obstructed,
            };
            var planning = new ScaleSetPlanning(fleets, input, sets, history, fleet.Scaling!.DrainTimeout, now);
            if (verdict.Kind == ScalingVerdictKind.Ask)
            {
                return await planning.PlanProtectionsAsync(
                    !seen.IsAskPending && MayAsk(input, verdict.Wanted, now)
                        ? decision with
                        {
                            Kind = FleetDecisionKind.Ask,
                            Changes = Changes(sets, verdict.Capacities),
                        }
                        : decision,
                    cancellation
                );
            }

            if (verdict.Kind == ScalingVerdictKind.Hold)
            {
                return await planning.PlanProtectionsAsync(
                    decision with
                    {
                        Drains = planning.StillDraining(verdict),
                    },
                    cancellation
                );
            }

            // What stands in the way of one set (quota, permissions, an autoscale setting that owns it) sends the
            // demand to the others.
            if (await FindObstructedAsync(sets, verdict, cancellation) is { } found)
            {
                obstacles.AddRange(found.Obstacles);
                obstructed.Add(found.Set.Set.ResourceId);
                sets = [.. sets.Select(set => set == found.Set ? set with { IsPaused = true } : set)];
                continue;
            }

            return await planning.PlanProtectionsAsync(
                await planning.PlanSizesAsync(decision, verdict, cancellation),
                cancellation
            );
        }
    }

    private async Task<IReadOnlyList<ScaleSetReading>> ReadAsync(
        PolicyFleet fleet,
        DecideFleetInput input,
        CancellationToken cancellation
    )
    {
        var sets = new List<ScaleSetReading>();
        foreach (var set in fleet.ScaleSets)
        {
            try
            {
                var state = await fleets.GetAsync(set.ResourceId, cancellation);
                var isUnderWay = state.ProvisioningState is not ("Succeeded" or "Failed" or "Canceled");
                sets.Add(
                    new ScaleSetReading(
                        set,
                        state,
                        isUnderWay || input.Throttled.Contains(set.ResourceId),
                        input.Paused.Contains(set.ResourceId)
                    )
                );
            }
            catch (FleetException failure)
                when (input.LastSeen.FirstOrDefault(seen => seen.ResourceId == set.ResourceId) is { } seen)
            {
                sets.Add(
                    ScaleSetReading.OfLastSeen(
                        set,
                        seen,
                        $"ARM does not show {ArmName(set)} ({failure.Code}): it counts as last seen, and nothing is "
                            + $"taken from the others."
                    )
                );
            }
        }

        return sets;
    }

    private static string ArmName(PolicyScaleSet set) => set.ResourceId[(set.ResourceId.LastIndexOf('/') + 1)..];

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
        IReadOnlyList<ScaleSetReading> sets,
        ScalingVerdict verdict,
        CancellationToken cancellation
    )
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
        [
            .. sets.Zip(capacities)
                .Where(pair => pair.Second != pair.First.Capacity)
                .Select(pair => new ScaleSetChange(pair.First.Set.ResourceId, pair.First.Capacity, pair.Second)),
        ];
}

/// <param name="SpentUsd">Since midnight UTC.</param>
/// <param name="Throttled">Scale sets of which ARM wants not to hear now.</param>
/// <param name="Paused">Scale sets that could not be changed lately.</param>
/// <param name="PendingAsks">Instances of the actions that people were asked about last.</param>
/// <param name="AskedFor">Capacity that they were asked about.</param>
/// <param name="LastSeen">
/// Scale sets as last seen, for one that ARM does not show: its instances go on serving, so it counts with them. Empty
/// where the look is to fail instead and be tried again: most failures are over in a minute.
/// </param>
/// <param name="Drains">Instances that are to go.</param>
/// <param name="Protected">Instances that this workflow had protected for that.</param>
/// <param name="IsDrainPaused">Draining failed lately: none is begun.</param>
/// <param name="IsProtectionPaused">Protection failed lately: none is put on or lifted.</param>
public sealed record DecideFleetInput(
    string Fleet,
    string InstanceId,
    decimal SpentUsd,
    IReadOnlyList<string> Throttled,
    IReadOnlyList<string> Paused,
    IReadOnlyList<string> PendingAsks,
    DateTimeOffset? AskedAt,
    int AskedFor,
    IReadOnlyList<SeenScaleSet> LastSeen,
    IReadOnlyList<FleetDrain> Drains,
    IReadOnlyList<ProtectedInstance> Protected,
    bool IsDrainPaused,
    bool IsProtectionPaused
);
