using System.Text.Json;
using Azure;
using SelfDev.Workflows.Ports;

namespace SelfDev.Azure.Fleets;

/// <summary>
/// Reads one look at a long-running operation: the body of an <c>Azure-AsyncOperation</c> address, the status code of a
/// <c>Location</c> address, or the provisioning state of the resource itself.
/// See https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations.
/// </summary>
internal static class ArmOperationState
{
    /// <exception cref="FleetException">ARM is in trouble (transient), or refuses to tell.</exception>
    public static OperationState Read(Response response, TimeSpan? retryAfter, bool untilAbsent) =>
        response.Status switch
        {
            202 => new OperationState(OperationPhase.Running, retryAfter, null, null),
            204 => new OperationState(OperationPhase.Succeeded, null, null, null),
            200 or 201 => ReadBody(response, retryAfter, untilAbsent),
            404 when untilAbsent => new OperationState(OperationPhase.Succeeded, null, null, null),
            404 => new OperationState(
                OperationPhase.Failed,
                null,
                FleetCodes.OperationNotFound,
                "ARM does not know this operation or resource (any more); look at the scale set itself."
            ),
            429 => new OperationState(
                OperationPhase.Running,
                retryAfter,
                FleetCodes.TooManyRequests,
                "ARM asked for a pause."
            ),
            401 or 403 => throw Refusal(response, isTransient: false, retryAfter),
            408 or >= 500 => throw Refusal(response, isTransient: true, retryAfter),
            _ => Failed(ArmFailure.Parse(response.Content)),
        };

    private static OperationState ReadBody(Response response, TimeSpan? retryAfter, bool untilAbsent)
    {
        if (response.Content.ToMemory().IsEmpty)
        {
            return new OperationState(OperationPhase.Succeeded, null, null, null);
        }

        using var json = JsonDocument.Parse(response.Content);
        var root = json.RootElement;
        var status =
            Text(root, "status")
            ?? (root.TryGetProperty("properties", out var properties) ? Text(properties, "provisioningState") : null);
        if (untilAbsent)
        {
            return string.Equals(status, "Failed", StringComparison.OrdinalIgnoreCase)
                ? Failed(null)
                : new OperationState(OperationPhase.Running, retryAfter, null, null);
        }

        return status?.ToUpperInvariant() switch
        {
            null or "SUCCEEDED" => new OperationState(OperationPhase.Succeeded, null, null, null),
            "FAILED" or "CANCELED" => Failed(
                root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                    ? ArmFailure.Read(error)
                    : null
            ),
            _ => new OperationState(OperationPhase.Running, retryAfter, null, null),
        };
    }

    private static OperationState Failed(ArmFailure? cause) =>
        new(
            OperationPhase.Failed,
            null,
            cause?.Code ?? "OperationFailed",
            cause?.Message ?? "ARM says that the operation failed, and not why."
        );

    private static FleetException Refusal(Response response, bool isTransient, TimeSpan? retryAfter)
    {
        var cause = ArmFailure.Parse(response.Content);
        return new FleetException(
            cause?.Code ?? "Http" + response.Status,
            cause?.Message ?? $"ARM answered {response.Status} to a look at an operation.",
            isTransient
        )
        {
            RetryAfter = retryAfter,
        };
    }

    private static string? Text(JsonElement element, string property) =>
        element.ValueKind == JsonValueKind.Object
        && element.TryGetProperty(property, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
