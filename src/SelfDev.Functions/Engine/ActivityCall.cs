using System.Text.Json;
using System.Text.Json.Serialization;

namespace SelfDev.Functions.Engine;

/// <summary>
/// What an activity function gets. Durable Functions gives an activity no identity that survives a retry, so the
/// workflow side makes the key and sends it along.
/// </summary>
/// <param name="Key"><see cref="Workflows.Engine.ActivityContext.IdempotencyKey"/>.</param>
/// <param name="Input">The activity's own input.</param>
public sealed record ActivityCall(
    [property: JsonPropertyName("instanceId")] string InstanceId,
    [property: JsonPropertyName("key")] string Key,
    [property: JsonPropertyName("input")] JsonElement Input
);
