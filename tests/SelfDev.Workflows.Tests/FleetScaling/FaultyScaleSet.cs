using SelfDev.Core.Approvals;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>
/// A scale set in virtual time whose ARM fails in every way that FAULTS names: throttling, lost answers, refusals, slow
/// and partial provisioning, evictions, and other people. It also watches: what a client may never do is written down
/// as a violation.
/// </summary>
internal sealed class FaultyScaleSet(
    FaultyFleet fleet,
    PolicyScaleSet set,
    VirtualTime time,
    Random random,
    int capacity
)
{
    /// <value>Longer than any look takes, and than it takes a client to forget what it asked for in vain.</value>
    private static readonly TimeSpan Settled = TimeSpan.FromHours(2);

    private int _etag = 1;
    private int _operation;
    private int _ready = capacity;
    private TimeSpan _quietUntil;
    private TimeSpan _pausedUntil;
    private int _refusals;
    private int _cleared;
    private OperationState? _ended;
    private TimeSpan _meteredAt;
    private bool _isUpdating;
    private readonly int _first = capacity;
    private int _made;
    private int? _read;
    private TimeSpan _darkSince;
    private TimeSpan _darkUntil = TimeSpan.MinValue;
    private int _protections;
    private readonly HashSet<string> _pendingProtections = new(StringComparer.Ordinal);

    public PolicyScaleSet Set => set;

    /// <value>Whether the region's ARM is down. Its instances serve on.</value>
    public bool IsDark => time.Elapsed < _darkUntil;

    /// <summary>Whether ARM has been down for as long.</summary>
    public bool IsDarkFor(TimeSpan duration) => IsDark && time.Elapsed - _darkSince >= duration;

    /// <value>As many as the capacity, evicted ones included.</value>
    public List<SimulatedInstance> Instances { get; } = [];

    /// <value>Capacity as it was at the last look, or as it was asked for since.</value>
    public int LookedCapacity { get; private set; } = capacity;

    /// <value>Capacity as a client can know it.</value>
    public int KnownCapacity => IsHidden ? LookedCapacity : Capacity;

    /// <value>Whether a client that wanted to read it last could not.</value>
    public bool IsHidden { get; set; }

    public int Capacity { get; private set; } = capacity;

    public int Evicted { get; private set; }

    public int MostEvicted { get; private set; }

    /// <value>What all instances have cost so far.</value>
    public double Usd { get; private set; }

    /// <summary>A client waits by its clock, and by what it was told: a clock that jumps and an answer that dies with
    /// the process are not its fault.</summary>
    public void Forgive() => (_quietUntil, _pausedUntil, _refusals) = (TimeSpan.Zero, TimeSpan.Zero, 0);

    /// <summary>Quota and permissions have been asked for, and suffice.</summary>
    public void Clear(int capacity) => _cleared = capacity;

    public void Meter()
    {
        Usd += (double)set.HourlyPrice!.Value * (Capacity - Evicted) * (time.Elapsed - _meteredAt).TotalHours;
        _meteredAt = time.Elapsed;
    }

    public void Evict()
    {
        if (Capacity - Evicted > 0 && !_isUpdating)
        {
            Meter();
            Evicted++;
            MostEvicted = Math.Max(MostEvicted, Evicted);
            _ready--;
            _etag++;
        }
    }

    public void Restore()
    {
        Meter();
        _ready += Evicted;
        Evicted = 0;
        _etag++;
    }

    /// <summary>Somebody else, or an action that people approved, sets the capacity.</summary>
    public void SetByOthers(int capacity)
    {
        if (!_isUpdating && !IsDark)
        {
            Begin(capacity);
        }
    }

    public void GoDark(TimeSpan duration) =>
        (_darkSince, _darkUntil) = (IsDark ? _darkSince : time.Elapsed, time.Elapsed + duration);

    public void Enlighten() => _darkUntil = TimeSpan.MinValue;

    public FleetState Read()
    {
        _read = Capacity;
        return new FleetState(
            set.ResourceId,
            "sku",
            Capacity,
            Etag,
            _isUpdating ? "Updating" : "Succeeded",
            _ready,
            "eastus"
        )
        {
            EvictedInstances = Evicted,
            IsSpot = true,
        };
    }

    public IReadOnlyList<FleetInstance> List()
    {
        SetInstances();
        return [.. Instances.Select(instance => instance.Listed)];
    }

    /// <summary>A look has ended: it knows what was read for it, unless it failed.</summary>
    public void Looked(bool hasFailed)
    {
        LookedCapacity = hasFailed ? LookedCapacity : _read ?? LookedCapacity;
        _read = null;
    }

    /// <summary>Deletes by name, as a client asks.</summary>
    public OperationStart Delete(IReadOnlyList<FleetInstance> listed)
    {
        Must(time.Elapsed >= _quietUntil, "called before the Retry-After of a 429 was over");
        Must(!_isUpdating, "changed while an operation was under way");
        var leaving = Instances.FindAll(instance => listed.Any(each => each.InstanceId == instance.Name));
        Must(leaving.TrueForAll(instance => !instance.IsKept), "deleted an instance that a person protects");
        Must(leaving.TrueForAll(instance => instance.IsIdle), "deleted an instance with requests on it");
        if (fleet.IsFaulty())
        {
            return Throttle();
        }

        fleet.Record(new Write(set, time.Elapsed, Capacity, Capacity - leaving.Count, Etag) { IsByName = true });
        Instances.RemoveAll(leaving.Contains);
        Begin(Capacity - leaving.Count);
        return Accept();
    }

    /// <summary>A client tries to change the protection of an instance.</summary>
    public void Touch(string instanceId) =>
        Instances.Find(instance => instance.Name == instanceId)?.ChangedAt = time.Elapsed;

    /// <summary>Protects an instance, or lifts that, after a while.</summary>
    public OperationStart Protect(string instanceId, bool isProtected)
    {
        Must(time.Elapsed >= _quietUntil, "called before the Retry-After of a 429 was over");
        if (fleet.IsFaulty())
        {
            return Throttle();
        }

        Must(!fleet.IsStopped, "protected while the kill switch was on");
        var instance = Instances.Find(candidate => candidate.Name == instanceId);
        Must(isProtected || instance is not { IsKept: true }, "lifted the protection of a person");
        var operation = $"{set.ResourceId}/protection/{++_protections}";
        _pendingProtections.Add(operation);
        instance?.ChangedAt = TimeSpan.MaxValue;
        time.After(
            TimeSpan.FromSeconds(random.Next(2, 90)),
            () =>
            {
                _pendingProtections.Remove(operation);
                _etag++;
                instance?.IsProtected = isProtected || instance.IsKept;
                instance?.ChangedAt = time.Elapsed;
            }
        );
        return Accept(operation);
    }

    /// <summary>A person protects an instance that nobody protects and that no client has changed of late: it is one
    /// flag, and nobody can tell whose.</summary>
    public void Keep()
    {
        SetInstances();
        var free = Instances.FindAll(instance => !instance.IsProtected && time.Elapsed - Settled > instance.ChangedAt);
        if (free.Count > 1 && time.Elapsed - Settled > _darkUntil)
        {
            // Rather one that would go soon.
            var instance =
                (random.Next(2) == 0 ? free.Find(candidate => candidate.IsDraining) : null)
                ?? free[random.Next(free.Count)];
            (instance.KeptAt, instance.IsProtected) = (time.Elapsed, true);
        }
    }

    /// <summary>What people protected is free again.</summary>
    public void Release()
    {
        foreach (var instance in Instances.Where(instance => instance.IsKept))
        {
            (instance.KeptAt, instance.IsProtected) = (null, false);
        }
    }

    public OperationStart Scale(int capacity, string etag)
    {
        Must(time.Elapsed >= _quietUntil, "called before the Retry-After of a 429 was over");
        Must(!_isUpdating, "changed while an operation was under way");
        if (capacity > Capacity)
        {
            Must(time.Elapsed >= _pausedUntil, "tried again at once after ARM had no capacity");
            Must(capacity <= _cleared, "grew without asking for quota and permissions");
        }

        if (fleet.IsFaulty())
        {
            return Throttle();
        }

        if (etag != Etag)
        {
            return Answer(OperationStartKind.Drifted, null, "PreconditionFailed");
        }

        if (capacity > Capacity && fleet.IsFaulty())
        {
            // 1, 2, 4... minutes, less what the clock of the workflow rounds away.
            _pausedUntil =
                time.Elapsed
                + (TimeSpan.FromMinutes(1) * Math.Min(60, 1 << Math.Min(_refusals++, 6)))
                - TimeSpan.FromSeconds(1);
            return Answer(OperationStartKind.Refused, null, "AllocationFailed");
        }

        (_refusals, _cleared) = (0, 0);
        LookedCapacity = Math.Max(LookedCapacity, capacity);
        fleet.Record(new Write(set, time.Elapsed, Capacity, capacity, etag));
        Begin(capacity);
        return Accept();
    }

    public OperationState Poll(string operationUri) =>
        operationUri.Contains("/protection/", StringComparison.Ordinal)
            ? new OperationState(
                _pendingProtections.Contains(operationUri) ? OperationPhase.Running : OperationPhase.Succeeded,
                null,
                null,
                null
            )
        : operationUri == $"{set.ResourceId}/op/{_operation}" && _ended is null
            ? new OperationState(OperationPhase.Running, TimeSpan.FromSeconds(random.Next(1, 60)), null, null)
        : _ended ?? new OperationState(OperationPhase.Succeeded, null, null, null);

    private string Etag => _etag.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private void Begin(int capacity)
    {
        Meter();
        var from = Capacity;
        Capacity = Math.Max(capacity, 0);
        SetInstances();
        Evicted = Math.Min(Evicted, Capacity);
        _etag++;
        _operation++;
        _isUpdating = true;
        _ended = null;
        var isPartial = capacity > from + 1 && fleet.IsFaulty();
        time.After(
            TimeSpan.FromSeconds(random.Next(20, 600)),
            () => End(isPartial ? from + ((capacity - from) / 2) : capacity, isPartial)
        );
    }

    private void End(int capacity, bool isPartial)
    {
        Meter();
        Capacity = capacity;
        SetInstances();
        Instances.ForEach(instance => instance.IsReady = true);
        _ready = capacity - Evicted;
        _isUpdating = false;
        _etag++;
        _ended = isPartial
            ? new OperationState(
                OperationPhase.Failed,
                null,
                "AllocationFailed",
                "Not all instances could be allocated."
            )
            : new OperationState(OperationPhase.Succeeded, null, null, null);
    }

    // The platform takes the oldest that nobody protects.
    private void SetInstances()
    {
        while (Instances.Count > Capacity)
        {
            Instances.Remove(Instances.Find(instance => !instance.IsProtected) ?? Instances[0]);
        }

        while (Instances.Count < Capacity)
        {
            Instances.Add(
                new SimulatedInstance($"{set.ResourceId[^4..]}{++_made}", time, random) { IsReady = _made <= _first }
            );
        }
    }

    private OperationStart Throttle()
    {
        _quietUntil = time.Elapsed + TimeSpan.FromSeconds(random.Next(10, 300));
        return Answer(OperationStartKind.Throttled, _quietUntil - time.Elapsed, "TooManyRequests");
    }

    private OperationStart Accept(string? operationUri = null)
    {
        if (fleet.IsFaulty())
        {
            fleet.AnswerLost();
            throw new FleetException("ServerTimeout", "The answer was lost.", isTransient: true);
        }

        return new OperationStart(
            OperationStartKind.Accepted,
            operationUri ?? $"{set.ResourceId}/op/{_operation}",
            TimeSpan.FromSeconds(random.Next(1, 20)),
            null,
            null
        );
    }

    private void Must(bool holds, string rule)
    {
        if (!holds)
        {
            fleet.Violations.Add($"{time.Elapsed:hh\\:mm\\:ss} {rule}");
        }
    }

    private static OperationStart Answer(OperationStartKind kind, TimeSpan? retryAfter, string code) =>
        new(kind, null, retryAfter, code, "no");
}

/// <summary>A change that ARM accepted.</summary>
internal sealed record Write(PolicyScaleSet Set, TimeSpan At, int From, int To, string ETag)
{
    /// <value>Whether the client chose the instances.</value>
    public bool IsByName { get; init; }

    /// <value>Capacity of the whole fleet, with this change.</value>
    public int Total { get; init; }

    /// <value>What the whole fleet cost an hour before this change.</value>
    public decimal UsdPerHour { get; init; }
}
