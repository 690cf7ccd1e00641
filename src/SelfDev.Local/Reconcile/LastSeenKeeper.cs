using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SelfDev.Local.Reconcile;

/// <summary>Keeps what was last seen of the parts about a second behind what they are. Reads only what is committed.</summary>
/// <param name="parts">By part, what counts its changes.</param>
internal sealed class LastSeenKeeper(
    Reconciliation reconciliation,
    IReadOnlyDictionary<string, Func<CancellationToken, Task<long>>> parts,
    TimeProvider clock,
    ILogger<LastSeenKeeper> logger) : BackgroundService
{
    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Looks once, and remembers.</summary>
    public async Task NoteAsync(CancellationToken cancellation)
    {
        var commits = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (part, count) in parts)
        {
            commits[part] = await count(cancellation);
        }

        reconciliation.Note(commits);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await TryNoteAsync(stoppingToken);
                await Task.Delay(Interval, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task TryNoteAsync(CancellationToken cancellation)
    {
        try
        {
            await NoteAsync(cancellation);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // A lower floor for a while, nothing worse.
            logger.LastSeenNotKept(failure);
        }
    }
}
