using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.ActionExecution;

/// <summary>
/// A mark set before an effect is started. After a crash between the start and its record, the mark tells that what is
/// found in the world is our own doing and not drift.
/// </summary>
public sealed class EffectIntents(IArtifactStore store, TimeProvider clock)
{
    /// <summary>Whether an earlier call has set the mark.</summary>
    public async Task<bool> IsSetAsync(string planHash, CancellationToken cancellation) =>
        await store.GetInfoAsync(Containers.Evidence, Name(planHash), cancellation) is not null;

    /// <summary>Sets the mark, or finds it.</summary>
    /// <returns>When it was set, and whether an earlier call had set it.</returns>
    public async Task<(DateTimeOffset SetAt, bool WasSet)> SetAsync(string planHash, CancellationToken cancellation)
    {
        var name = Name(planHash);
        var mark = new Intent(clock.GetUtcNow());
        var created = await store.TryCreateAsync(
            Containers.Evidence,
            name,
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(mark, Core.Reports.ReportJson.Options),
            StoreJson.ContentType,
            cancellation);
        if (created)
        {
            return (mark.SetAt, false);
        }

        var earlier = await store.ReadJsonAsync<Intent>(Containers.Evidence, name, cancellation);
        return (earlier.SetAt, true);
    }

    private static string Name(string planHash) => $"effects/{planHash}/intent.json";

    private sealed record Intent(DateTimeOffset SetAt);
}
