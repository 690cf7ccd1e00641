using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Simulation;

/// <summary>
/// Replays a trace through a fleet of simulated replicas whose size a policy sets: discrete events, one thread, no
/// randomness. Requests wait in one queue, first in first out; a replica takes from it at the end of a step when batch,
/// cache and prompt budget have room. A new replica serves after the cold start; one that is let go finishes its
/// requests first (<see cref="SimulatedFleet"/>).
/// </summary>
public sealed class FleetSimulation
{
    private readonly FleetSpecification _specification;
    private readonly TrafficTrace _trace;
    private readonly IScalingPolicy _policy;
    private readonly SimulationRecord _record;
    private readonly SimulatedFleet _fleet;
    private readonly List<FleetObservation>? _timeline;
    private readonly long _missesAllowed;
    private int _arrived;
    private int _queueHead;
    private double _busySeconds;
    private int _actions;
    private int _intervalFirst;

    private FleetSimulation(
        FleetSpecification fleet,
        TrafficTrace trace,
        IScalingPolicy policy,
        int initialReplicas,
        bool timeline,
        long missesAllowed
    )
    {
        (_specification, _trace, _policy, _missesAllowed) = (fleet, trace, policy, missesAllowed);
        _fleet = new SimulatedFleet(fleet, initialReplicas, trace.Seconds);
        _record = new SimulationRecord(fleet.ServiceLevel, trace.Count);
        _timeline = timeline ? [] : null;
    }

    /// <summary>Runs the whole trace.</summary>
    /// <param name="initialReplicas">Replicas that serve when the trace begins.</param>
    /// <param name="timeline">Whether the result holds the fleet at each decision.</param>
    public static SimulationResult Run(
        FleetSpecification fleet,
        TrafficTrace trace,
        IScalingPolicy policy,
        int initialReplicas,
        bool timeline = false,
        CancellationToken cancellation = default
    ) => new FleetSimulation(fleet, trace, policy, initialReplicas, timeline, long.MaxValue).Run(cancellation)!;

    /// <summary>As above, and gives up once more requests missed the service level than allowed, which a search over
    /// many schedules is glad of.</summary>
    /// <returns>Null when it gave up.</returns>
    internal static SimulationResult? TryRun(
        FleetSpecification fleet,
        TrafficTrace trace,
        IScalingPolicy policy,
        int initialReplicas,
        long missesAllowed,
        CancellationToken cancellation
    ) => new FleetSimulation(fleet, trace, policy, initialReplicas, false, missesAllowed).Run(cancellation);

    private SimulationResult? Run(CancellationToken cancellation)
    {
        var requests = _trace.Requests;
        var end = _trace.Seconds;
        var tick = 0L;
        var nextTick = 0.0;
        while (true)
        {
            var arrival = _arrived < requests.Length ? requests[_arrived].Time : double.PositiveInfinity;
            var change = _fleet.Events.EarliestTime;
            if (nextTick <= arrival && nextTick <= change && nextTick <= end)
            {
                if (_record.Completed - _record.Attained > _missesAllowed)
                {
                    return null;
                }

                cancellation.ThrowIfCancellationRequested();
                Decide(nextTick);
                nextTick = ++tick * _specification.IntervalSeconds;
            }
            else if (arrival <= change)
            {
                if (double.IsPositiveInfinity(arrival))
                {
                    break;
                }

                Arrive(arrival);
            }
            else
            {
                Advance(_fleet.Events.Earliest, change);
            }
        }

        _fleet.Pay(end);
        for (var waiting = _queueHead; waiting < requests.Length; waiting++)
        {
            _record.WorstQueueSeconds = Math.Max(_record.WorstQueueSeconds, end - requests[waiting].Time);
        }

        if (requests.Length - _record.Attained > _missesAllowed)
        {
            return null;
        }

        var quantiles = _record.FirstTokenQuantiles(0.5, 0.99);
        return new SimulationResult
        {
            Policy = _policy.Name,
            Attainment = _record.Attained / (double)requests.Length,
            FirstTokenP50 = quantiles[0],
            FirstTokenP99 = quantiles[1],
            GpuHours = _fleet.PaidSeconds * _specification.Replica.Gpus / 3600,
            ScaleActions = _actions,
            WorstQueueSeconds = _record.WorstQueueSeconds,
            Requests = requests.Length,
            Completed = _record.Completed,
            Timeline = _timeline ?? [],
        };
    }

    private void Arrive(double now)
    {
        var index = _arrived++;
        if (_queueHead < index)
        {
            return;
        }

        ref readonly var request = ref _trace.Requests[index];
        SimulatedReplica? best = null;
        var bestSlot = -1;
        for (var slot = 0; slot < _fleet.Replicas.Count; slot++)
        {
            var replica = _fleet.Replicas[slot];
            if (
                (best is null || replica.Requests < best.Requests)
                && replica.Takes(request.PrefillTokens, request.OutputTokens)
            )
            {
                (best, bestSlot) = (replica, slot);
            }
        }

        if (best is null)
        {
            return;
        }

        _queueHead++;
        var idle = best.IsIdle;
        best.Assign(index, request);
        if (idle)
        {
            best.BusySince = now;
            best.StartRun(now, _trace.Requests, _record);
        }
        else
        {
            best.Interrupt(now);
        }

        _fleet.Events.Set(bestSlot, best.NextEvent);
    }

    /// <summary>A replica's run of steps is over, or it begins to serve.</summary>
    private void Advance(int slot, double now)
    {
        var replica = _fleet.Replicas[slot];
        if (replica.State == ReplicaState.Starting)
        {
            _fleet.BeginToServe(replica, now);
        }
        else
        {
            replica.FinishRun(now, _trace.Requests, _record);
        }

        Serve(replica, slot, now);
    }

    private void Serve(SimulatedReplica replica, int slot, double now)
    {
        if (replica.State == ReplicaState.Ready)
        {
            while (
                _queueHead < _arrived
                && replica.HasRoom(_trace.Requests[_queueHead].PrefillTokens, _trace.Requests[_queueHead].OutputTokens)
            )
            {
                replica.Assign(_queueHead, _trace.Requests[_queueHead]);
                _queueHead++;
            }
        }

        replica.StartRun(now, _trace.Requests, _record);
        if (replica.IsIdle)
        {
            _busySeconds += double.IsPositiveInfinity(replica.BusySince) ? 0 : now - replica.BusySince;
            replica.BusySince = double.PositiveInfinity;
            if (replica.State == ReplicaState.Draining)
            {
                _fleet.Remove(replica, slot, now);
                return;
            }
        }
        else if (double.IsPositiveInfinity(replica.BusySince))
        {
            replica.BusySince = now;
        }

        _fleet.Events.Set(slot, replica.NextEvent);
    }

    private void Decide(double now)
    {
        _fleet.MarkReady(now);
        foreach (var replica in _fleet.Replicas)
        {
            if (!double.IsPositiveInfinity(replica.BusySince) && replica.State != ReplicaState.Gone)
            {
                _busySeconds += now - replica.BusySince;
                replica.BusySince = now;
            }
        }

        var (prefill, squares) = (0L, 0.0);
        for (var i = _intervalFirst; i < _arrived; i++)
        {
            var tokens = _trace.Requests[i].PrefillTokens;
            prefill += tokens;
            squares += (double)tokens * tokens;
        }

        var observed = new FleetObservation
        {
            Time = now,
            IntervalSeconds = now == 0 ? 0 : _specification.IntervalSeconds,
            Ready = _fleet.Ready,
            Starting = _fleet.Starting,
            Draining = _fleet.Draining,
            Arrivals = _arrived - _intervalFirst,
            PrefillTokens = prefill,
            PrefillTokensSquared = squares,
            Misses = _record.IntervalMisses,
            Completions = _record.IntervalCompletions,
            CompletedOutputTokens = _record.IntervalOutputTokens,
            Queue = _arrived - _queueHead,
            QueueAgeSeconds = _queueHead < _arrived ? now - _trace.Requests[_queueHead].Time : 0,
            Running = _fleet.Replicas.Sum(replica => replica.State == ReplicaState.Gone ? 0 : replica.Requests),
            BusyShare = _fleet.ReadySeconds > 0 ? Math.Min(1, _busySeconds / _fleet.ReadySeconds) : 0,
            CacheShare =
                _fleet.Ready == 0
                    ? 0
                    : _fleet.Replicas.Sum(replica => replica.State == ReplicaState.Ready ? replica.CacheShare : 0)
                        / _fleet.Ready,
            MeanTimeToFirstToken = _record.IntervalFirstToken,
            MeanInterToken = _record.IntervalInterToken,
            HasMetrics = now > 0,
        };
        _record.StartInterval();
        (_busySeconds, _intervalFirst) = (0, _arrived);
        _fleet.StartInterval();
        _timeline?.Add(observed);
        var target = Math.Clamp(_policy.Decide(observed), _specification.Floor, _specification.Ceiling);
        if (target != _fleet.Ready + _fleet.Starting)
        {
            _actions++;
            _fleet.ScaleTo(target, now);
        }
    }
}
