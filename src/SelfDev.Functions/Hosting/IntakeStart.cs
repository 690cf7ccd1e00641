using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Functions.Hosting;

/// <summary>Starts diagnoses on behalf of the triggers. Any number of calls for one version of a blob start
/// one.</summary>
public sealed class IntakeStart(
    DiagnosisStart diagnosis,
    IntakeSweep sweep,
    IArtifactStore store,
    ApprovalDecisions decisions,
    AmbientWorkflowClient workflows,
    ILogger<IntakeStart> logger
)
{
    /// <summary>Starts the diagnosis of the version that is there now: events tell no version, and an overwritten one
    /// is gone.</summary>
    /// <exception cref="IOException">Storage failed; the trigger tries again.</exception>
    public async Task StartAsync(string name, DurableTaskClient client, CancellationToken cancellation)
    {
        workflows.Lend(client);
        if (await store.GetInfoAsync(Containers.Intake, name, cancellation) is not { } info)
        {
            logger.DroppedBlobGone();
            return;
        }

        var instanceId = ArtifactInstanceId.For(info.Blob);
        logger.DiagnosisStarted(instanceId, await diagnosis.StartAsync(info, instanceId, cancellation));
    }

    public async Task SweepAsync(DurableTaskClient client, CancellationToken cancellation)
    {
        workflows.Lend(client);
        var result = await sweep.RunAsync(cancellation);
        logger.IntakeSwept(result.Listed, result.Started, result.Failed);
        await decisions.WakeAllAsync(cancellation);
    }
}
