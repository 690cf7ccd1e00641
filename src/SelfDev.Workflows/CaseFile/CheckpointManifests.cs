using SelfDev.Core.Artifacts;
using SelfDev.Core.Lineage;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.CaseFile;

/// <summary>The manifests of checkpoints, <c>evals/&lt;checkpoint&gt;/manifest.json</c> in intake.</summary>
public sealed class CheckpointManifests(IArtifactStore store)
{
    public const string Root = "evals/";

    /// <summary>Checkpoints whose manifests count: the newest ones, where there are more.</summary>
    public const int MaxManifests = 2000;

    private const int ReadAtOnce = 8;

    /// <returns>The checkpoint, where a blob of that name is a manifest; else null.</returns>
    public static string? CheckpointOf(string blobName) =>
        blobName.Split('/') is ["evals", var checkpoint, CheckpointManifest.FileName]
        && ArtifactName.Parse(blobName, out _) is not null
            ? checkpoint
            : null;

    /// <summary>A manifest that cannot be read counts as none; its own run has said what is wrong with it.</summary>
    public async Task<CheckpointLineage> ReadAllAsync(CancellationToken cancellation)
    {
        var blobs = new List<BlobInfo>();
        await foreach (var blob in store.ListAsync(Containers.Intake, Root, cancellation))
        {
            if (CheckpointOf(blob.Blob.Name) is not null)
            {
                blobs.Add(blob);
            }
        }

        var manifests = new List<CheckpointManifest>();
        foreach (var batch in blobs.OrderByDescending(blob => blob.LastModified).Take(MaxManifests).Chunk(ReadAtOnce))
        {
            var read = await Task.WhenAll(batch.Select(blob => ReadAsync(blob.Blob, cancellation)));
            manifests.AddRange(read.Select(result => result.Manifest).OfType<CheckpointManifest>());
        }

        return new CheckpointLineage(manifests);
    }

    /// <returns>The manifest, or what is wrong with it.</returns>
    /// <exception cref="BlobGoneException">Only where the reference names a version.</exception>
    public async Task<(CheckpointManifest? Manifest, string Problem)> ReadAsync(
        BlobRef blob,
        CancellationToken cancellation
    )
    {
        var checkpoint =
            CheckpointOf(blob.Name)
            ?? throw new ArgumentException($"'{blob.Name}' is no manifest of a checkpoint.", nameof(blob));
        await using var stream = await store.OpenReadAsync(blob, cancellation);
        var bytes = new byte[CheckpointManifest.MaxBytes + 1];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
        if (length > CheckpointManifest.MaxBytes)
        {
            return (null, $"The manifest of the checkpoint is longer than {CheckpointManifest.MaxBytes} bytes.");
        }

        return (CheckpointManifest.Read(checkpoint, bytes.AsMemory(0, length), out var problem), problem);
    }
}
