using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Lineage;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>
/// Makes one evaluation out of a dropped file: everything in the folder of its checkpoint, against everything in the
/// folder of the baseline. The baseline is the parent that the checkpoint's manifest names, else the newest promoted
/// checkpoint; where neither has an evaluation, the report says so.
/// </summary>
public sealed class EvaluationFolder(IArtifactStore store, CheckpointManifests manifests, ReadLimits limits)
{
    /// <summary>Files of one checkpoint that are read: the newest, where there are more.</summary>
    public const int MaxFiles = 500;

    /// <returns>The request as it was, for anything that is no evaluation of a named checkpoint.</returns>
    public async Task<AnalysisRequest> CompleteAsync(
        AnalysisRequest request,
        AcceptedArtifact artifact,
        CancellationToken cancellation
    )
    {
        if (
            artifact.Kind != EvaluationCapability.KindName
            || artifact.Subject is not { } checkpoint
            || !artifact.Blob.Name.StartsWith(CheckpointManifests.Root, StringComparison.Ordinal)
        )
        {
            return request;
        }

        var beside = (await FilesAsync(checkpoint, cancellation)).Where(file => file.Name != artifact.Blob.Name);
        var (compared, baseline, why) = await BaselineAsync(checkpoint, cancellation);
        return request with
        {
            Files = [.. request.Files, .. beside],
            Baseline = baseline,
            BaselineSubject = compared,
            Options = new Dictionary<string, string>(request.Options) { [EvaluationOptions.BaselineChoice] = why },
        };
    }

    private async Task<(string? Checkpoint, IReadOnlyList<ArtifactFile> Files, string Why)> BaselineAsync(
        string checkpoint,
        CancellationToken cancellation
    )
    {
        var lineage = await manifests.ReadAllAsync(cancellation);
        var empty = new List<string>();
        foreach (var candidate in lineage.BaselinesOf(checkpoint))
        {
            if (await FilesAsync(candidate.Checkpoint, cancellation) is { Count: > 0 } files)
            {
                return (
                    candidate.Checkpoint,
                    files,
                    $"{candidate.Checkpoint} is "
                        + $"{candidate.Why}{(empty.Count > 0 ? $"; {string.Join(", ", empty)}, has no evaluation here" : "")}"
                );
            }

            empty.Add($"{candidate.Checkpoint}, {candidate.Why}");
        }

        return (
            null,
            [],
            empty.Count > 0
                ? $"{string.Join(" and ", empty)}, has no evaluation here"
                : $"no {Core.Lineage.CheckpointManifest.FileName} names a parent of the checkpoint, and none says that "
                    + $"another one was promoted"
        );
    }

    private async Task<IReadOnlyList<ArtifactFile>> FilesAsync(string checkpoint, CancellationToken cancellation)
    {
        var blobs = new List<BlobInfo>();
        await foreach (
            var blob in store.ListAsync(
                Containers.Intake,
                string.Create(CultureInfo.InvariantCulture, $"{CheckpointManifests.Root}{checkpoint}/"),
                cancellation
            )
        )
        {
            if (
                blob.Length > 0
                && CheckpointManifests.CheckpointOf(blob.Blob.Name) is null
                && ArtifactName.Parse(blob.Blob.Name, out _) is not null
            )
            {
                blobs.Add(blob);
            }
        }

        return
        [
            .. blobs
                .OrderByDescending(blob => blob.LastModified)
                .Take(MaxFiles)
                .OrderBy(blob => blob.Blob.Name, StringComparer.Ordinal)
                .Select(blob =>
                    ArtifactContent.File(blob.Blob.Name, () => Open(blob.Blob, cancellation), blob.Length, limits)
                ),
        ];
    }

    // That the dropped version itself is gone ends the run; that another file changed meanwhile does not: reading it
    // again finds what is there then.
    private Stream Open(BlobRef blob, CancellationToken cancellation)
    {
        try
        {
            return store.OpenReadAsync(blob, cancellation).GetAwaiter().GetResult();
        }
        catch (BlobGoneException changed)
        {
            throw new IOException($"'{blob.Name}' changed while the evaluation that it belongs to was read.", changed);
        }
    }
}
