using SelfDev.Core.Approvals;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>The scale sets of one fleet behind one faulty ARM.</summary>
internal sealed class FaultyFleet : IFleet
{
    private readonly Random _random;

    public FaultyFleet(VirtualTime time, Random random, IReadOnlyList<(PolicyScaleSet Set, int Capacity)> sets)
    {
        _random = random;
        Sets = [.. sets.Select(set => new FaultyScaleSet(this, set.Set, time, random, set.Capacity))];
    }

    public IReadOnlyList<FaultyScaleSet> Sets { get; }

    public int Capacity => Sets.Sum(set => set.Capacity);

    /// <value>As far as a client can know: of a set that ARM does not show, what it last showed or took.</value>
    public int KnownCapacity => Sets.Sum(set => set.KnownCapacity);

    public decimal UsdPerHour => Sets.Sum(set => set.Set.HourlyPrice!.Value * set.Capacity);

    public double Usd => Sets.Sum(set => set.Usd);

    /// <value>Whether the kill switch is on, as whoever runs the simulation knows.</value>
    public bool IsStopped { get; set; }

    /// <value>Whether the samples tell the load of each instance.</value>
    public bool IsLoadKnown { get; init; }

    /// <value>Chance of each fault at each call; 0 when faults have stopped.</value>
    public double FaultRate { get; set; }

    public List<Write> Writes { get; } = [];

    public List<string> Violations { get; } = [];

    public bool IsFaulty() => _random.NextDouble() < FaultRate;

    public FaultyScaleSet Any() => Sets[_random.Next(Sets.Count)];

    public FaultyScaleSet Find(string resourceId) =>
        Sets.Single(set => resourceId.StartsWith(set.Set.ResourceId, StringComparison.Ordinal));

    /// <value>Hears of every change before it is made.</value>
    public Action<Write> Written { get; set; } = _ => { };

    /// <value>Hears that a change was made and its answer lost.</value>
    public Action AnswerLost { get; set; } = () => { };

    public int Evicted => Sets.Sum(set => set.Evicted);

    public void Meter()
    {
        foreach (var set in Sets)
        {
            set.Meter();
        }
    }

    public void Forgive()
    {
        foreach (var set in Sets)
        {
            set.Forgive();
        }
    }

    public void Record(Write write)
    {
        write = write with { Total = KnownCapacity - write.From + write.To, UsdPerHour = UsdPerHour };
        Writes.Add(write);
        Written(write);
    }

    public Task<FleetState> GetAsync(string resourceId, CancellationToken cancellation)
    {
        var set = Find(resourceId);
        set.IsHidden = true;
        Fail("reading", resourceId);
        set.IsHidden = false;
        return Task.FromResult(set.Read());
    }

    public Task<OperationStart> StartScaleAsync(
        string resourceId,
        int capacity,
        string etag,
        CancellationToken cancellation
    )
    {
        Fail("scaling", resourceId);
        return Task.FromResult(Find(resourceId).Scale(capacity, etag));
    }

    public Task<OperationState> PollAsync(string operationUri, CancellationToken cancellation)
    {
        Fail("polling", operationUri);
        return Task.FromResult(Find(operationUri).Poll(operationUri));
    }

    public Task<IReadOnlyList<string>> PreflightAsync(string resourceId, int capacity, CancellationToken cancellation)
    {
        Fail("asking for quota", resourceId);
        if (IsFaulty())
        {
            return Task.FromResult<IReadOnlyList<string>>(["The quota is used up."]);
        }

        Find(resourceId).Clear(capacity);
        return Task.FromResult<IReadOnlyList<string>>([]);
    }

    public Task<IReadOnlyList<FleetInstance>> ListInstancesAsync(string resourceId, CancellationToken cancellation)
    {
        Fail("listing", resourceId);
        return Task.FromResult(Find(resourceId).List());
    }

    public Task<OperationStart> StartDeleteInstancesAsync(
        string resourceId,
        IReadOnlyList<FleetInstance> instances,
        CancellationToken cancellation
    )
    {
        Fail("deleting", resourceId);
        return Task.FromResult(Find(resourceId).Delete(instances));
    }

    public Task<OperationStart> StartProtectAsync(
        string resourceId,
        string instanceId,
        bool isProtected,
        CancellationToken cancellation
    )
    {
        Find(resourceId).Touch(instanceId);
        Fail("protecting", resourceId);
        return Task.FromResult(Find(resourceId).Protect(instanceId, isProtected));
    }

    public Task<FleetHeadroom> GetHeadroomAsync(string resourceId, CancellationToken cancellation) =>
        throw new NotSupportedException();

    public Task<OperationStart> StartReimageAsync(
        string resourceId,
        string instanceId,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    public Task<OperationStart> StartDeleteAsync(
        string resourceId,
        string instanceId,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    private void Fail(string what, string resourceId)
    {
        if (IsFaulty() || Find(resourceId).IsDark)
        {
            throw new FleetException("ServiceUnavailable", $"ARM failed while {what}.", isTransient: true);
        }
    }
}
