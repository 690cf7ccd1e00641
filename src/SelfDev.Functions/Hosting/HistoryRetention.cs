using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using SelfDev.Functions.Engine;

namespace SelfDev.Functions.Hosting;

/// <summary>
/// Purges the histories of instances that ended long ago. Reports and ledger are not touched. An id that was purged may
/// be started again, so a blob still lying in intake by then would be: keep it longer than intake keeps its blobs.
/// </summary>
public sealed class HistoryRetention(FunctionsSettings settings, TimeProvider clock, ILogger<HistoryRetention> logger)
{
    public async Task PurgeAsync(DurableTaskClient client, CancellationToken cancellation)
    {
        var before = clock.GetUtcNow().AddDays(-settings.HistoryDays);
        logger.HistoriesPurged(await new DurableTaskWorkflowClient(client).PurgeAsync(before, cancellation), before);
    }
}
