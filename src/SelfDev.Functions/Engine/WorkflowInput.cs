using System.Text.Json;

namespace SelfDev.Functions.Engine;

/// <summary>
/// A workflow's input with its generation. The first generation's input is the bare value; each later one carries its
/// number, which Durable Functions does not tell and which keeps idempotency keys of generations apart:
/// <c>{ "selfdev:generation": 2, "input": ... }</c>.
/// </summary>
internal readonly record struct WorkflowInput(int Generation, JsonElement? Value)
{
    private const string GenerationName = "selfdev:generation";
    private const string InputName = "input";

    public static WorkflowInput Read(JsonElement? wire) =>
        wire is { ValueKind: JsonValueKind.Object } json
        && json.TryGetProperty(GenerationName, out var generation)
        && json.TryGetProperty(InputName, out var value)
            ? new WorkflowInput(generation.GetInt32(), value)
            : new WorkflowInput(0, wire);

    public JsonElement ToWire() =>
        JsonSerializer.SerializeToElement(
            new Dictionary<string, object?> { [GenerationName] = Generation, [InputName] = Value }
        );
}
