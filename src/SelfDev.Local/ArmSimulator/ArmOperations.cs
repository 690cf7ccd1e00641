using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using static SelfDev.Local.ArmSimulator.ArmFaults;

namespace SelfDev.Local.ArmSimulator;

/// <summary>One request as the operations see it: path parameters, query and body, all read beforehand.</summary>
internal sealed record ArmCall(
    RouteValues Path,
    IQueryCollection Query,
    IHeaderDictionary Headers,
    JsonNode? Body,
    string Origin,
    string ApiVersion
);

/// <summary>Path parameters by name.</summary>
internal sealed class RouteValues(Microsoft.AspNetCore.Routing.RouteValueDictionary values)
{
    public string this[string name] =>
        values[name] as string ?? throw ArmError.InvalidParameter(name, $"Required parameter '{name}' is missing.");
}

/// <param name="Operation">A long-running operation that was started, for the headers.</param>
internal sealed record ArmAnswer(int Status, JsonNode? Body = null, OperationRecord? Operation = null);

/// <summary>The REST operations, named as in the specification. Each runs alone, after the fleet has settled.</summary>
internal sealed class ArmOperations(SimulatedFleet fleet, ArmSimulatorOptions options, ArmFaults faults)
{
    private const string ScaleSetType = "Microsoft.Compute/virtualMachineScaleSets";

    public ArmAnswer GetScaleSet(ArmCall call) => new(200, ArmDocuments.ScaleSet(ScaleSetOf(call), HasETags(call)));

    public ArmAnswer ListScaleSets(ArmCall call) =>
        new(
            200,
            ArmDocuments.Page(
                fleet
                    .State.ScaleSets.Where(set =>
                        string.Equals(set.SubscriptionId, call.Path["subscription"], StringComparison.OrdinalIgnoreCase)
                        && string.Equals(set.ResourceGroup, call.Path["group"], StringComparison.OrdinalIgnoreCase)
                    )
                    .Select(set => ArmDocuments.ScaleSet(set, HasETags(call)))
            )
        );

    public ArmAnswer GetScaleSetView(ArmCall call) => new(200, ArmDocuments.ScaleSetView(ScaleSetOf(call)));

    /// <summary>PATCH: tags and capacity. PUT of an existing set: the same fields of the whole model.</summary>
    public ArmAnswer UpdateScaleSet(ArmCall call)
    {
        var set = ScaleSetOf(call);
        if (faults.Take(FaultKind.ChangeUnderway) is not null)
        {
            fleet.ChangeByOthers(set);
        }

        CheckETag(call, set.Revision);
        var body = Object(call);
        if (
            body["sku"]?["name"] is { } sku
            && !string.Equals(Text(sku, "sku.name"), set.Sku, StringComparison.OrdinalIgnoreCase)
        )
        {
            throw new ArmError(
                409,
                "OperationNotAllowed",
                "The simulator does not change the size of a scale set: create another one."
            );
        }

        var tags = (body["tags"] as JsonObject)?.ToDictionary(tag => tag.Key, tag => Text(tag.Value, "tags"));
        var operation = fleet.Scale(
            set,
            body["sku"]?["capacity"] is { } capacity ? Integer(capacity, "sku.capacity") : set.Capacity
        );
        set.Tags = tags ?? set.Tags;
        return new ArmAnswer(200, ArmDocuments.ScaleSet(set, HasETags(call)), operation);
    }

    public ArmAnswer ListInstances(ArmCall call)
    {
        var set = ScaleSetOf(call);
        var from = int.TryParse(
            call.Query["$skiptoken"],
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var token
        )
            ? token
            : 0;
        var view = call.Query["$expand"].ToString().Contains("instanceView", StringComparison.OrdinalIgnoreCase);
        var page = set
            .Instances.Where(instance => instance.Id >= from)
            .OrderBy(instance => instance.Id)
            .Take(options.PageSize + 1)
            .ToList();
        string? next = null;
        if (page.Count > options.PageSize)
        {
            var expand = view ? "&$expand=instanceView" : "";
            next = string.Create(
                CultureInfo.InvariantCulture,
                $"{call.Origin}{set.ResourceId}/virtualMachines?api-version={call.ApiVersion}{expand}&$skiptoken={page[^1].Id}"
            );
            page.RemoveAt(page.Count - 1);
        }

        return new ArmAnswer(
            200,
            ArmDocuments.Page(page.Select(instance => ArmDocuments.Instance(set, instance, view, HasETags(call))), next)
        );
    }

    public ArmAnswer GetInstance(ArmCall call)
    {
        var set = ScaleSetOf(call);
        var view = call.Query["$expand"].ToString().Contains("instanceView", StringComparison.OrdinalIgnoreCase);
        return new ArmAnswer(200, ArmDocuments.Instance(set, InstanceOf(call, set), view, HasETags(call)));
    }

    public ArmAnswer GetInstanceView(ArmCall call) =>
        new(200, ArmDocuments.InstanceView(InstanceOf(call, ScaleSetOf(call))));

    /// <summary>PUT of an instance: its protection policy, the one part of an instance's model that the fleet
    /// uses.</summary>
    public ArmAnswer UpdateInstance(ArmCall call)
    {
        var set = ScaleSetOf(call);
        var instance = InstanceOf(call, set);
        CheckETag(call, instance.Revision);
        var policy = Object(call)["properties"]?["protectionPolicy"];
        var operation = fleet.Protect(
            set,
            instance,
            Flag(policy?["protectFromScaleIn"]) ?? instance.ProtectFromScaleIn,
            Flag(policy?["protectFromScaleSetActions"]) ?? instance.ProtectFromScaleSetActions
        );
        return new ArmAnswer(200, ArmDocuments.Instance(set, instance, withView: false, HasETags(call)), operation);
    }

    public ArmAnswer DeleteInstance(ArmCall call)
    {
        var set = ScaleSetOf(call);
        var instance = set.Instances.Find(candidate =>
            candidate.Id.ToString(CultureInfo.InvariantCulture) == call.Path["instance"]
        );
        if (instance is null)
        {
            return new ArmAnswer(204);
        }

        CheckETag(call, instance.Revision);
        return new ArmAnswer(202, null, fleet.Delete(set, [instance]));
    }

    public ArmAnswer ReimageInstance(ArmCall call)
    {
        var set = ScaleSetOf(call);
        return new ArmAnswer(202, null, fleet.Reimage(set, [InstanceOf(call, set)]));
    }

    public ArmAnswer SimulateEviction(ArmCall call)
    {
        var set = ScaleSetOf(call);
        fleet.Evict(set, InstanceOf(call, set));
        return new ArmAnswer(204);
    }

    public ArmAnswer DeleteInstances(ArmCall call)
    {
        var set = ScaleSetOf(call);
        return new ArmAnswer(202, null, fleet.Delete(set, InstancesOf(call, set)));
    }

    public ArmAnswer ReimageInstances(ArmCall call)
    {
        var set = ScaleSetOf(call);
        var chosen =
            call.Body is JsonObject body && body["instanceIds"] is not null
                ? InstancesOf(call, set)
                : [.. set.Instances.Where(instance => !instance.ProtectFromScaleSetActions)];
        return new ArmAnswer(202, null, fleet.Reimage(set, chosen));
    }

    public ArmAnswer GetOperation(ArmCall call)
    {
        var operation =
            fleet.State.Operations.Find(candidate =>
                string.Equals(candidate.Id, call.Path["operation"], StringComparison.OrdinalIgnoreCase)
                && string.Equals(
                    candidate.SubscriptionId,
                    call.Path["subscription"],
                    StringComparison.OrdinalIgnoreCase
                )
            ) ?? throw new ArmError(404, "NotFound", $"The operation '{call.Path["operation"]}' was not found.");
        var running = operation.Status == "InProgress";
        if (!call.Query.ContainsKey("monitor"))
        {
            return new ArmAnswer(200, ArmDocuments.Operation(operation), running ? operation : null);
        }

        return operation.Status switch
        {
            "InProgress" => new ArmAnswer(202, null, operation),
            "Succeeded" => new ArmAnswer(200),
            _ => throw new ArmError(
                409,
                operation.ErrorCode ?? "OperationFailed",
                operation.ErrorMessage ?? "The operation failed."
            ),
        };
    }

    public ArmAnswer ListUsages(ArmCall call) =>
        new(
            200,
            ArmDocuments.Page(
                fleet
                    .Usages(SubscriptionOf(call), call.Path["location"])
                    .Select(row => ArmDocuments.Usage(row.Name, row.LocalizedName, row.Usage, row.Limit))
            )
        );

    public ArmAnswer ListSkus(ArmCall call)
    {
        var subscription = SubscriptionOf(call);
        var locations = fleet
            .State.ScaleSets.Where(set =>
                string.Equals(set.SubscriptionId, subscription, StringComparison.OrdinalIgnoreCase)
            )
            .Select(set => set.Location)
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Where(location =>
                call.Query["$filter"].ToString() is var filter
                && (filter.Length == 0 || filter.Contains($"'{location}'", StringComparison.OrdinalIgnoreCase))
            );
        return new ArmAnswer(
            200,
            ArmDocuments.Page(
                locations.SelectMany(location => options.Skus.Select(sku => ArmDocuments.Sku(sku, location)))
            )
        );
    }

    public ArmAnswer ListAutoscaleSettings(ArmCall call)
    {
        var subscription = SubscriptionOf(call);
        return new ArmAnswer(
            200,
            ArmDocuments.Page(
                options.AutoscaleSettings.Select(setting =>
                    ArmDocuments.AutoscaleSetting(setting, subscription, "East US")
                )
            )
        );
    }

    public ArmAnswer ListPermissions(ArmCall call)
    {
        ScaleSetOf(call);
        return new ArmAnswer(
            200,
            ArmDocuments.Page([
                new JsonObject
                {
                    ["actions"] = new JsonArray([.. options.Actions.Select(action => (JsonNode)action)]),
                    ["notActions"] = new JsonArray([.. options.NotActions.Select(action => (JsonNode)action)]),
                    ["dataActions"] = new JsonArray(),
                    ["notDataActions"] = new JsonArray(),
                },
            ])
        );
    }

    // https://github.com/kubernetes-sigs/cloud-provider-azure/pull/7698: Compute answers with ETags since 2023-09-01.
    // Versions are dates and sort as text.
    private static bool HasETags(ArmCall call) => string.CompareOrdinal(call.ApiVersion, "2023-09-01") >= 0;

    private static void CheckETag(ArmCall call, int revision)
    {
        var given = call.Headers.IfMatch.ToString();
        if (
            given.Length > 0
            && given != "*"
            && HasETags(call)
            && given.Trim('"') != ArmDocuments.ETag(revision).Trim('"')
        )
        {
            throw ArmError.PreconditionFailed(given, ArmDocuments.ETag(revision));
        }
    }

    private string SubscriptionOf(ArmCall call) =>
        fleet.HasSubscription(call.Path["subscription"])
            ? call.Path["subscription"]
            : throw new ArmError(
                404,
                "SubscriptionNotFound",
                $"The subscription '{call.Path["subscription"]}' could not be found."
            );

    private ScaleSetState ScaleSetOf(ArmCall call)
    {
        var subscription = SubscriptionOf(call);
        var group = call.Path["group"];
        if (
            !fleet.State.ScaleSets.Exists(set =>
                string.Equals(set.ResourceGroup, group, StringComparison.OrdinalIgnoreCase)
            )
        )
        {
            throw new ArmError(404, "ResourceGroupNotFound", $"Resource group '{group}' could not be found.");
        }

        return fleet.Find(subscription, group, call.Path["name"])
            ?? throw ArmError.ResourceNotFound(ScaleSetType, call.Path["name"], group);
    }

    private static InstanceState InstanceOf(ArmCall call, ScaleSetState set) =>
        set.Instances.Find(instance => instance.Id.ToString(CultureInfo.InvariantCulture) == call.Path["instance"])
        ?? throw ArmError.InstanceNotFound(call.Path["instance"]);

    private static List<InstanceState> InstancesOf(ArmCall call, ScaleSetState set)
    {
        if (Object(call)["instanceIds"] is not JsonArray { Count: > 0 } ids)
        {
            throw ArmError.InvalidParameter("instanceIds", "Required parameter 'instanceIds' is missing (null).");
        }

        return ids.Select(id =>
                set.Instances.Find(instance =>
                    instance.Id.ToString(CultureInfo.InvariantCulture) == Text(id, "instanceIds")
                )
                ?? throw ArmError.InvalidParameter(
                    "instanceIds",
                    $"The provided instanceId {Text(id, "instanceIds")} is not an active Virtual Machine Scale Set VM "
                        + $"instanceId."
                )
            )
            .Distinct()
            .ToList();
    }

    private static JsonObject Object(ArmCall call) =>
        call.Body as JsonObject
        ?? throw new ArmError(
            400,
            "InvalidRequestContent",
            "The request content was invalid and could not be deserialized: a JSON object is expected."
        );

    private static int Integer(JsonNode node, string target) =>
        node.GetValueKind() == JsonValueKind.Number && node.AsValue().TryGetValue(out int number)
            ? number
            : throw ArmError.InvalidParameter(
                target,
                $"The value of parameter {target} is invalid: an integer is expected."
            );

    private static string Text(JsonNode? node, string target) =>
        node?.GetValueKind() == JsonValueKind.String
            ? node.GetValue<string>()
            : throw ArmError.InvalidParameter(
                target,
                $"The value of parameter {target} is invalid: a string is expected."
            );

    private static bool? Flag(JsonNode? node) =>
        node?.GetValueKind() switch
        {
            null or JsonValueKind.Null => null,
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw ArmError.InvalidParameter(
                "protectionPolicy",
                "The value of parameter protectionPolicy is invalid: true or false is expected."
            ),
        };
}
