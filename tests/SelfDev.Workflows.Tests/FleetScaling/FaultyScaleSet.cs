using SelfDev.Core.Approvals;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.FleetScaling;

/// <summary>
/// A scale set in virtual time whose ARM fails in every way that FAULTS names: throttling, lost answers, refusals, slow and partial
/// provisioning, evictions, and other people. It also watches: what a client may never do is written down as a violation.
/// </summary>
internal sealed class FaultyScaleSet(FaultyFleet fleet, PolicyScaleSet set, VirtualTime time, Random random, int capacity)
{
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

    public PolicyScaleSet Set => set;

    public int Capacity { get; private set; } = capacity;

    public int Evicted { get; private set; }

    public int MostEvicted { get; private set; }

    /// <value>What all instances have cost so far.</value>
    public double Usd { get; private set; }

    /// <summary>A client waits by its clock, and by what it was told: a clock that jumps and an answer that dies with the process are not its fault.</summary>
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
        if (!_isUpdating)
        {
            Begin(capacity);
        }
    }

    public FleetState Read() => new(set.ResourceId, "sku", Capacity, Etag, _isUpdating ? "Updating" : "Succeeded", _ready, "eastus") { EvictedInstances = Evicted, IsSpot = true };

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
            _quietUntil = time.Elapsed + TimeSpan.FromSeconds(random.Next(10, 300));
            return Answer(OperationStartKind.Throttled, _quietUntil - time.Elapsed, "TooManyRequests");
        }

        if (etag != Etag)
        {
            return Answer(OperationStartKind.Drifted, null, "PreconditionFailed");
        }

        if (capacity > Capacity && fleet.IsFaulty())
        {
            // 1, 2, 4... minutes, less what the clock of the workflow rounds away.
            _pausedUntil = time.Elapsed + (TimeSpan.FromMinutes(1) * Math.Min(60, 1 << Math.Min(_refusals++, 6))) - TimeSpan.FromSeconds(1);
            return Answer(OperationStartKind.Refused, null, "AllocationFailed");
        }

        (_refusals, _cleared) = (0, 0);
        fleet.Record(new Write(set, time.Elapsed, Capacity, capacity, etag));
        Begin(capacity);
        if (fleet.IsFaulty())
        {
            fleet.AnswerLost();
            throw new FleetException("ServerTimeout", "The answer was lost.", isTransient: true);
        }

        return new OperationStart(OperationStartKind.Accepted, $"{set.ResourceId}/op/{_operation}", TimeSpan.FromSeconds(random.Next(1, 20)), null, null);
    }

    public OperationState Poll(string operationUri) => operationUri == $"{set.ResourceId}/op/{_operation}" && _ended is null
        ? new OperationState(OperationPhase.Running, TimeSpan.FromSeconds(random.Next(1, 60)), null, null)
        : _ended ?? new OperationState(OperationPhase.Succeeded, null, null, null);

    private string Etag => _etag.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private void Begin(int capacity)
    {
        Meter();
        var from = Capacity;
        Capacity = Math.Max(capacity, 0);
        Evicted = Math.Min(Evicted, Capacity);
        _etag++;
        _operation++;
        _isUpdating = true;
        _ended = null;
        var isPartial = capacity > from + 1 && fleet.IsFaulty();
        time.After(TimeSpan.FromSeconds(random.Next(20, 600)), () => End(isPartial ? from + ((capacity - from) / 2) : capacity, isPartial));
    }

    private void End(int capacity, bool isPartial)
    {
        Meter();
        Capacity = capacity;
        _ready = capacity - Evicted;
        _isUpdating = false;
        _etag++;
        _ended = isPartial
            ? new OperationState(OperationPhase.Failed, null, "AllocationFailed", "Not all instances could be allocated.")
            : new OperationState(OperationPhase.Succeeded, null, null, null);
    }

    private void Must(bool holds, string rule)
    {
        if (!holds)
        {
            fleet.Violations.Add($"{time.Elapsed:hh\\:mm\\:ss} {rule}");
        }
    }

    private static OperationStart Answer(OperationStartKind kind, TimeSpan? retryAfter, string code) => new(kind, null, retryAfter, code, "no");
}

/// <summary>A change that ARM accepted.</summary>
internal sealed record Write(PolicyScaleSet Set, TimeSpan At, int From, int To, string ETag)
{
    /// <value>Capacity of the whole fleet, with this change.</value>
    public int Total { get; init; }

    /// <value>What the whole fleet cost an hour before this change.</value>
    public decimal UsdPerHour { get; init; }
}
