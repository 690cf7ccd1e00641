using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>Starts the diagnosis of one version of a blob. Every trigger comes through here, so all make the same input.</summary>
public sealed class DiagnosisStart(IWorkflowClient workflows, IArtifactStore store, DropProvenance provenance)
{
    /// <summary>Starting the same version again starts nothing.</summary>
    public async Task<StartOutcome> StartAsync(BlobRef blob, string instanceId, CancellationToken cancellation)
    {
        var info = await store.GetInfoAsync(blob.Container, blob.Name, cancellation);
        // A newer version says nothing about who dropped this one; reading will find it gone.
        var droppedBy = info?.Blob.ETag == blob.ETag && info is not null
            ? await provenance.ReadAsync(blob.Name, info.Metadata, cancellation)
            : null;
        return await workflows.StartAsync(ArtifactDiagnosis.Handle, new ArtifactDiagnosisInput(blob, droppedBy), instanceId, cancellation);
    }
}
