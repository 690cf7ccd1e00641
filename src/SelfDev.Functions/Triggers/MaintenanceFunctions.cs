using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using SelfDev.Functions.Hosting;

namespace SelfDev.Functions.Triggers;

/// <summary>Keeps the task hub from growing for ever.</summary>
public sealed class MaintenanceFunctions(HistoryRetention retention)
{
    /// <summary>Every night at 03:17 UTC.</summary>
    [Function(nameof(PurgeHistories))]
    public Task PurgeHistories(
        [TimerTrigger("0 17 3 * * *")] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        FunctionContext context
    ) => retention.PurgeAsync(client, context.CancellationToken);
}
