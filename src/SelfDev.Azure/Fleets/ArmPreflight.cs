using System.IO.Enumeration;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.ResourceManager.Compute;

namespace SelfDev.Azure.Fleets;

/// <summary>
/// Looks, before anybody is asked, for what would stop a change of capacity. What may not be read counts as an obstacle
/// too: an approval that then fails wastes people's trust, and a missing right is mended once.
/// </summary>
internal sealed class ArmPreflight(ArmHeadroom headroom, HttpPipeline pipeline, AzureFleetOptions options)
{
    // https://learn.microsoft.com/rest/api/authorization/permissions and .../monitor/autoscale-settings
    private const string PermissionsVersion = "2022-04-01";
    private const string AutoscaleVersion = "2022-10-01";
    private const string WriteAction = "Microsoft.Compute/virtualMachineScaleSets/write";

    public async Task<IReadOnlyList<string>> FindObstaclesAsync(
        VirtualMachineScaleSetResource set,
        int capacity,
        CancellationToken cancellation
    )
    {
        var data = (await set.GetAsync(cancellationToken: cancellation)).Value.Data;
        var obstacles = new List<string>();
        await AddAsync(obstacles, "permissions", () => FindMissingPermissionAsync(set.Id, cancellation));
        await AddAsync(obstacles, "autoscale settings", () => FindAutoscaleOwnersAsync(set.Id, cancellation));
        if (capacity > (data.Sku?.Capacity ?? 0))
        {
            await AddAsync(obstacles, "quota", () => FindShortQuotaAsync(set.Id, data, capacity, cancellation));
        }

        return obstacles;
    }

    private static async Task AddAsync(List<string> obstacles, string what, Func<Task<IReadOnlyList<string>>> find)
    {
        try
        {
            obstacles.AddRange(await find());
        }
        catch (RequestFailedException denied) when (denied.Status is 401 or 403)
        {
            obstacles.Add(
                $"The {what} could not be checked: the identity may not read them ({ArmFailure.Of(denied).Code}). "
                    + $"Grant the read right that the deployment lists."
            );
        }
    }

    private async Task<IReadOnlyList<string>> FindMissingPermissionAsync(
        ResourceIdentifier id,
        CancellationToken cancellation
    )
    {
        var granted = await ReadAllAsync(
            $"{id}/providers/Microsoft.Authorization/permissions?api-version={PermissionsVersion}",
            cancellation
        );
        return granted.Exists(permission =>
            Matches(permission, "actions", WriteAction) && !Matches(permission, "notActions", WriteAction)
        )
            ? []
            : [$"The identity may not change the scale set: {WriteAction} is not granted on {id.Name}."];
    }

    private async Task<IReadOnlyList<string>> FindAutoscaleOwnersAsync(
        ResourceIdentifier id,
        CancellationToken cancellation
    )
    {
        const string list = "providers/Microsoft.Insights/autoscalesettings?api-version=" + AutoscaleVersion;
        List<JsonElement> settings;
        try
        {
            settings = await ReadAllAsync($"/subscriptions/{id.SubscriptionId}/{list}", cancellation);
        }
        catch (RequestFailedException denied) when (denied.Status == 403)
        {
            // An identity confined to the resource group sees the settings that lie there, where they nearly always do.
            settings = await ReadAllAsync(
                $"/subscriptions/{id.SubscriptionId}/resourceGroups/{id.ResourceGroupName}/{list}",
                cancellation
            );
        }

        return
        [
            .. settings
                .Where(setting =>
                    setting.TryGetProperty("properties", out var properties)
                    && properties.TryGetProperty("targetResourceUri", out var target)
                    && string.Equals(
                        target.GetString()?.TrimEnd('/'),
                        id.ToString(),
                        StringComparison.OrdinalIgnoreCase
                    )
                    && (
                        !properties.TryGetProperty("enabled", out var enabled)
                        || enabled.ValueKind != JsonValueKind.False
                    )
                )
                .Select(setting =>
                    $"The autoscale setting '{setting.GetProperty("name").GetString()}' is enabled and drives the same "
                    + $"scale set: "
                    + "the two would undo each other's changes. Disable it first."
                ),
        ];
    }

    private async Task<IReadOnlyList<string>> FindShortQuotaAsync(
        ResourceIdentifier id,
        VirtualMachineScaleSetData data,
        int capacity,
        CancellationToken cancellation
    )
    {
        var room = await headroom.ReadAsync(id, data, cancellation);
        if (room.Obstacle is not null)
        {
            return [room.Obstacle];
        }

        var adding = capacity - (data.Sku.Capacity ?? 0);
        var required = adding * room.VCpusPerInstance;
        return
        [
            .. room
                .Quotas.Where(quota => quota.Used + required > quota.Limit)
                .Select(quota =>
                    $"Quota '{quota.Name}' in {quota.Location}: {quota.Used} of {quota.Limit} vCPUs are in use, "
                    + $"{adding} more {data.Sku.Name} "
                    + $"need {required}. Ask for a limit of at least {quota.Used + required}."
                ),
        ];
    }

    private async Task<List<JsonElement>> ReadAllAsync(string path, CancellationToken cancellation)
    {
        var items = new List<JsonElement>();
        for (var next = new Uri(options.Endpoint, path); next is not null; )
        {
            using var response = await ArmClients.GetAsync(pipeline, next, cancellation);
            if (response.Status != 200)
            {
                throw new RequestFailedException(response);
            }

            using var json = JsonDocument.Parse(response.Content);
            items.AddRange(json.RootElement.GetProperty("value").EnumerateArray().Select(item => item.Clone()));
            next =
                json.RootElement.TryGetProperty("nextLink", out var link) && link.GetString() is { Length: > 0 } address
                    ? new Uri(address)
                    : null;
        }

        return items;
    }

    // Azure's role patterns know '*' alone, case aside; the name matcher's '?' cannot occur in an action.
    private static bool Matches(JsonElement permission, string property, string action) =>
        permission.TryGetProperty(property, out var patterns)
        && patterns.ValueKind == JsonValueKind.Array
        && patterns
            .EnumerateArray()
            .Any(pattern => FileSystemName.MatchesSimpleExpression(pattern.GetString(), action, ignoreCase: true));
}
