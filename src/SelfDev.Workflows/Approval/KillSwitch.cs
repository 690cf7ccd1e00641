using System.Text.Json;
using SelfDev.Core.Reports;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// One blob, <c>evidence/kill-switch.json</c>, that stops every new side effect, also in the middle of an action. Execution reads it
/// right before each effect. A blob that cannot be understood counts as engaged.
/// </summary>
public sealed class KillSwitch(IArtifactStore store, TimeProvider clock)
{
    private const string Name = "kill-switch.json";

    public async Task<KillSwitchState> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            await using var stream = await store.OpenReadAsync(new BlobRef(Containers.Evidence, Name, null), cancellation);
            return await JsonSerializer.DeserializeAsync<KillSwitchState>(stream, ReportJson.Options, cancellation) ?? Unreadable();
        }
        catch (BlobGoneException)
        {
            return KillSwitchState.Off;
        }
        catch (JsonException)
        {
            return Unreadable();
        }
    }

    /// <param name="by">Who; stands in the ledger and on the dashboard.</param>
    public async Task<KillSwitchState> SetAsync(bool engaged, string by, string? reason, CancellationToken cancellation)
    {
        var state = new KillSwitchState(engaged, by, clock.GetUtcNow(), reason);
        await store.WriteJsonAsync(Containers.Evidence, Name, state, cancellation);
        return state;
    }

    private static KillSwitchState Unreadable() =>
        new(true, "selfdev", null, $"{Containers.Evidence}/{Name} cannot be read; engage or release the switch to rewrite it.");
}

/// <param name="At">Null where it was never set.</param>
public sealed record KillSwitchState(bool Engaged, string By, DateTimeOffset? At, string? Reason)
{
    public static KillSwitchState Off { get; } = new(false, "", null, null);
}
