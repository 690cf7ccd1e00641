using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Ports;

/// <summary>Records as JSON blobs: what is too large for a payload.</summary>
public static class StoreJson
{
    public const string ContentType = "application/json";

    public static Task<BlobRef> WriteJsonAsync<T>(
        this IArtifactStore store,
        string container,
        string name,
        T value,
        CancellationToken cancellation
    ) =>
        store.WriteAsync(
            container,
            name,
            JsonSerializer.SerializeToUtf8Bytes(value, SelfDevJson.Stored),
            ContentType,
            cancellation
        );

    /// <returns>Null where there is no such blob.</returns>
    public static async Task<T?> TryReadJsonAsync<T>(
        this IArtifactStore store,
        string container,
        string name,
        CancellationToken cancellation
    )
        where T : class
    {
        try
        {
            await using var stream = await store.OpenReadAsync(new BlobRef(container, name, null), cancellation);
            return await JsonSerializer.DeserializeAsync<T>(stream, SelfDevJson.Stored, cancellation);
        }
        catch (BlobGoneException)
        {
            return null;
        }
    }

    /// <summary>For what can be done without, or made again: whoever writes to storage must not stop the work by a
    /// forgery.</summary>
    /// <returns>Null where there is no such blob, or one that SelfDev did not write; that was reported.</returns>
    public static async Task<T?> TryReadGenuineJsonAsync<T>(
        this IArtifactStore store,
        string container,
        string name,
        CancellationToken cancellation
    )
        where T : class
    {
        try
        {
            return await store.TryReadJsonAsync<T>(container, name, cancellation);
        }
        catch (TamperedException)
        {
            return null;
        }
    }

    /// <exception cref="BlobGoneException">There is no such blob.</exception>
    public static async Task<T> ReadJsonAsync<T>(
        this IArtifactStore store,
        string container,
        string name,
        CancellationToken cancellation
    )
        where T : class =>
        await store.TryReadJsonAsync<T>(container, name, cancellation)
        ?? throw new BlobGoneException($"{container}/{name} is not there.");
}
