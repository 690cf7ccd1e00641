using System.Text.Json.Serialization;

namespace SelfDev.Local.ArmSimulator;

/// <summary>
/// All that the simulator must not forget. What happens later (an instance becoming ready, an operation ending) is kept
/// as the time when it is due, so that a restarted process carries on where the killed one stood.
/// </summary>
internal sealed class ArmState
{
    public const int MaxWrites = 1_000;

    public int Port { get; set; }

    public List<ScaleSetState> ScaleSets { get; set; } = [];

    public List<OperationRecord> Operations { get; set; } = [];

    /// <value>
    /// Changes that were accepted, the newest <see cref="MaxWrites"/>, oldest first: kept with what they changed, so
    /// that neither is there without the other.
    /// </value>
    public List<AcceptedWrite> Writes { get; set; } = [];
}

/// <summary>A request that ARM answered with success and that changed something, or asked it to.</summary>
/// <param name="Body">As it came, at most 4,096 characters; null where there was none.</param>
internal sealed record AcceptedWrite(
    DateTimeOffset At,
    string Method,
    string Path,
    string? IfMatch,
    string? Body,
    int Status
);

internal sealed class ScaleSetState
{
    public required string SubscriptionId { get; set; }

    public required string ResourceGroup { get; set; }

    public required string Name { get; set; }

    public required string Location { get; set; }

    public required string Sku { get; set; }

    public required int Capacity { get; set; }

    public required string ComputerNamePrefix { get; set; }

    public List<string> Zones { get; set; } = [];

    public bool Spot { get; set; }

    public string EvictionPolicy { get; set; } = "Deallocate";

    public int? DataCentreLimit { get; set; }

    public Dictionary<string, string> Tags { get; set; } = [];

    /// <value>Counts changes of the model; the ETag is this number.</value>
    public int Revision { get; set; } = 1;

    public string ProvisioningState { get; set; } = "Succeeded";

    public DateTimeOffset ChangedAt { get; set; }

    public required DateTimeOffset TimeCreated { get; set; }

    public int NextInstanceId { get; set; }

    public List<InstanceState> Instances { get; set; } = [];

    [JsonIgnore]
    public string ResourceId =>
        $"/subscriptions/{SubscriptionId}/resourceGroups/{ResourceGroup}/providers/Microsoft.Compute/virtualMachineScaleSets/{Name}";
}

internal sealed class InstanceState
{
    public required int Id { get; set; }

    public required Guid VmId { get; set; }

    public string? Zone { get; set; }

    public required string ProvisioningState { get; set; }

    /// <value>As in the instance view, without <c>PowerState/</c>.</value>
    public required string PowerState { get; set; }

    public int Revision { get; set; } = 1;

    public bool ProtectFromScaleIn { get; set; }

    public bool ProtectFromScaleSetActions { get; set; }

    public required DateTimeOffset TimeCreated { get; set; }

    /// <value>When it last came up from its image.</value>
    public DateTimeOffset? ProvisionedAt { get; set; }

    /// <value>When <see cref="ProvisioningState"/> ends; null: it stays.</value>
    public DateTimeOffset? Due { get; set; }
}

internal sealed class OperationRecord
{
    public required string Id { get; set; }

    public required string SubscriptionId { get; set; }

    public required string ScaleSetId { get; set; }

    /// <value>Where ARM keeps it: part of its address.</value>
    public required string Region { get; set; }

    public required DateTimeOffset StartTime { get; set; }

    public DateTimeOffset? EndTime { get; set; }

    /// <value>InProgress, Succeeded, Failed or Canceled.</value>
    public string Status { get; set; } = "InProgress";

    /// <value>When it ends; null: never.</value>
    public DateTimeOffset? Due { get; set; }

    /// <value>Whether a newer change of the scale set ends it before its time.</value>
    public bool ChangesCapacity { get; set; }

    public string? ErrorCode { get; set; }

    public string? ErrorMessage { get; set; }

    /// <value>Whether the error is shown inside a general one.</value>
    public bool IsErrorWrapped { get; set; }
}
