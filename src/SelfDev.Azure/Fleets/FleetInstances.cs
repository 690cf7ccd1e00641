using Azure.ResourceManager.Compute;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Fleets;

/// <summary>The SDK's model of an instance, as the port's.</summary>
internal static class FleetInstances
{
    private const string Provisioning = "ProvisioningState/";
    private const string Power = "PowerState/";

    public static FleetInstance Of(VirtualMachineScaleSetVmData data)
    {
        var statuses = data.InstanceView?.Statuses;
        return new FleetInstance(
            data.InstanceId,
            data.OSProfile?.ComputerName ?? data.Name,
            data.ProvisioningState ?? "Succeeded"
        )
        {
            ProvisionedAt = statuses?.FirstOrDefault(status => Starts(status.Code, Provisioning))?.Time,
            PowerState = statuses?.FirstOrDefault(status => Starts(status.Code, Power))?.Code[Power.Length..],
            VmId = data.VmId,
            Zone = data.Zones.Count > 0 ? data.Zones[0] : null,
            IsProtected = data.ProtectionPolicy is { ProtectFromScaleIn: true } or { ProtectFromScaleSetActions: true },
        };
    }

    /// <summary>Whether the platform has taken the instance back: its disk is kept, its machine is not.</summary>
    public static bool IsEvicted(FleetInstance instance) => instance.PowerState is "deallocated" or "deallocating";

    /// <summary>
    /// Those of <paramref name="chosen"/> that are still there: the same id and, where both are known, the same VM.
    /// </summary>
    public static List<FleetInstance> StillThere(
        IReadOnlyList<FleetInstance> chosen,
        IReadOnlyList<FleetInstance> present
    ) =>
        [
            .. present.Where(instance =>
                chosen.Any(candidate =>
                    candidate.InstanceId == instance.InstanceId
                    && (
                        candidate.VmId is null
                        || instance.VmId is null
                        || string.Equals(candidate.VmId, instance.VmId, StringComparison.OrdinalIgnoreCase)
                    )
                )
            ),
        ];

    /// <summary>ARM's rule: any other state means that something is still going on; none at all means that it went
    /// well.</summary>
    public static bool IsSettled(string? provisioningState) =>
        provisioningState is null
        || ((string[])["Succeeded", "Failed", "Canceled"]).Contains(
            provisioningState,
            StringComparer.OrdinalIgnoreCase
        );

    private static bool Starts(string? code, string prefix) =>
        code?.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) == true;
}
