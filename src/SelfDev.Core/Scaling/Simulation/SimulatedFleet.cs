using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Simulation;

/// <summary>
/// The replicas of a simulated fleet: which serve, start and drain, when the next thing happens on one of them, and
/// what they cost. Scaling in cancels replicas that still start (the newest first), then idle ones, then those with the
/// fewest requests; scaling out first takes back those that drain.
/// </summary>
internal sealed class SimulatedFleet
{
    private readonly FleetSpecification _fleet;
    private readonly double _end;
    private readonly List<SimulatedReplica> _replicas = [];
    private double _paidFrom;
    private double _readyFrom;

    /// <param name="initialReplicas">Replicas that serve from the beginning.</param>
    /// <param name="end">When the fleet stops being paid for.</param>
    public SimulatedFleet(FleetSpecification fleet, int initialReplicas, double end)
    {
        (_fleet, _end) = (fleet, end);
        Events.Grow(1);
        for (var slot = 0; slot < initialReplicas; slot++)
        {
            Add(0).State = ReplicaState.Ready;
            _replicas[slot].Stop();
            Events.Set(slot, double.PositiveInfinity);
        }

        Ready = initialReplicas;
    }

    /// <value>When the next run of steps ends or the next replica begins to serve, by slot.</value>
    public EventTree Events { get; } = new();

    /// <value>By slot; those that are gone are used again.</value>
    public IReadOnlyList<SimulatedReplica> Replicas => _replicas;

    public int Ready { get; private set; }

    public int Starting { get; private set; }

    public int Draining { get; private set; }

    /// <value>Replica-seconds that were paid for.</value>
    public double PaidSeconds { get; private set; }

    /// <value>Replica-seconds that served since the last <see cref="StartInterval"/>.</value>
    public double ReadySeconds { get; private set; }

    public void StartInterval() => ReadySeconds = 0;

    /// <summary>A replica that started begins to serve.</summary>
    public void BeginToServe(SimulatedReplica replica, double now)
    {
        MarkReady(now);
        replica.State = ReplicaState.Ready;
        Starting--;
        Ready++;
    }

    /// <summary>A replica that drained is gone.</summary>
    public void Remove(SimulatedReplica replica, int slot, double now)
    {
        Pay(now);
        MarkReady(now);
        Draining--;
        Retire(replica, slot);
    }

    /// <summary>Starts or lets go as many as it takes.</summary>
    /// <param name="target">Replicas that serve or start afterwards.</param>
    public void ScaleTo(int target, double now)
    {
        Pay(now);
        MarkReady(now);
        for (var slot = 0; slot < _replicas.Count && Ready + Starting < target; slot++)
        {
            if (_replicas[slot].State == ReplicaState.Draining)
            {
                _replicas[slot].State = ReplicaState.Ready;
                Draining--;
                Ready++;
            }
        }

        while (Ready + Starting < target)
        {
            Add(now + _fleet.ColdStartSeconds);
            Starting++;
        }

        while (Ready + Starting > target)
        {
            var slot = Dispensable();
            var replica = _replicas[slot];
            if (replica.State == ReplicaState.Starting)
            {
                Starting--;
                Retire(replica, slot);
            }
            else if (replica.IsIdle)
            {
                Ready--;
                Retire(replica, slot);
            }
            else
            {
                replica.State = ReplicaState.Draining;
                Ready--;
                Draining++;
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
            Events.Grow(slot + 1);
        }

        _replicas[slot].Begin(readyAt);
        Events.Set(slot, readyAt);
        return _replicas[slot];
    }

    private void Retire(SimulatedReplica replica, int slot)
    {
        replica.State = ReplicaState.Gone;
        replica.Stop();
        Events.Set(slot, double.PositiveInfinity);
    }

    /// <summary>Counts what the fleet has cost since the last change of its size, up to the trace's end.</summary>
    public void Pay(double now)
    {
        var until = Math.Min(now, _end);
        PaidSeconds += (Ready + Starting + Draining) * Math.Max(0, until - _paidFrom);
        _paidFrom = Math.Max(_paidFrom, until);
    }

    public void MarkReady(double now)
    {
        ReadySeconds += (Ready + Draining) * (now - _readyFrom);
        _readyFrom = now;
    }
}
