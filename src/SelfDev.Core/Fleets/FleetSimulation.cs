namespace SelfDev.Core.Fleets;

/// <summary>What a policy did to a trace.</summary>
public sealed record SimulationResult
{
    public required string Policy { get; init; }

    /// <value>Share of all requests that attained the service level, 0 to 1. Requests that were never answered did not.</value>
    public required double Attainment { get; init; }

    /// <value>Median time to first token, seconds; infinite where fewer than half got one.</value>
    public required double FirstTokenP50 { get; init; }

    public required double FirstTokenP99 { get; init; }

    /// <value>GPU-hours from the trace's first arrival to its last; a replica is paid for from the moment it is asked for until it is gone.</value>
    public required double GpuHours { get; init; }

    /// <value>Decisions that changed the size.</value>
    public required int ScaleActions { get; init; }

    /// <value>Longest time that a request waited for a replica to begin with it, seconds.</value>
    public required double WorstQueueSeconds { get; init; }

    public required long Requests { get; init; }

    /// <value>Requests with a complete answer.</value>
    public required long Completed { get; init; }

    /// <value>The fleet at each decision, where it was asked for.</value>
    public IReadOnlyList<FleetObservation> Timeline { get; init; } = [];
}

/// <summary>
/// Replays a trace through a fleet of simulated replicas whose size a policy sets: discrete events, one thread, no randomness.
/// Requests wait in one queue, first in first out; a replica takes from it at the end of a step when batch, cache and prompt budget have room.
/// A new replica serves after the cold start; one that is let go finishes its requests first. Scaling in cancels replicas that still
/// start (the newest first), then idle ones, then those with the fewest requests; scaling out first takes back those that drain.
/// </summary>
public sealed class FleetSimulation
{
    private readonly FleetSpecification _fleet;
    private readonly TrafficTrace _trace;
    private readonly IScalingPolicy _policy;
    private readonly SimulationRecord _record;
    private readonly List<SimulatedReplica> _replicas = [];
    private readonly EventTree _events = new();
    private readonly List<FleetObservation>? _timeline;
    private readonly long _missesAllowed;
    private int _arrived;
    private int _queueHead;
    private int _ready;
    private int _starting;
    private int _draining;
    private double _paidFrom;
    private double _paidSeconds;
    private double _busySeconds;
    private double _readySeconds;
    private double _readyFrom;
    private int _actions;
    private int _intervalFirst;

    private FleetSimulation(FleetSpecification fleet, TrafficTrace trace, IScalingPolicy policy, bool timeline, long missesAllowed)
    {
        (_fleet, _trace, _policy, _missesAllowed) = (fleet, trace, policy, missesAllowed);
        _record = new SimulationRecord(fleet.ServiceLevel, trace.Count);
        _timeline = timeline ? [] : null;
    }

    /// <summary>Runs the whole trace.</summary>
    /// <param name="initialReplicas">Replicas that serve when the trace begins.</param>
    /// <param name="timeline">Whether the result holds the fleet at each decision.</param>
    public static SimulationResult Run(FleetSpecification fleet, TrafficTrace trace, IScalingPolicy policy, int initialReplicas, bool timeline = false, CancellationToken cancellation = default) =>
        new FleetSimulation(fleet, trace, policy, timeline, long.MaxValue).Run(initialReplicas, cancellation)!;

    /// <summary>As above, and gives up once more requests missed the service level than allowed, which a search over many schedules is glad of.</summary>
    /// <returns>Null when it gave up.</returns>
    internal static SimulationResult? TryRun(FleetSpecification fleet, TrafficTrace trace, IScalingPolicy policy, int initialReplicas, long missesAllowed, CancellationToken cancellation) =>
        new FleetSimulation(fleet, trace, policy, false, missesAllowed).Run(initialReplicas, cancellation);

    private SimulationResult? Run(int initialReplicas, CancellationToken cancellation)
    {
        _events.Grow(Math.Max(initialReplicas, 1));
        for (var i = 0; i < initialReplicas; i++)
        {
            Add(0).State = ReplicaState.Ready;
            _events.Set(i, double.PositiveInfinity);
            _replicas[i].Stop();
        }

        (_ready, _starting) = (initialReplicas, 0);
        var requests = _trace.Requests;
        var end = _trace.Seconds;
        var tick = 0L;
        var nextTick = 0.0;
        while (true)
        {
            var arrival = _arrived < requests.Length ? requests[_arrived].Time : double.PositiveInfinity;
            var change = _events.EarliestTime;
            if (nextTick <= arrival && nextTick <= change && nextTick <= end)
            {
                if (_record.Completed - _record.Attained > _missesAllowed)
                {
                    return null;
                }

                cancellation.ThrowIfCancellationRequested();
                Decide(nextTick);
                nextTick = ++tick * _fleet.IntervalSeconds;
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
                Advance(_events.Earliest, change);
            }
        }

        Pay(end);
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
            GpuHours = _paidSeconds * _fleet.Replica.Gpus / 3600,
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
        for (var slot = 0; slot < _replicas.Count; slot++)
        {
            var replica = _replicas[slot];
            if ((best is null || replica.Requests < best.Requests) && replica.Takes(request.PrefillTokens, request.OutputTokens))
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

        _events.Set(bestSlot, best.NextEvent);
    }

    /// <summary>A replica's run of steps is over, or it begins to serve.</summary>
    private void Advance(int slot, double now)
    {
        var replica = _replicas[slot];
        if (replica.State == ReplicaState.Starting)
        {
            MarkReady(now);
            replica.State = ReplicaState.Ready;
            _starting--;
            _ready++;
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
            while (_queueHead < _arrived && replica.HasRoom(_trace.Requests[_queueHead].PrefillTokens, _trace.Requests[_queueHead].OutputTokens))
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
                Remove(replica, slot, now);
                return;
            }
        }
        else if (double.IsPositiveInfinity(replica.BusySince))
        {
            replica.BusySince = now;
        }

        _events.Set(slot, replica.NextEvent);
    }

    private void Decide(double now)
    {
        MarkReady(now);
        foreach (var replica in _replicas)
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
            IntervalSeconds = now == 0 ? 0 : _fleet.IntervalSeconds,
            Ready = _ready,
            Starting = _starting,
            Draining = _draining,
            Arrivals = _arrived - _intervalFirst,
            PrefillTokens = prefill,
            PrefillTokensSquared = squares,
            Misses = _record.IntervalMisses,
            Completions = _record.IntervalCompletions,
            CompletedOutputTokens = _record.IntervalOutputTokens,
            Queue = _arrived - _queueHead,
            QueueAgeSeconds = _queueHead < _arrived ? now - _trace.Requests[_queueHead].Time : 0,
            Running = _replicas.Sum(replica => replica.State == ReplicaState.Gone ? 0 : replica.Requests),
            BusyShare = _readySeconds > 0 ? Math.Min(1, _busySeconds / _readySeconds) : 0,
            CacheShare = _ready == 0 ? 0 : _replicas.Sum(replica => replica.State == ReplicaState.Ready ? replica.CacheShare : 0) / _ready,
            MeanTimeToFirstToken = _record.IntervalFirstToken,
            MeanInterToken = _record.IntervalInterToken,
            HasMetrics = now > 0,
        };
        _record.StartInterval();
        (_busySeconds, _readySeconds, _intervalFirst) = (0, 0, _arrived);
        _timeline?.Add(observed);
        var target = Math.Clamp(_policy.Decide(observed), _fleet.Floor, _fleet.Ceiling);
        if (target != _ready + _starting)
        {
            _actions++;
            Pay(now);
            ScaleTo(target, now);
        }
    }

    private void ScaleTo(int target, double now)
    {
        for (var slot = 0; slot < _replicas.Count && _ready + _starting < target; slot++)
        {
            if (_replicas[slot].State == ReplicaState.Draining)
            {
                _replicas[slot].State = ReplicaState.Ready;
                _draining--;
                _ready++;
            }
        }

        while (_ready + _starting < target)
        {
            Add(now + _fleet.ColdStartSeconds);
            _starting++;
        }

        while (_ready + _starting > target)
        {
            var slot = Dispensable();
            var replica = _replicas[slot];
            if (replica.State == ReplicaState.Starting)
            {
                _starting--;
                Retire(replica, slot);
            }
            else if (replica.IsIdle)
            {
                _ready--;
                Retire(replica, slot);
            }
            else
            {
                replica.State = ReplicaState.Draining;
                _ready--;
                _draining++;
            }
        }
    }

    private int Dispensable()
    {
        var best = -1;
        var bestRank = (Kind: int.MaxValue, By: double.MaxValue);
        for (var slot = 0; slot < _replicas.Count; slot++)
        {
            var replica = _replicas[slot];
            (int, double)? rank = replica.State switch
            {
                ReplicaState.Starting => (0, -replica.ReadyAt),
                ReplicaState.Ready => (1, replica.Requests),
                _ => null,
            };
            if (rank is { } found && found.CompareTo(bestRank) < 0)
            {
                (best, bestRank) = (slot, found);
            }
        }

        return best;
    }

    private SimulatedReplica Add(double readyAt)
    {
        var slot = _replicas.FindIndex(replica => replica.State == ReplicaState.Gone);
        if (slot < 0)
        {
            slot = _replicas.Count;
            _replicas.Add(new SimulatedReplica(_fleet.Replica));
            _events.Grow(slot + 1);
        }

        _replicas[slot].Begin(readyAt);
        _events.Set(slot, readyAt);
        return _replicas[slot];
    }

    private void Remove(SimulatedReplica replica, int slot, double now)
    {
        Pay(now);
        MarkReady(now);
        _draining--;
        Retire(replica, slot);
    }

    private void Retire(SimulatedReplica replica, int slot)
    {
        replica.State = ReplicaState.Gone;
        replica.Stop();
        _events.Set(slot, double.PositiveInfinity);
    }

    /// <summary>Counts what the fleet has cost since the last change of its size, up to the trace's end.</summary>
    private void Pay(double now)
    {
        var until = Math.Min(now, _trace.Seconds);
        _paidSeconds += (_ready + _starting + _draining) * Math.Max(0, until - _paidFrom);
        _paidFrom = Math.Max(_paidFrom, until);
    }

    private void MarkReady(double now)
    {
        _readySeconds += (_ready + _draining) * (now - _readyFrom);
        _readyFrom = now;
    }
}
