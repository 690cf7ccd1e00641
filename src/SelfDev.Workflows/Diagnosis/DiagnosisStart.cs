using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>Starts the diagnosis of one version of a blob. Every trigger comes through here, so all make the same
/// input.</summary>
public sealed class DiagnosisStart(IWorkflowClient workflows, DropProvenance provenance)
{
    /// <summary>Starts the diagnosis of a version that storage told of. Starting the same version again starts
    /// nothing.</summary>
    public async Task<StartOutcome> StartAsync(BlobInfo blob, string instanceId, CancellationToken cancellation) =>
        await StartAsync(
            blob.Blob,
            await provenance.ReadAsync(blob.Blob.Name, blob.Metadata, cancellation),
            instanceId,
            cancellation
        );

    /// <summary>Starts the diagnosis of what came over HTTP, without waiting for a sweep to find it.</summary>
    /// <param name="blob">As it was written; without a version nothing is started, and a sweep finds it later.</param>
    /// <param name="person">Who dropped it, as the blob's own metadata says.</param>
    /// <returns>Null where there is no version yet.</returns>
    public async Task<StartOutcome?> StartDroppedAsync(BlobRef blob, string person, CancellationToken cancellation) =>
        blob.ETag is null ? null : await StartAsync(blob, person, ArtifactInstanceId.For(blob), cancellation);

    private Task<StartOutcome> StartAsync(
        BlobRef blob,
        string? droppedBy,
        string instanceId,
        CancellationToken cancellation
    ) =>
        workflows.StartAsync(
            ArtifactDiagnosis.Handle,
            new ArtifactDiagnosisInput(blob, droppedBy),
            instanceId,
            cancellation
        );
}
