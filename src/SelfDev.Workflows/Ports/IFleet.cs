namespace SelfDev.Workflows.Ports;

/// <summary>A GPU scale set. Every write is conditional and absolute, so that a repeated call has no second
/// effect.</summary>
public interface IFleet
{
    /// <exception cref="FleetException">With the code that ARM gave.</exception>
    Task<FleetState> GetAsync(string resourceId, CancellationToken cancellation);

    Task<IReadOnlyList<FleetInstance>> ListInstancesAsync(string resourceId, CancellationToken cancellation);

    /// <summary>
    /// Asks, before any human is bothered, what would stop the change: quota, missing permission, an enabled autoscale
    /// setting that owns the set.
    /// </summary>
    /// <returns>Obstacles in plain words; empty where none was found.</returns>
    Task<IReadOnlyList<string>> PreflightAsync(string resourceId, int capacity, CancellationToken cancellation);

    /// <summary>How far quota would let the set grow: what a plan needs that fills several sets. Whether the data
    /// centre has room, nobody tells.</summary>
    Task<FleetHeadroom> GetHeadroomAsync(string resourceId, CancellationToken cancellation);

    /// <summary>Starts setting the capacity, if the set still has that ETag; returns without waiting.</summary>
    Task<OperationStart> StartScaleAsync(string resourceId, int capacity, string etag, CancellationToken cancellation);

    /// <summary>Starts reimaging one instance.</summary>
    Task<OperationStart> StartReimageAsync(string resourceId, string instanceId, CancellationToken cancellation);

    /// <summary>Starts deleting one instance (capacity falls by one).</summary>
    Task<OperationStart> StartDeleteAsync(string resourceId, string instanceId, CancellationToken cancellation);

    /// <summary>
    /// Starts deleting these instances and no others (capacity falls by as many): the way to scale in the idle ones and
    /// spare the busy ones. Instances that are gone already, or whose id belongs to another VM by now, are passed over,
    /// so that a repeated call deletes nothing more.
    /// </summary>
    /// <param name="instances">As listed before.</param>
    /// <returns>
    /// Refused with <see cref="FleetCodes.InstanceProtected"/>, and nothing deleted, if one of them is protected by now
    /// and was not when listed. ARM itself would delete it: protection stops scale-in, not a deletion by name
    /// (learn.microsoft.com, "Instance Protection").
    /// </returns>
    Task<OperationStart> StartDeleteInstancesAsync(
        string resourceId,
        IReadOnlyList<FleetInstance> instances,
        CancellationToken cancellation
    );

    /// <summary>Starts protecting one instance from scale-in (while it drains), or lifting that.</summary>
    Task<OperationStart> StartProtectAsync(
        string resourceId,
        string instanceId,
        bool isProtected,
        CancellationToken cancellation
    );

    /// <summary>Looks at a long-running operation once; the workflow waits between looks with durable timers.</summary>
    Task<OperationState> PollAsync(string operationUri, CancellationToken cancellation);
}

/// <param name="ETag">Without quotes.</param>
/// <param name="ProvisioningState">As ARM says: <c>Succeeded</c>, <c>Updating</c>, <c>Failed</c>...</param>
/// <param name="RunningInstances">Instances that are provisioned and not evicted.</param>
public sealed record FleetState(
    string ResourceId,
    string Sku,
    int Capacity,
    string ETag,
    string ProvisioningState,
    int RunningInstances,
    string Location
)
{
    /// <value>Availability zones of the set; empty where it has none.</value>
    public IReadOnlyList<string> Zones { get; init; } = [];

    /// <value>Whether the platform may take instances back at any time.</value>
    public bool IsSpot { get; init; }

    /// <value>Spot instances that the platform has taken back and that still count towards <see
    /// cref="Capacity"/>.</value>
    public int EvictedInstances { get; init; }
}

/// <param name="InstanceId">ARM's id inside the set.</param>
/// <param name="ComputerName">Host name, as logs show it.</param>
/// <param name="State">Provisioning or power state, as ARM says.</param>
public sealed record FleetInstance(string InstanceId, string ComputerName, string State)
{
    /// <value>
    /// When the instance was last provisioned (created or reimaged): the time of its <c>ProvisioningState</c> status in
    /// the instance view. Tells after a crash whether a reimage was carried out.
    /// </value>
    public DateTimeOffset? ProvisionedAt { get; init; }

    /// <value>As the instance view says, e.g. <c>running</c>; <c>deallocated</c> after an eviction. Null where ARM does
    /// not say.</value>
    public string? PowerState { get; init; }

    /// <value>Unique for ever, unlike <see cref="InstanceId"/>, which ARM may use again.</value>
    public string? VmId { get; init; }

    public string? Zone { get; init; }

    /// <value>Whether scale-in passes it over.</value>
    public bool IsProtected { get; init; }
}

/// <summary>How far quota lets a scale set grow.</summary>
/// <param name="VCpusPerInstance">0 where that is not known; then there is an <paramref name="Obstacle"/>.</param>
/// <param name="Quotas">All that every instance is charged to. Sets of one region or family share them: what one takes,
/// the other lacks.</param>
/// <param name="Obstacle">Why no instance can be added at all, or why that could not be found out; null where nothing
/// is in the way.</param>
public sealed record FleetHeadroom(int VCpusPerInstance, IReadOnlyList<FleetQuota> Quotas, string? Obstacle)
{
    /// <value>Instances that fit, if nobody else takes from the same quotas meanwhile.</value>
    public int Instances =>
        Obstacle is not null || Quotas.Count == 0
            ? 0
            : (int)Math.Min(int.MaxValue, Quotas.Min(quota => quota.Free) / VCpusPerInstance);
}

/// <param name="Name">ARM's name: a size family, <c>cores</c> (the region) or <c>lowPriorityCores</c> (all
/// spot).</param>
/// <param name="Used">vCPUs.</param>
/// <param name="Limit">vCPUs.</param>
public sealed record FleetQuota(string Location, string Name, long Used, long Limit)
{
    public long Free => Math.Max(0, Limit - Used);
}

/// <summary>What a start came to.</summary>
/// <param name="Code">
/// ARM's error code, or one of <see cref="FleetCodes"/>; with Accepted null, or <see cref="FleetCodes.AlreadyDone"/>.
/// </param>
/// <param name="Kind">Accepted, drifted (412: re-read, re-plan, re-approve), throttled, or refused.</param>
/// <param name="OperationUri">Where to poll; null where ARM finished at once or refused.</param>
/// <param name="RetryAfter">When to try or poll again at the earliest, if ARM said.</param>
public sealed record OperationStart(
    OperationStartKind Kind,
    string? OperationUri,
    TimeSpan? RetryAfter,
    string? Code,
    string? Message
);

public enum OperationStartKind
{
    Accepted,
    Drifted,
    Throttled,
    Refused,
}

/// <param name="Code">ARM's error code when failed, e.g. <c>AllocationFailed</c>.</param>
public sealed record OperationState(OperationPhase Phase, TimeSpan? RetryAfter, string? Code, string? Message);

public enum OperationPhase
{
    Running,
    Succeeded,
    Failed,
}

/// <summary>ARM said no, or could not be reached.</summary>
public sealed class FleetException(string code, string message, bool isTransient) : Exception(message)
{
    /// <value>ARM's error code.</value>
    public string Code { get; } = code;

    /// <value>Whether trying again can help.</value>
    public bool IsTransient { get; } = isTransient;

    /// <value>When to try again at the earliest, if ARM said.</value>
    public TimeSpan? RetryAfter { get; init; }
}
