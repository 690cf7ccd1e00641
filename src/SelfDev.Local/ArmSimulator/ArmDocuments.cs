using System.Globalization;
using System.Text.Json.Nodes;

namespace SelfDev.Local.ArmSimulator;

/// <summary>
/// Response bodies, property by property as in Microsoft's examples of the same operations (Azure/azure-rest-api-specs,
/// ComputeRP 2023-07-01;
/// <c>etag</c>, <c>zones</c> and spot fields as the 2024-11-01 specification adds them). A test holds them to those
/// files.
/// </summary>
internal static class ArmDocuments
{
    public static string ETag(int revision) => "\"" + revision.ToString(CultureInfo.InvariantCulture) + "\"";

    /// <summary>Host name of an instance: the prefix and its id as six digits in base 36.</summary>
    public static string ComputerName(ScaleSetState set, InstanceState instance)
    {
        const string digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        Span<char> suffix = stackalloc char[6];
        var rest = instance.Id;
        for (var i = suffix.Length - 1; i >= 0; i--, rest /= digits.Length)
        {
            suffix[i] = digits[rest % digits.Length];
        }

        return set.ComputerNamePrefix + suffix.ToString();
    }

    public static JsonObject ScaleSet(ScaleSetState set, bool withETag)
    {
        var profile = new JsonObject
        {
            ["storageProfile"] = new JsonObject
            {
                ["osDisk"] = new JsonObject
                {
                    ["createOption"] = "FromImage",
                    ["caching"] = "ReadWrite",
                    ["managedDisk"] = new JsonObject { ["storageAccountType"] = "Premium_LRS" },
                    ["diskSizeGB"] = 128,
                },
                ["imageReference"] = ImageReference(),
                ["dataDisks"] = new JsonArray(),
            },
            ["osProfile"] = new JsonObject
            {
                ["computerNamePrefix"] = set.ComputerNamePrefix,
                ["adminUsername"] = "azureuser",
                ["linuxConfiguration"] = new JsonObject { ["disablePasswordAuthentication"] = true },
            },
            ["networkProfile"] = new JsonObject
            {
                ["networkInterfaceConfigurations"] = new JsonArray(NetworkInterface(set)),
            },
        };
        if (set.Spot)
        {
            profile["priority"] = "Spot";
            profile["evictionPolicy"] = set.EvictionPolicy;
        }

        var body = new JsonObject
        {
            ["name"] = set.Name,
            ["id"] = set.ResourceId,
            ["type"] = "Microsoft.Compute/virtualMachineScaleSets",
            ["location"] = set.Location,
            ["tags"] = Tags(set),
            ["sku"] = new JsonObject
            {
                ["name"] = set.Sku,
                ["tier"] = "Standard",
                ["capacity"] = set.Capacity,
            },
            ["properties"] = new JsonObject
            {
                ["singlePlacementGroup"] = false,
                ["upgradePolicy"] = new JsonObject { ["mode"] = "Manual" },
                ["virtualMachineProfile"] = profile,
                ["provisioningState"] = set.ProvisioningState,
                ["overprovision"] = false,
                ["doNotRunExtensionsOnOverprovisionedVMs"] = false,
                ["platformFaultDomainCount"] = 1,
                ["timeCreated"] = set.TimeCreated.ToString("O"),
            },
        };
        if (set.Zones.Count > 0)
        {
            body["zones"] = new JsonArray([.. set.Zones.Select(zone => (JsonNode)zone)]);
        }

        if (withETag)
        {
            body["etag"] = ETag(set.Revision);
        }

        return body;
    }

    public static JsonObject Instance(ScaleSetState set, InstanceState instance, bool withView, bool withETag)
    {
        var id = InstanceResourceId(set, instance);
        var diskName = string.Create(
            CultureInfo.InvariantCulture,
            $"{set.Name}_{set.Name}_{instance.Id}_OsDisk_1_{instance.VmId:N}"
        );
        var properties = new JsonObject
        {
            ["latestModelApplied"] = true,
            ["modelDefinitionApplied"] = "VirtualMachineScaleSet",
            ["networkProfileConfiguration"] = new JsonObject
            {
                ["networkInterfaceConfigurations"] = new JsonArray(NetworkInterface(set)),
            },
            ["vmId"] = instance.VmId.ToString(),
            ["hardwareProfile"] = new JsonObject { ["vmSize"] = set.Sku },
            ["storageProfile"] = new JsonObject
            {
                ["imageReference"] = ImageReference(),
                ["osDisk"] = new JsonObject
                {
                    ["osType"] = "Linux",
                    ["name"] = diskName,
                    ["createOption"] = "FromImage",
                    ["caching"] = "ReadWrite",
                    ["managedDisk"] = new JsonObject
                    {
                        ["storageAccountType"] = "Premium_LRS",
                        ["id"] =
                            $"/subscriptions/{set.SubscriptionId}/resourceGroups/{set.ResourceGroup}/providers/Microsoft.Compute/disks/{diskName}",
                    },
                    ["diskSizeGB"] = 128,
                },
                ["dataDisks"] = new JsonArray(),
            },
            ["osProfile"] = new JsonObject
            {
                ["computerName"] = ComputerName(set, instance),
                ["adminUsername"] = "azureuser",
                ["linuxConfiguration"] = new JsonObject
                {
                    ["disablePasswordAuthentication"] = true,
                    ["provisionVMAgent"] = true,
                },
                ["secrets"] = new JsonArray(),
                ["allowExtensionOperations"] = true,
                ["requireGuestProvisionSignal"] = true,
            },
            ["networkProfile"] = new JsonObject
            {
                ["networkInterfaces"] = new JsonArray(
                    new JsonObject { ["id"] = $"{id}/networkInterfaces/{set.Name}-nic" }
                ),
            },
            ["provisioningState"] = instance.ProvisioningState,
            ["timeCreated"] = instance.TimeCreated.ToString("O"),
        };
        if (instance.ProtectFromScaleIn || instance.ProtectFromScaleSetActions)
        {
            properties["protectionPolicy"] = new JsonObject
            {
                ["protectFromScaleIn"] = instance.ProtectFromScaleIn,
                ["protectFromScaleSetActions"] = instance.ProtectFromScaleSetActions,
            };
        }

        if (withView)
        {
            properties["instanceView"] = InstanceView(instance);
        }

        var body = new JsonObject
        {
            ["name"] = string.Create(CultureInfo.InvariantCulture, $"{set.Name}_{instance.Id}"),
            ["id"] = id,
            ["type"] = "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
            ["location"] = set.Location,
            ["tags"] = Tags(set),
            ["instanceId"] = instance.Id.ToString(CultureInfo.InvariantCulture),
            ["sku"] = new JsonObject { ["name"] = set.Sku, ["tier"] = "Standard" },
            ["properties"] = properties,
        };
        if (instance.Zone is not null)
        {
            body["zones"] = new JsonArray(instance.Zone);
        }

        if (withETag)
        {
            body["etag"] = ETag(instance.Revision);
        }

        return body;
    }

    public static JsonObject InstanceView(InstanceState instance) =>
        new()
        {
            ["statuses"] = new JsonArray(
                Status(
                    "ProvisioningState/" + instance.ProvisioningState.ToLowerInvariant(),
                    "Provisioning " + instance.ProvisioningState.ToLowerInvariant(),
                    instance.ProvisionedAt
                ),
                Status("PowerState/" + instance.PowerState, "VM " + instance.PowerState)
            ),
        };

    public static JsonObject ScaleSetView(ScaleSetState set) =>
        new()
        {
            ["virtualMachine"] = new JsonObject
            {
                ["statusesSummary"] = new JsonArray([
                    .. set
                        .Instances.GroupBy(instance =>
                            "ProvisioningState/" + instance.ProvisioningState.ToLowerInvariant()
                        )
                        .OrderBy(group => group.Key, StringComparer.Ordinal)
                        .Select(group => (JsonNode)new JsonObject { ["code"] = group.Key, ["count"] = group.Count() }),
                ]),
            },
            ["statuses"] = new JsonArray(
                Status(
                    "ProvisioningState/" + set.ProvisioningState.ToLowerInvariant(),
                    "Provisioning " + set.ProvisioningState.ToLowerInvariant(),
                    set.ChangedAt
                )
            ),
        };

    public static JsonObject Operation(OperationRecord operation)
    {
        var body = new JsonObject { ["startTime"] = operation.StartTime.ToString("O") };
        if (operation.EndTime is { } end)
        {
            body["endTime"] = end.ToString("O");
        }

        body["status"] = operation.Status;
        if (operation.Status is "Failed" or "Canceled")
        {
            var cause = new JsonObject { ["code"] = operation.ErrorCode, ["message"] = operation.ErrorMessage };
            body["error"] = !operation.IsErrorWrapped
                ? cause
                : new JsonObject
                {
                    ["code"] = "ResourceOperationFailure",
                    ["message"] = "The resource operation completed with terminal provisioning state 'Failed'.",
                    ["details"] = new JsonArray(cause),
                };
        }

        body["name"] = operation.Id;
        return body;
    }

    public static JsonObject Usage(string name, string localizedName, int usage, int limit) =>
        new()
        {
            ["unit"] = "Count",
            ["currentValue"] = usage,
            ["limit"] = limit,
            ["name"] = new JsonObject { ["value"] = name, ["localizedValue"] = localizedName },
        };

    public static JsonObject Sku(SimulatedSku sku, string location) =>
        new()
        {
            ["resourceType"] = "virtualMachines",
            ["name"] = sku.Name,
            ["tier"] = "Standard",
            ["size"] = sku.Name.StartsWith("Standard_", StringComparison.Ordinal)
                ? sku.Name["Standard_".Length..]
                : sku.Name,
            ["family"] = sku.Family,
            ["locations"] = new JsonArray(location),
            ["locationInfo"] = new JsonArray(
                new JsonObject
                {
                    ["location"] = location,
                    ["zones"] = new JsonArray("1", "2", "3"),
                    ["zoneDetails"] = new JsonArray(),
                }
            ),
            ["capabilities"] = new JsonArray(
                Capability("vCPUs", sku.VCpus),
                Capability("MemoryGB", sku.MemoryGB),
                Capability("GPUs", sku.Gpus),
                Capability("LowPriorityCapable", "True")
            ),
            ["restrictions"] = sku.Available
                ? new JsonArray()
                : new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "Location",
                        ["values"] = new JsonArray(location),
                        ["restrictionInfo"] = new JsonObject { ["locations"] = new JsonArray(location) },
                        ["reasonCode"] = "NotAvailableForSubscription",
                    }
                ),
        };

    public static JsonObject AutoscaleSetting(
        SimulatedAutoscaleSetting setting,
        string subscription,
        string location
    ) =>
        new()
        {
            ["id"] =
                $"/subscriptions/{subscription}/resourceGroups/{setting.ResourceGroup}/providers/microsoft.insights/autoscalesettings/{setting.Name}",
            ["name"] = setting.Name,
            ["type"] = "Microsoft.Insights/autoscaleSettings",
            ["location"] = location,
            ["tags"] = new JsonObject(),
            ["properties"] = new JsonObject
            {
                ["profiles"] = new JsonArray(),
                ["enabled"] = setting.Enabled,
                ["name"] = setting.Name,
                ["targetResourceUri"] = setting.TargetResourceId,
                ["notifications"] = new JsonArray(),
            },
        };

    public static JsonObject Page(IEnumerable<JsonObject> items, string? nextLink = null)
    {
        var body = new JsonObject { ["value"] = new JsonArray([.. items.Select(item => (JsonNode)item)]) };
        if (nextLink is not null)
        {
            body["nextLink"] = nextLink;
        }

        return body;
    }

    private static string InstanceResourceId(ScaleSetState set, InstanceState instance) =>
        set.ResourceId + "/virtualMachines/" + instance.Id.ToString(CultureInfo.InvariantCulture);

    private static JsonObject Tags(ScaleSetState set) =>
        new(set.Tags.Select(tag => KeyValuePair.Create(tag.Key, (JsonNode?)tag.Value)));

    private static JsonObject ImageReference() =>
        new()
        {
            ["publisher"] = "microsoft-dsvm",
            ["offer"] = "ubuntu-hpc",
            ["sku"] = "2204",
            ["version"] = "latest",
        };

    private static JsonObject NetworkInterface(ScaleSetState set) =>
        new()
        {
            ["name"] = set.Name + "-nic",
            ["properties"] = new JsonObject
            {
                ["primary"] = true,
                ["ipConfigurations"] = new JsonArray(
                    new JsonObject
                    {
                        ["name"] = set.Name + "-ip",
                        ["properties"] = new JsonObject
                        {
                            ["primary"] = true,
                            ["subnet"] = new JsonObject
                            {
                                ["id"] =
                                    $"/subscriptions/{set.SubscriptionId}/resourceGroups/{set.ResourceGroup}/providers/Microsoft.Network/virtualNetworks/fleet/subnets/gpu",
                            },
                        },
                    }
                ),
            },
        };

    private static JsonObject Status(string code, string display, DateTimeOffset? time = null)
    {
        var status = new JsonObject
        {
            ["code"] = code,
            ["level"] = "Info",
            ["displayStatus"] = display,
        };
        if (time is { } at)
        {
            status["time"] = at.ToString("O");
        }

        return status;
    }

    private static JsonObject Capability(string name, int value) =>
        Capability(name, value.ToString(CultureInfo.InvariantCulture));

    private static JsonObject Capability(string name, string value) => new() { ["name"] = name, ["value"] = value };
}
