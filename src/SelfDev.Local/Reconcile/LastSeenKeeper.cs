using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SelfDev.Local.Reconcile;

/// <summary>Keeps what was last seen of the parts about a second behind what they are.</summary>
internal sealed class LastSeenKeeper(HostParts parts, TimeProvider clock, ILogger<LastSeenKeeper> logger)
    : BackgroundService
{
    /// <summary>Between two looks.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Looks once, and remembers. What fails is logged.</summary>
    public async Task NoteAsync(CancellationToken cancellation)
    {
        try
        {
            await parts.NoteAsync(cancellation);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // A lower floor for a while, nothing worse.
            logger.LastSeenNotKept(failure);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, clock, stoppingToken);
                await NoteAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { }
    }
}
