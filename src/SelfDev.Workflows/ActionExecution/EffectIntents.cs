using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.ActionExecution;

/// <summary>
/// A mark set before an effect is started. After a crash between the start and its record, the mark tells that what is
/// found in the world is our own doing and not drift. Sealed, in the trust store: a mark that somebody else sets is none.
/// </summary>
public sealed class EffectIntents(SealedLog log, TimeProvider clock)
{
    /// <summary>Whether an earlier call has set the mark.</summary>
    public async Task<bool> IsSetAsync(string planHash, CancellationToken cancellation) =>
        (await log.ReadAsync<Intent>(Folder(planHash), cancellation)).Items.Count > 0;

    /// <summary>Sets the mark, or finds it. Durable when it returns.</summary>
    /// <returns>When it was set, and whether an earlier call had set it.</returns>
    public async Task<(DateTimeOffset SetAt, bool WasSet)> SetAsync(string planHash, CancellationToken cancellation)
    {
        while (true)
        {
            var marks = await log.ReadAsync<Intent>(Folder(planHash), cancellation);
            if (marks.Items.Count > 0)
            {
                return (marks.Items[0].SetAt, true);
            }

            var mark = new Intent(clock.GetUtcNow());
            if (await log.TryAppendAsync(Folder(planHash), marks, mark, cancellation))
            {
                return (mark.SetAt, false);
            }
        }
    }

    private static string Folder(string planHash) => $"intents/{planHash}";

    private sealed record Intent(DateTimeOffset SetAt);
}
