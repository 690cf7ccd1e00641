using Azure.Core;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Fleets;

/// <summary>Addresses that come back from outside (workflow histories, ARM's headers) and are checked before anything
/// is sent to them.</summary>
internal static class ArmAddress
{
    /// <summary>Stands in an address that is polled until the resource is gone. A fragment never goes over the
    /// wire.</summary>
    public const string UntilAbsent = "until=absent";

    /// <summary>Whether an address is on ARM's own scheme, host and port, with no user name in it.</summary>
    public static bool IsOn(Uri endpoint, Uri address) =>
        address.IsAbsoluteUri
        && address.Scheme == Uri.UriSchemeHttps
        && address.UserInfo.Length == 0
        && address.Port == endpoint.Port
        && string.Equals(address.IdnHost, endpoint.IdnHost, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="FleetException"><c>OperationUriRefused</c>: not an address of this ARM.</exception>
    public static Uri Operation(Uri endpoint, string operationUri)
    {
        if (
            !Uri.TryCreate(operationUri, UriKind.Absolute, out var address)
            || !IsOn(endpoint, address)
            || !address.AbsolutePath.StartsWith("/subscriptions/", StringComparison.OrdinalIgnoreCase)
        )
        {
            throw new FleetException(
                FleetCodes.OperationUriRefused,
                $"The operation's address is not one of the ARM endpoint {endpoint.Authority}; it is not polled.",
                isTransient: false
            );
        }

        return address;
    }

    /// <exception cref="FleetException"><c>ResourceIdRefused</c>: not the id of a scale set.</exception>
    public static ResourceIdentifier ScaleSet(string resourceId)
    {
        if (
            !ResourceIdentifier.TryParse(resourceId, out var id)
            || id!.ResourceType != "Microsoft.Compute/virtualMachineScaleSets"
            || id.SubscriptionId is null
            || id.ResourceGroupName is null
            || resourceId.AsSpan().ContainsAny("?#%\\")
        )
        {
            throw new FleetException(
                FleetCodes.ResourceIdRefused,
                "Not the resource id of a virtual machine scale set; expected "
                    + "/subscriptions/<id>/resourceGroups/<group>/providers/"
                    + "Microsoft.Compute/virtualMachineScaleSets/<name>.",
                isTransient: false
            );
        }

        return id;
    }

    /// <exception cref="FleetException"><c>ResourceIdRefused</c>: not an instance id.</exception>
    public static string Instance(string instanceId) =>
        instanceId.Length is > 0 and <= 64 && instanceId.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? instanceId
            : throw new FleetException(
                FleetCodes.ResourceIdRefused,
                "Not an instance id of a scale set: letters, digits, '_' and '-' only.",
                isTransient: false
            );
}
