using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using SelfDev.Functions.Hosting;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Triggers;

/// <summary>What starts a diagnosis: an event for each blob, and a sweep for the events that got lost.</summary>
public sealed class IntakeFunctions(IntakeStart intake)
{
    /// <summary>Name of the connection setting.</summary>
    public const string Connection = "Intake";

    /// <summary>Throws for transient faults only; after five of them the message goes to the poison queue and the sweep
    /// takes over.</summary>
    [Function(nameof(ArtifactDropped))]
    public Task ArtifactDropped(
        [BlobTrigger(Containers.Intake + "/{name}", Source = BlobTriggerSource.EventGrid, Connection = Connection)]
            BlobClient blob,
        [DurableClient] DurableTaskClient client,
        FunctionContext context
    ) => intake.StartAsync(blob.Name, client, context.CancellationToken);

    /// <summary>Every five minutes.</summary>
    [Function(nameof(SweepIntake))]
    public Task SweepIntake(
        [TimerTrigger("0 */5 * * * *")] TimerInfo timer,
        [DurableClient] DurableTaskClient client,
        FunctionContext context
    ) => intake.SweepAsync(client, context.CancellationToken);
}
