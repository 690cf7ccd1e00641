using System.Text.Json.Nodes;

namespace SelfDev.Local.ArmSimulator;

/// <summary>
/// An answer of ARM's own making other than success. Codes and messages as pasted in public issues and on Microsoft's
/// pages; where none was found, composed of documented parts.
/// </summary>
internal sealed class ArmError(int status, string code, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string? Target { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <value>Throttling policy that refused, for <c>x-ms-ratelimit-remaining-resource</c> and the details.</value>
    public string? ThrottlingPolicy { get; init; }

    public JsonArray? Details { get; init; }

    /// <value>The injected fault that made it; null where ARM's own rules did.</value>
    public string? Fault { get; init; }

    public JsonObject Body()
    {
        var error = new JsonObject { ["code"] = Code, ["message"] = Message };
        if (Target is not null)
        {
            error["target"] = Target;
        }

        if (Details is not null)
        {
            error["details"] = Details.DeepClone();
        }

        return new JsonObject { ["error"] = error };
    }

    public static ArmError ResourceNotFound(string type, string name, string resourceGroup) =>
        new(
            404,
            "ResourceNotFound",
            $"The Resource '{type}/{name}' under resource group '{resourceGroup}' was not found. For more details "
                + $"please go to https://aka.ms/ARMResourceNotFoundFix"
        );

    public static ArmError InstanceNotFound(string instanceId) =>
        new(
            404,
            "NotFound",
            $"The provided instanceId {instanceId} is not an active Virtual Machine Scale Set VM instanceId."
        )
        {
            Target = "instanceId",
        };

    public static ArmError InvalidParameter(string target, string message) =>
        new(400, "InvalidParameter", message) { Target = target };

    public static ArmError PreconditionFailed(string given, string actual) =>
        new(
            412,
            "PreconditionFailed",
            $"Etag provided in if-match header {given} does not match etag {actual} of resource."
        );

    public static ArmError QuotaExceeded(string family, string location, int limit, int usage, int required) =>
        new(
            409,
            "OperationNotAllowed",
            $"Operation could not be completed as it results in exceeding approved {family} Cores quota. Additional "
                + $"details - Deployment Model: Resource Manager, "
                + $"Location: {location}, Current Limit: {limit}, Current Usage: {usage}, Additional Required: "
                + $"{required}, (Minimum) New Limit Required: {usage + required}. "
                + "Setup Alerts when Quota reaches threshold. Learn more at https://aka.ms/quotamonitoringalerting . "
                + "Submit a request for Quota increase at "
                + "https://aka.ms/ProdportalCRP by specifying parameters listed in the \u2018Details\u2019 section for "
                + "deployment to succeed. Please read more about quota limits at "
                + "https://docs.microsoft.com/en-us/azure/azure-supportability/per-vm-quota-requests"
        );

    public static ArmError TooManyRequests(
        string policy,
        TimeSpan? retryAfter,
        DateTimeOffset now,
        int allowed,
        int measured,
        string? fault = null
    ) =>
        new(
            429,
            "OperationNotAllowed",
            "The server rejected the request because too many requests have been received for this subscription."
        )
        {
            Fault = fault,
            RetryAfter = retryAfter,
            ThrottlingPolicy = policy,
            Details =
            [
                new JsonObject
                {
                    ["code"] = "TooManyRequests",
                    ["target"] = policy,
                    ["message"] = new JsonObject
                    {
                        ["operationGroup"] = policy,
                        ["startTime"] = now.ToString("O"),
                        ["endTime"] = (now + (retryAfter ?? TimeSpan.FromMinutes(3))).ToString("O"),
                        ["allowedRequestCount"] = allowed,
                        ["measuredRequestCount"] = measured,
                    }.ToJsonString(),
                },
            ],
        };

    /// <summary>Microsoft's text for an allocation code, as operations report it.</summary>
    public static string AllocationMessage(string code) =>
        code switch
        {
            "ZonalAllocationFailed" =>
                "Allocation failed. We do not have sufficient capacity for the requested VM size in this zone. "
                    + "Read more about improving likelihood of allocation success at http://aka.ms/allocation-guidance",
            "OverconstrainedAllocationRequest" or "OverconstrainedZonalAllocationRequest" =>
                "Allocation failed. VM(s) with the following constraints cannot be allocated, because the condition is "
                    + "too restrictive. "
                    + "Please remove some constraints and try again. Constraints applied are: - VM Size",
            _ => "Allocation failed. We do not have sufficient capacity for the requested VM size in this region. "
                + "Read more about improving likelihood of allocation success at http://aka.ms/allocation-guidance",
        };
}
