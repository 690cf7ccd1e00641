using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Ledger;

namespace SelfDev.Local.Trust;

/// <summary>
/// Reads the whole ledger once after the start, beside everything else: every entry against its place, its key and the
/// hashes that were kept of it. Opening does not do that, since it would take longer with every entry; what opening
/// checks against the signed head are the kept hashes. Damage that is found here stops appending as damage found on
/// opening does.
/// </summary>
internal sealed class LedgerCheck(
    SqliteLedgerLog log,
    LedgerStore ledger,
    TimeProvider clock,
    ILogger<LedgerCheck> logger
) : BackgroundService
{
    /// <summary>How many times as long as it worked it rests, so that a busy host stays one.</summary>
    private const int Rest = 4;

    /// <summary>Checks everything that is there when it comes by.</summary>
    /// <param name="rests">Whether it leaves the processor and the disk to others most of the time.</param>
    /// <returns>What is wrong first; null where nothing is.</returns>
    public async Task<string?> RunAsync(bool rests, CancellationToken cancellation)
    {
        for (var block = 0L; ; block++)
        {
            var began = clock.GetTimestamp();
            var (count, damage) = await log.CheckBlockAsync(block, cancellation);
            if (damage is not null)
            {
                ledger.ReportDamage(damage);
                return damage;
            }

            if (count < SqliteLedgerLog.BlockEntries)
            {
                return null;
            }

            if (rests)
            {
                await Task.Delay(clock.GetElapsedTime(began) * Rest, clock, cancellation);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            if (await RunAsync(rests: true, stoppingToken) is { } damage)
            {
                logger.LedgerDamaged(damage);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested) { }
        catch (Exception failure)
        {
            logger.LedgerNotChecked(failure);
        }
    }
}
