namespace SelfDev.Local.ArmSimulator;

/// <summary>What the simulated subscription holds and how slow its data centre is.</summary>
public sealed class ArmSimulatorOptions
{
    public const string DefaultSubscriptionId = "00000000-0000-0000-0000-000000000001";

    /// <value>Where state, certificate and token key are kept, so that a restarted process finds the same fleet; null:
    /// nowhere.</value>
    public string? DataDirectory { get; init; }

    /// <value>TCP port on loopback. 0 (the default): the one of the last start if it is free, else any.</value>
    public int Port { get; init; }

    /// <value>Bearer tokens accepted besides those that the simulator issues. Default: none.</value>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <value>Scale sets at the first start; kept state wins over them. Default: the demo's fleet.</value>
    public IReadOnlyList<SimulatedScaleSet> ScaleSets { get; init; } = [new()];

    /// <value>Sizes that the regions offer, with the quota family that each is charged to.</value>
    public IReadOnlyList<SimulatedSku> Skus { get; init; } = SimulatedSku.Catalog;

    /// <value>vCPU limits by usage name: a family, <c>cores</c> (regional) or <c>lowPriorityCores</c> (spot). Unnamed
    /// ones: <see cref="DefaultQuota"/>.</value>
    public Dictionary<string, int> Quotas { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <value>vCPUs. Default: 10,000.</value>
    public int DefaultQuota { get; init; } = 10_000;

    /// <value>Until the first new instance is ready. Default: 4 s.</value>
    public TimeSpan ProvisioningTime { get; init; } = TimeSpan.FromSeconds(4);

    /// <value>Between one new instance and the next. Default: 0.5 s.</value>
    public TimeSpan ProvisioningStagger { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <value>Default: 4 s.</value>
    public TimeSpan ReimageTime { get; init; } = TimeSpan.FromSeconds(4);

    /// <value>Default: 2 s.</value>
    public TimeSpan DeleteTime { get; init; } = TimeSpan.FromSeconds(2);

    /// <value>For changes of an instance's own model, e.g. its protection. Default: 1 s.</value>
    public TimeSpan UpdateTime { get; init; } = TimeSpan.FromSeconds(1);

    /// <value>Sent as Retry-After with a running operation; whole seconds, 1 or more. Default: 1 s.</value>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <value>Instances on one page of a list. Default: 100.</value>
    public int PageSize { get; init; } = 100;

    /// <value>Requests within three minutes, by throttling policy; unnamed ones are not limited. See <see
    /// cref="ArmThrottle"/>.</value>
    public Dictionary<string, int> RequestLimits { get; init; } = [];

    /// <value>What the caller may do, on every resource; anything else is answered 403. Default: everything.</value>
    public IList<string> Actions { get; init; } = ["*"];

    public IList<string> NotActions { get; init; } = [];

    /// <value>Of the whole subscription. Default: none.</value>
    public IList<SimulatedAutoscaleSetting> AutoscaleSettings { get; init; } = [];
}

/// <summary>One scale set in uniform orchestration mode.</summary>
public sealed record SimulatedScaleSet
{
    public string SubscriptionId { get; init; } = ArmSimulatorOptions.DefaultSubscriptionId;

    public string ResourceGroup { get; init; } = "selfdev";

    public string Name { get; init; } = "trainvm";

    public string Location { get; init; } = "eastus";

    public string Sku { get; init; } = "Standard_ND96isr_H100_v5";

    /// <value>0 to 1000. Default: 4.</value>
    public int Capacity { get; init; } = 4;

    /// <value>Host names are this and six digits of the instance id in base 36. Default: <c>trainvm</c>.</value>
    public string ComputerNamePrefix { get; init; } = "trainvm";

    /// <value>Availability zones that new instances go round. Default: none.</value>
    public IReadOnlyList<string> Zones { get; init; } = [];

    /// <value>Default: false (regular priority).</value>
    public bool Spot { get; init; }

    /// <value>What eviction does to a spot instance: <c>Deallocate</c> (the default) or <c>Delete</c>.</value>
    public string EvictionPolicy { get; init; } = "Deallocate";

    /// <value>How many instances the data centre can hold for this set; allocation fails beyond it. Null (the default):
    /// no limit.</value>
    public int? DataCentreLimit { get; init; }

    /// <value>ARM resource id.</value>
    public string ResourceId =>
        $"/subscriptions/{SubscriptionId}/resourceGroups/{ResourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets/{Name}";
}

/// <param name="Family">Usage name that its vCPUs are counted under, as <c>Microsoft.Compute/skus</c> and <c>usages</c>
/// spell it.</param>
public sealed record SimulatedSku(string Name, string Family, int VCpus, int Gpus, int MemoryGB)
{
    /// <value>False: listed with the restriction <c>NotAvailableForSubscription</c>.</value>
    public bool Available { get; init; } = true;

    /// <value>GPU sizes that people train and serve on. Sizes by
    /// https://learn.microsoft.com/azure/virtual-machines/sizes/gpu-accelerated.</value>
    public static IReadOnlyList<SimulatedSku> Catalog { get; } =
    [
        new("Standard_ND96isr_H100_v5", "standardNDSH100v5Family", 96, 8, 1900),
        new("Standard_ND96amsr_A100_v4", "Standard NDAMSv4_A100Family", 96, 8, 1900),
        new("Standard_NC24ads_A100_v4", "StandardNCADSA100v4Family", 24, 1, 220),
        new("Standard_NC40ads_H100_v5", "StandardNCadsH100v5Family", 40, 1, 320),
    ];
}

/// <param name="TargetResourceId">The scale set that it drives.</param>
public sealed record SimulatedAutoscaleSetting(
    string ResourceGroup,
    string Name,
    string TargetResourceId,
    bool Enabled
);
