using System.Globalization;
using Azure.Core;
using Azure.ResourceManager;
using Azure.ResourceManager.Compute;
using Azure.ResourceManager.Compute.Models;
using Azure.ResourceManager.Resources;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Fleets;

/// <summary>
/// Quotas by usage list and size catalogue. ARM names the family that a size is charged to and its vCPUs, so nothing is
/// assumed here about sizes.
/// </summary>
internal sealed class ArmHeadroom(ArmClient client)
{
    private const string RegionalQuota = "cores";

    // Spot instances of every family are charged to one bucket of the region.
    private const string SpotQuota = "lowPriorityCores";

    public async Task<FleetHeadroom> ReadAsync(
        ResourceIdentifier id,
        VirtualMachineScaleSetData data,
        CancellationToken cancellation
    )
    {
        var subscription = client.GetSubscriptionResource(
            SubscriptionResource.CreateResourceIdentifier(id.SubscriptionId)
        );
        var location = data.Location.Name;
        var sku = await FindSkuAsync(subscription, data, cancellation);
        if (sku is null)
        {
            return Blocked($"The size {data.Sku.Name} is not offered in {location}.");
        }

        if (sku.Restrictions.FirstOrDefault(restriction => Applies(restriction, data.Zones)) is { } restricted)
        {
            return Blocked($"The size {data.Sku.Name} is restricted in {location}: {restricted.ReasonCode}.");
        }

        var vCpus = sku.Capabilities.FirstOrDefault(capability => capability.Name == "vCPUs")?.Value;
        if (
            !int.TryParse(vCpus, NumberStyles.None, CultureInfo.InvariantCulture, out var perInstance)
            || perInstance == 0
        )
        {
            return Blocked($"ARM does not say how many vCPUs {data.Sku.Name} has: the quota could not be checked.");
        }

        var own = data.VirtualMachineProfile?.Priority == VirtualMachinePriorityType.Spot ? SpotQuota : sku.Family;
        var quotas = new List<FleetQuota>();
        await foreach (var usage in subscription.GetUsagesAsync(data.Location, cancellation))
        {
            if (
                usage.Name.Value == RegionalQuota
                || string.Equals(usage.Name.Value, own, StringComparison.OrdinalIgnoreCase)
            )
            {
                quotas.Add(new FleetQuota(location, usage.Name.Value, usage.CurrentValue, usage.Limit));
            }
        }

        return quotas.Exists(quota => quota.Name != RegionalQuota)
            ? new FleetHeadroom(perInstance, quotas, null)
            : Blocked($"ARM lists no quota '{own}' in {location}: it could not be checked.");
    }

    private static FleetHeadroom Blocked(string obstacle) => new(0, [], obstacle);

    // A restriction of zones matters only to a set that has no other zone.
    private static bool Applies(ComputeResourceSkuRestrictions restriction, IList<string> zones) =>
        restriction.RestrictionsType != ComputeResourceSkuRestrictionsType.Zone
        || (zones.Count > 0 && zones.All(zone => restriction.RestrictionInfo.Zones.Contains(zone)));

    private static async Task<ComputeResourceSku?> FindSkuAsync(
        SubscriptionResource subscription,
        VirtualMachineScaleSetData data,
        CancellationToken cancellation
    )
    {
        await foreach (
            var sku in subscription.GetComputeResourceSkusAsync(
                $"location eq '{data.Location.Name}'",
                cancellationToken: cancellation
            )
        )
        {
            if (
                sku.ResourceType == "virtualMachines"
                && string.Equals(sku.Name, data.Sku.Name, StringComparison.OrdinalIgnoreCase)
            )
            {
                return sku;
            }
        }

        return null;
    }
}
