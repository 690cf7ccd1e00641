using static SelfDev.Local.ArmSimulator.ArmFaults;

namespace SelfDev.Local.ArmSimulator;

/// <summary>
/// What the data centre does: scale sets whose instances come up, go down and fail in their own time. Nothing runs in
/// the background; every look first settles what has come due by then. Not thread-safe: the server takes turns.
/// </summary>
internal sealed class SimulatedFleet(ArmState state, ArmSimulatorOptions options, ArmFaults faults, TimeProvider clock)
{
    public const int MaxCapacity = 1000;

    // ARM keeps operations for some time only; old ones would make the state grow without end.
    private static readonly TimeSpan OperationsKept = TimeSpan.FromDays(7);

    public ArmState State => state;

    /// <summary>Adds the configured scale sets that the kept state does not know.</summary>
    public void Seed()
    {
        foreach (
            var set in options.ScaleSets.Where(set => Find(set.SubscriptionId, set.ResourceGroup, set.Name) is null)
        )
        {
            var created = new ScaleSetState
            {
                SubscriptionId = set.SubscriptionId,
                ResourceGroup = set.ResourceGroup,
                Name = set.Name,
                Location = set.Location,
                Sku = set.Sku,
                Capacity = set.Capacity,
                ComputerNamePrefix = set.ComputerNamePrefix,
                Zones = [.. set.Zones],
                Spot = set.Spot,
                EvictionPolicy = set.EvictionPolicy,
                DataCentreLimit = set.DataCentreLimit,
                TimeCreated = clock.GetUtcNow(),
                ChangedAt = clock.GetUtcNow(),
            };
            for (var i = 0; i < set.Capacity; i++)
            {
                var instance = AddInstance(created);
                instance.ProvisioningState = "Succeeded";
                instance.PowerState = "running";
                instance.ProvisionedAt = clock.GetUtcNow();
            }

            state.ScaleSets.Add(created);
        }
    }

    public bool HasSubscription(string subscription) =>
        state.ScaleSets.Exists(set =>
            string.Equals(set.SubscriptionId, subscription, StringComparison.OrdinalIgnoreCase)
        );

    public ScaleSetState? Find(string subscription, string resourceGroup, string name) =>
        state.ScaleSets.Find(set =>
            string.Equals(set.SubscriptionId, subscription, StringComparison.OrdinalIgnoreCase)
            && string.Equals(set.ResourceGroup, resourceGroup, StringComparison.OrdinalIgnoreCase)
            && string.Equals(set.Name, name, StringComparison.OrdinalIgnoreCase)
        );

    /// <summary>Lets everything that is due by now happen.</summary>
    public void Settle()
    {
        var now = clock.GetUtcNow();
        foreach (var set in state.ScaleSets)
        {
            foreach (var instance in set.Instances.Where(instance => instance.Due <= now).ToList())
            {
                if (instance.ProvisioningState == "Deleting")
                {
                    set.Instances.Remove(instance);
                    continue;
                }

                if (instance.ProvisioningState == "Creating")
                {
                    instance.PowerState = "running";
                    instance.ProvisionedAt = instance.Due;
                }

                instance.ProvisioningState = "Succeeded";
                instance.Due = null;
            }
        }

        foreach (
            var operation in state.Operations.Where(operation =>
                operation.Status == "InProgress" && operation.Due <= now
            )
        )
        {
            End(operation, operation.ErrorCode is null ? "Succeeded" : "Failed", operation.Due!.Value);
        }

        state.Operations.RemoveAll(operation => operation.EndTime < now - OperationsKept);
    }

    /// <summary>Sets the absolute capacity; instances follow in their own time.</summary>
    /// <exception cref="ArmError">Refused: out of range, over the quota, or every instance that would have to go is
    /// protected.</exception>
    public OperationRecord Scale(ScaleSetState set, int capacity)
    {
        if (capacity is < 0 or > MaxCapacity)
        {
            throw ArmError.InvalidParameter(
                "sku.capacity",
                $"The value {capacity} of parameter 'sku.capacity' is out of range: 0 to {MaxCapacity}."
            );
        }

        var present = set
            .Instances.Where(instance => instance.ProvisioningState is not ("Deleting" or "Failed"))
            .ToList();
        var leaving = LeavingAt(set, present, capacity);
        var adding = Math.Max(0, capacity - present.Count);
        CheckQuota(set, adding);
        foreach (
            var running in state.Operations.Where(running =>
                running.ChangesCapacity && running.Status == "InProgress" && running.ScaleSetId == set.ResourceId
            )
        )
        {
            running.ErrorCode = "OperationPreempted";
            running.ErrorMessage = "The operation has been preempted by a more recent operation.";
            End(running, "Canceled", clock.GetUtcNow());
        }

        set.Capacity = capacity;
        Touch(set);
        set.ProvisioningState = "Updating";
        // Instances that an earlier allocation left behind give way to new ones.
        set.Instances.RemoveAll(instance => instance.ProvisioningState == "Failed");
        return adding > 0 ? ScaleOut(set, adding) : ScaleIn(set, leaving);
    }

    public OperationRecord Reimage(ScaleSetState set, IReadOnlyList<InstanceState> instances) =>
        ChangeInstances(set, instances, "Creating", options.ReimageTime, instance => instance.PowerState = "starting");

    /// <summary>Removes instances; the capacity falls by as many.</summary>
    public OperationRecord Delete(ScaleSetState set, IReadOnlyList<InstanceState> instances)
    {
        var going = instances.Where(instance => instance.ProvisioningState != "Deleting").ToList();
        set.Capacity = Math.Max(0, set.Capacity - going.Count(instance => instance.ProvisioningState != "Failed"));
        Touch(set);
        return ChangeInstances(
            set,
            instances,
            "Deleting",
            options.DeleteTime,
            instance => instance.PowerState = "stopping"
        );
    }

    public OperationRecord Protect(
        ScaleSetState set,
        InstanceState instance,
        bool fromScaleIn,
        bool fromScaleSetActions
    )
    {
        instance.ProtectFromScaleIn = fromScaleIn;
        instance.ProtectFromScaleSetActions = fromScaleSetActions;
        return ChangeInstances(set, [instance], "Updating", options.UpdateTime, _ => { });
    }

    /// <summary>Takes a spot instance back at once.</summary>
    /// <exception cref="ArmError">The set is not spot.</exception>
    public void Evict(ScaleSetState set, InstanceState instance)
    {
        if (!set.Spot)
        {
            throw new ArmError(
                409,
                "OperationNotAllowed",
                "Simulate eviction is only supported on virtual machines with priority 'Spot'."
            );
        }

        if (set.EvictionPolicy == "Delete")
        {
            set.Instances.Remove(instance);
            set.Capacity = Math.Max(0, set.Capacity - 1);
            Touch(set);
            return;
        }

        instance.ProvisioningState = "Succeeded";
        instance.PowerState = "deallocated";
        instance.Due = null;
        instance.Revision++;
    }

    /// <summary>Somebody changes the model without us: new ETag, same capacity unless one is given.</summary>
    public void ChangeByOthers(ScaleSetState set, int? capacity = null)
    {
        if (capacity is { } target)
        {
            Scale(set, target);
            return;
        }

        set.Tags["changedBy"] = "somebody-else";
        Touch(set);
    }

    /// <summary>vCPUs in use and allowed.</summary>
    public IEnumerable<(string Name, string LocalizedName, int Usage, int Limit)> Usages(
        string subscription,
        string location
    )
    {
        yield return Row("cores", "Total Regional vCPUs", _ => true);
        yield return Row("lowPriorityCores", "Total Regional Low-priority vCPUs", set => set.Spot);
        foreach (var family in options.Skus.Select(sku => sku.Family).Distinct())
        {
            yield return Row(family, family, set => !set.Spot && SkuOf(set)?.Family == family);
        }

        (string, string, int, int) Row(string name, string localized, Func<ScaleSetState, bool> counts) =>
            (
                name,
                localized,
                state
                    .ScaleSets.Where(set =>
                        string.Equals(set.SubscriptionId, subscription, StringComparison.OrdinalIgnoreCase)
                        && IsIn(set, location)
                        && counts(set)
                    )
                    .Sum(set =>
                        set.Instances.Count(instance => instance.PowerState != "deallocated") * (SkuOf(set)?.VCpus ?? 0)
                    ),
                options.Quotas.GetValueOrDefault(name, options.DefaultQuota)
            );
    }

    public static bool IsIn(ScaleSetState set, string location) =>
        string.Equals(set.Location, location, StringComparison.OrdinalIgnoreCase);

    private SimulatedSku? SkuOf(ScaleSetState set) =>
        options.Skus.FirstOrDefault(sku => string.Equals(sku.Name, set.Sku, StringComparison.OrdinalIgnoreCase));

    private void CheckQuota(ScaleSetState set, int adding)
    {
        var required = adding * (SkuOf(set)?.VCpus ?? 0);
        var family = set.Spot ? "lowPriorityCores" : SkuOf(set)?.Family;
        foreach (var (name, _, usage, limit) in Usages(set.SubscriptionId, set.Location))
        {
            if (required > 0 && usage + required > limit && (name == family || name == "cores"))
            {
                throw ArmError.QuotaExceeded(
                    name == "cores" ? "Total Regional" : name,
                    set.Location,
                    limit,
                    usage,
                    required
                );
            }
        }
    }

    // ARM's default scale-in policy: balance zones, then the highest instance id first; protected instances stay.
    // Which answer ARM gives when too many are protected was not found; a refusal that changes nothing is the careful
    // reading.
    private static List<InstanceState> LeavingAt(ScaleSetState set, List<InstanceState> present, int capacity)
    {
        var leaving = new List<InstanceState>();
        var staying = present.ToList();
        while (staying.Count > capacity)
        {
            var next =
                staying
                    .Where(instance => !instance.ProtectFromScaleIn && !instance.ProtectFromScaleSetActions)
                    .GroupBy(instance => instance.Zone)
                    .OrderByDescending(zone => staying.Count(instance => instance.Zone == zone.Key))
                    .ThenByDescending(zone => zone.Max(instance => instance.Id))
                    .Select(zone => zone.MaxBy(instance => instance.Id))
                    .FirstOrDefault()
                ?? throw new ArmError(
                    409,
                    "OperationNotAllowed",
                    $"The capacity of '{set.Name}' cannot be reduced to {capacity}: {staying.Count} instances are "
                        + $"protected from scale-in."
                );
            staying.Remove(next);
            leaving.Add(next);
        }

        return leaving;
    }

    private OperationRecord ScaleOut(ScaleSetState set, int adding)
    {
        var now = clock.GetUtcNow();
        var stuck = faults.Take(FaultKind.NeverFinish) is not null;
        var factor = faults.Take(FaultKind.Slow)?.Number ?? 1;
        var refused = faults.Take(FaultKind.FailAllocation);
        var room = set.DataCentreLimit is { } limit
            ? Math.Max(0, limit - set.Instances.Count(instance => instance.PowerState != "deallocated"))
            : adding;
        var granted = Math.Min(adding, refused is null ? room : Math.Min(room, refused.Number));
        var due = now;
        for (var i = 0; i < granted; i++)
        {
            due = now + (factor * (options.ProvisioningTime + (i * options.ProvisioningStagger)));
            AddInstance(set).Due = stuck ? null : due;
        }

        var operation = Start(
            set,
            stuck ? null
                : granted > 0 ? due
                : now + (factor * options.ProvisioningTime),
            changesCapacity: true
        );
        if (granted < adding)
        {
            operation.ErrorCode = refused?.Text ?? (set.Zones.Count > 0 ? "ZonalAllocationFailed" : "AllocationFailed");
            operation.ErrorMessage = ArmError.AllocationMessage(operation.ErrorCode);
            operation.IsErrorWrapped = refused?.IsWrapped ?? false;
        }

        return operation;
    }

    private OperationRecord ScaleIn(ScaleSetState set, List<InstanceState> leaving) =>
        ChangeInstances(
            set,
            leaving,
            "Deleting",
            options.DeleteTime,
            instance => instance.PowerState = "stopping",
            changesCapacity: true
        );

    private OperationRecord ChangeInstances(
        ScaleSetState set,
        IReadOnlyList<InstanceState> instances,
        string provisioningState,
        TimeSpan duration,
        Action<InstanceState> begin,
        bool changesCapacity = false
    )
    {
        var stuck = faults.Take(FaultKind.NeverFinish) is not null;
        var factor = faults.Take(FaultKind.Slow)?.Number ?? 1;
        DateTimeOffset? due = stuck ? null : clock.GetUtcNow() + (factor * duration);
        foreach (var instance in instances)
        {
            begin(instance);
            instance.ProvisioningState = provisioningState;
            instance.Due = due;
            instance.Revision++;
        }

        return Start(set, due, changesCapacity);
    }

    private InstanceState AddInstance(ScaleSetState set)
    {
        var id = set.NextInstanceId++;
        var instance = new InstanceState
        {
            Id = id,
            VmId = Guid.NewGuid(),
            Zone =
                set.Zones.Count == 0
                    ? null
                    : set.Zones.MinBy(zone =>
                        (
                            set.Instances.Count(other => other.Zone == zone && other.ProvisioningState != "Deleting"),
                            set.Zones.IndexOf(zone)
                        )
                    ),
            ProvisioningState = "Creating",
            PowerState = "starting",
            TimeCreated = clock.GetUtcNow(),
        };
        set.Instances.Add(instance);
        return instance;
    }

    private OperationRecord Start(ScaleSetState set, DateTimeOffset? due, bool changesCapacity)
    {
        var operation = new OperationRecord
        {
            Id = Guid.NewGuid().ToString(),
            SubscriptionId = set.SubscriptionId,
            ScaleSetId = set.ResourceId,
            Region = set.Location,
            StartTime = clock.GetUtcNow(),
            Due = due,
            ChangesCapacity = changesCapacity,
        };
        state.Operations.Add(operation);
        return operation;
    }

    private void End(OperationRecord operation, string status, DateTimeOffset at)
    {
        operation.Status = status;
        operation.EndTime = at;
        if (
            operation.ChangesCapacity
            && status != "Canceled"
            && state.ScaleSets.Find(set => set.ResourceId == operation.ScaleSetId) is { } set
        )
        {
            set.ProvisioningState = status;
            set.ChangedAt = at;
        }
    }

    private void Touch(ScaleSetState set)
    {
        set.Revision++;
        set.ChangedAt = clock.GetUtcNow();
    }
}
