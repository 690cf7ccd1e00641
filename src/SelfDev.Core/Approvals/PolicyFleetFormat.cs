using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SelfDev.Core.Approvals;

/// <summary>The part of the policy file under <c>fleets</c>.</summary>
internal sealed class PolicyFleetFormat(PolicyFields fields)
{
    /// <summary>Azure's own limit of a scale set (learn.microsoft.com, "Virtual Machine Scale Sets FAQ").</summary>
    private const int MostInstances = 1000;

    public PolicyFleet Read(string name, JsonElement element, string path)
    {
        var node = fields.Object(
            element,
            path,
            "resourceId",
            "minCapacity",
            "maxCapacity",
            "instanceHourUsd",
            "alternatives",
            "scaling",
            "subjects"
        );
        if (
            name.Length is 0 or > 63
            || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
        )
        {
            fields.Error(path, "the name of a fleet has 1 to 63 ASCII letters, digits and -_.");
        }

        var first = ScaleSet(node, path, fields.Number(node, path, "minCapacity", 0, 0, MostInstances));
        var fleet = new PolicyFleet(
            name,
            first.ResourceId,
            first.MinCapacity,
            first.MaxCapacity,
            node.ContainsKey("subjects") ? fields.Strings(node, path, "subjects") : []
        )
        {
            HourlyPrice = first.HourlyPrice,
            Alternatives = node.ContainsKey("alternatives")
                ?
                [
                    .. fields
                        .Items(node, path, "alternatives")
                        .Select((set, index) => Alternative(set, $"{path}.alternatives[{index}]")),
                ]
                : [],
        };
        if (fleet.Alternatives.Count > PolicyFleet.MostAlternatives)
        {
            fields.Error($"{path}.alternatives", $"at most {PolicyFleet.MostAlternatives}");
        }

        if (
            fleet.ScaleSets.Select(set => set.ResourceId).Distinct(StringComparer.OrdinalIgnoreCase).Count()
            < fleet.ScaleSets.Count
        )
        {
            fields.Error($"{path}.alternatives", "the same scale set stands in the fleet twice");
        }

        return node.TryGetValue("scaling", out var scaling)
            ? fleet with
            {
                Scaling = Scaling(scaling, $"{path}.scaling", fleet),
            }
            : fleet;
    }

    private PolicyScaleSet Alternative(JsonElement element, string path) =>
        ScaleSet(fields.Object(element, path, "resourceId", "maxCapacity", "instanceHourUsd"), path, min: 0);

    private PolicyScaleSet ScaleSet(Dictionary<string, JsonElement> node, string path, int min)
    {
        var resourceId = fields.Text(node, path, "resourceId") ?? "";
        if (
            !resourceId.StartsWith("/subscriptions/", StringComparison.OrdinalIgnoreCase)
            || !resourceId.Contains(
                "/providers/Microsoft.Compute/virtualMachineScaleSets/",
                StringComparison.OrdinalIgnoreCase
            )
        )
        {
            fields.Error(
                $"{path}.resourceId",
                "expected "
                    + "/subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.Compute/virtualMachineScaleSets/<name>"
            );
        }

        if (!node.ContainsKey("maxCapacity"))
        {
            fields.Error(path, "'maxCapacity' is missing: say how large it may become");
        }

        var max = fields.Number(node, path, "maxCapacity", 0, 0, MostInstances);
        if (node.ContainsKey("maxCapacity") && max < min)
        {
            fields.Error($"{path}.maxCapacity", $"{max} is below minCapacity {min}");
        }

        return new PolicyScaleSet(resourceId.TrimEnd('/'), min, max, fields.Price(node, path, "instanceHourUsd"));
    }

    private FleetScalingRules Scaling(JsonElement element, string path, PolicyFleet fleet)
    {
        var node = fields.Object(element, path, "interval", "envelope", "usdPerDay", "drainTimeout", "specification");
        var interval = fields.Duration(node, path, "interval", isRequired: false) ?? new FleetScalingRules().Interval;
        if (interval < TimeSpan.FromSeconds(5) || interval > TimeSpan.FromHours(1))
        {
            fields.Error($"{path}.interval", "at least 5s and at most 1h");
        }

        var drainTimeout =
            fields.Duration(node, path, "drainTimeout", isRequired: false) ?? new FleetScalingRules().DrainTimeout;
        if (drainTimeout < TimeSpan.FromMinutes(1) || drainTimeout > TimeSpan.FromHours(2))
        {
            fields.Error($"{path}.drainTimeout", "at least 1m and at most 2h");
        }

        var budget = fields.Price(node, path, "usdPerDay");
        if (budget is not null && fleet.ScaleSets.Any(set => set.HourlyPrice is null))
        {
            fields.Error($"{path}.usdPerDay", "a budget needs 'instanceHourUsd' of every scale set of the fleet");
        }

        if (budget is { } usd && fleet.HourlyPrice is { } hourly && usd < hourly * 24 * fleet.MinCapacity)
        {
            fields.Error($"{path}.usdPerDay", "it does not even pay for minCapacity around the clock");
        }

        return new FleetScalingRules
        {
            Interval = interval,
            DrainTimeout = drainTimeout,
            UsdPerDay = budget,
            Envelope = node.TryGetValue("envelope", out var envelope)
                ? Envelope(envelope, $"{path}.envelope", fleet.MinCapacity, fleet.TotalMaxCapacity)
                : null,
            Specification = node.TryGetValue("specification", out var specification)
                ? Specification(specification, $"{path}.specification")
                : null,
        };
    }

    private JsonObject? Specification(JsonElement element, string path)
    {
        _ = fields.Object(element, path);
        return element.ValueKind == JsonValueKind.Object ? JsonObject.Create(element.Clone()) : null;
    }

    private EmergencyEnvelope Envelope(JsonElement element, string path, int floor, int ceiling)
    {
        var node = fields.Object(element, path, "minCapacity", "maxCapacity", "expiresAt");
        var min = fields.Number(node, path, "minCapacity", floor, floor, ceiling);
        var max = fields.Number(node, path, "maxCapacity", ceiling, min, ceiling);
        var text = fields.Text(node, path, "expiresAt") ?? "";
        if (
            !DateTimeOffset.TryParse(
                text,
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                out var expires
            )
        )
        {
            fields.Error($"{path}.expiresAt", $"'{text}' is no time such as 2026-12-31T00:00:00Z");
        }

        return new EmergencyEnvelope(min, max, expires);
    }
}
