using System.Text.Json.Serialization;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Intake;

/// <summary>What became of looking at a dropped blob. All four are ordinary outcomes; only storage that fails is an
/// exception.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "outcome")]
[JsonDerivedType(typeof(AcceptedArtifact), "accepted")]
[JsonDerivedType(typeof(RejectedArtifact), "rejected")]
[JsonDerivedType(typeof(GoneArtifact), "gone")]
[JsonDerivedType(typeof(ManifestArtifact), "manifest")]
public abstract record ArtifactInspection;

/// <param name="Blob">The version that was read, with its ETag.</param>
/// <param name="Subject">The run, checkpoint, service or fleet that the name gives; null where it gives none.</param>
/// <param name="StoredBytes">As stored, compressed if it is.</param>
/// <param name="Bytes">Decompressed.</param>
/// <param name="Sha256">Lower-case hex of the decompressed content, as in the report.</param>
public sealed record AcceptedArtifact(
    BlobRef Blob,
    string Kind,
    string Format,
    string? Subject,
    long StoredBytes,
    long Bytes,
    string Sha256
) : ArtifactInspection;

/// <param name="Reason">What is wrong and what to do; fit to be shown. No text of the artifact.</param>
public sealed record RejectedArtifact(BlobRef Blob, string Reason) : ArtifactInspection;

/// <summary>That version is not there any more: deleted, or overwritten, and then the new version has a run of its
/// own.</summary>
public sealed record GoneArtifact(BlobRef Blob) : ArtifactInspection;

/// <summary>The manifest of a checkpoint: not to be diagnosed, but read when its evaluations are (<see
/// cref="Core.Lineage.CheckpointManifest"/>).</summary>
public sealed record ManifestArtifact(BlobRef Blob) : ArtifactInspection;

/// <summary>What was written about a rejected artifact.</summary>
/// <param name="Copy">The copy in <see cref="Containers.Rejected"/>; null where the blob stays in intake only (too
/// large, gone, or a name that cannot be used).</param>
/// <param name="ReasonFile">The JSON file beside it.</param>
public sealed record Rejection(BlobRef? Copy, BlobRef ReasonFile);

/// <summary>Handles of the intake's activities.</summary>
public static class IntakeActivities
{
    /// <summary>Input: one version of a blob. Reads it once, to the end.</summary>
    public static Activity<BlobRef, ArtifactInspection> Inspect { get; } = new("InspectArtifact");

    public static Activity<RejectedArtifact, Rejection> Reject { get; } = new("RejectArtifact");

    /// <summary>For both: storage that fails for a while is tried again for about half an hour.</summary>
    public static RetryPolicy Retry { get; } = new(8, TimeSpan.FromSeconds(5), 2.0, TimeSpan.FromMinutes(10));
}
