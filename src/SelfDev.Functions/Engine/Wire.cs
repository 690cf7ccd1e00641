using System.Text.Json;
using SelfDev.Workflows.Engine;

namespace SelfDev.Functions.Engine;

/// <summary>
/// How a payload crosses Durable Functions: as the JSON value that <see cref="Payload"/> writes, in a <see
/// cref="JsonElement"/>. Every data converter of the worker passes such an element through unchanged, so the histories
/// hold the same JSON as the embedded engine's, and the 8 KB limit is counted on the same bytes.
/// </summary>
internal static class Wire
{
    /// <exception cref="PayloadTooLargeException">Over <see cref="Payload.MaxBytes"/>.</exception>
    public static JsonElement Pack<T>(T value) => Parse(Payload.Serialize(value));

    public static T Unpack<T>(JsonElement json) => Payload.Deserialize<T>(json.GetRawText())!;

    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }
}
