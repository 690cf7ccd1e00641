using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Effects;

/// <summary>
/// A mark set before an effect is started. After a crash between the start and its record, the mark tells that what is
/// found in the world is our own doing and not drift. Sealed, in the trust store: a mark that somebody else sets is
/// none.
/// </summary>
/// <remarks>
/// Where the provider said that nothing was begun, the mark is withdrawn: what others do meanwhile is not our doing.
/// </remarks>
public sealed class EffectIntents(SealedLog log, TimeProvider clock)
{
    /// <summary>Whether an earlier call has set the mark, and none has withdrawn it.</summary>
    public async Task<bool> IsSetAsync(string planHash, CancellationToken cancellation) =>
        await FindAsync(planHash, cancellation) is not null;

    /// <returns>When the mark was set; null where there is none.</returns>
    public async Task<DateTimeOffset?> FindAsync(string planHash, CancellationToken cancellation) =>
        Standing(await log.ReadAsync<Intent>(Folder(planHash), cancellation))?.SetAt;

    /// <summary>Sets the mark, or finds it. Durable when it returns.</summary>
    /// <returns>When it was set, and whether an earlier call had set it.</returns>
    public async Task<(DateTimeOffset SetAt, bool WasSet)> SetAsync(string planHash, CancellationToken cancellation)
    {
        while (true)
        {
            var marks = await log.ReadAsync<Intent>(Folder(planHash), cancellation);
            if (Standing(marks) is { } standing)
            {
                return (standing.SetAt, true);
            }

            var mark = new Intent(clock.GetUtcNow());
            if (await log.TryAppendAsync(Folder(planHash), marks, mark, cancellation))
            {
                return (mark.SetAt, false);
            }
        }
    }

    /// <summary>
    /// Asks the provider under a mark. Where this call set the mark and the provider refused or asked for a pause, the
    /// mark is withdrawn: nothing was begun. A mark of an earlier call stays, for nobody saw that call's answer; so it
    /// does after a conflict, which may be told of a change that was our own.
    /// </summary>
    /// <param name="ask">Asks once. What it throws leaves the mark: the answer was lost.</param>
    public async Task<OperationStart> UnderMarkAsync(
        string planHash,
        Func<Task<OperationStart>> ask,
        CancellationToken cancellation
    )
    {
        var (_, wasSet) = await SetAsync(planHash, cancellation);
        var start = await ask();
        if (!wasSet && start.Kind is (OperationStartKind.Throttled or OperationStartKind.Refused))
        {
            await WithdrawAsync(planHash, cancellation);
        }

        return start;
    }

    private async Task WithdrawAsync(string planHash, CancellationToken cancellation)
    {
        while (true)
        {
            var marks = await log.ReadAsync<Intent>(Folder(planHash), cancellation);
            if (
                Standing(marks) is not { } standing
                || await log.TryAppendAsync(Folder(planHash), marks, standing with { IsWithdrawn = true }, cancellation)
            )
            {
                return;
            }
        }
    }

    private static Intent? Standing(SealedRecords<Intent> marks) =>
        marks.Items.Count > 0 && marks.Items[^1] is { IsWithdrawn: false } last ? last : null;

    private static string Folder(string planHash) => $"intents/{planHash}";

    private sealed record Intent(DateTimeOffset SetAt)
    {
        public bool IsWithdrawn { get; init; }
    }
}
