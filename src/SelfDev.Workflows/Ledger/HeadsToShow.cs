using SelfDev.Core.Ledger;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Ledger;

/// <summary>The ledger's head as the end of something that people get anyway.</summary>
public static class HeadsToShow
{
    /// <returns>
    /// The newest head; null where there is none, or the ledger is away: nothing waits or fails for this.
    /// </returns>
    public static async Task<SignedTreeHead?> HeadToShowAsync(this ILedgerStore ledger, CancellationToken cancellation)
    {
        try
        {
            return await ledger.LatestHeadAsync(cancellation);
        }
        catch (Exception failure)
            when (failure is not OperationCanceledException || !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }
}
