using System.Text;
using System.Text.Json;
using SelfDev.Core.Json;

namespace SelfDev.Workflows.Engine;

/// <summary>How inputs, outputs and events cross an engine: JSON, small. Both engines use this and nothing
/// else.</summary>
public static class Payload
{
    /// <summary>UTF-8 bytes of one payload at most; anything larger goes to a blob. Keeps histories fast on every
    /// backend.</summary>
    public const int MaxBytes = 8 * 1024;

    /// <exception cref="PayloadTooLargeException">It is over <see cref="MaxBytes"/>.</exception>
    public static string Serialize<T>(T value)
    {
        var json = JsonSerializer.Serialize(value, SelfDevJson.Payload);
        var bytes = Encoding.UTF8.GetByteCount(json);
        return bytes <= MaxBytes
            ? json
            : throw new PayloadTooLargeException(
                $"A payload of type {typeof(T).Name} has {bytes} bytes, over the {MaxBytes} that a history takes: "
                    + $"write it to a blob and pass the reference."
            );
    }

    public static T? Deserialize<T>(string? json) =>
        json is null ? default : JsonSerializer.Deserialize<T>(json, SelfDevJson.Payload);
}
