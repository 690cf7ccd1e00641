using System.Buffers;
using System.Security.Cryptography;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Intake;

/// <summary>
/// Reads one version of a blob once, to the end, and tells what it is. Whatever is in the blob leads to a result, never
/// to an exception: no content can make a run fail or be retried for ever. Memory is bounded.
/// </summary>
public sealed class InspectArtifact(
    IArtifactStore store,
    ArtifactSniffer sniffer,
    CheckpointManifests manifests,
    ReadLimits limits
) : IActivity<BlobRef, ArtifactInspection>
{
    private const int BufferBytes = 128 * 1024;

    public Task<ArtifactInspection> RunAsync(BlobRef input, ActivityContext context) =>
        InspectAsync(input, context.Cancellation);

    /// <exception cref="IOException">Storage failed; try again.</exception>
    /// <exception cref="NonRetryableException">Storage refuses, e.g. for lack of rights.</exception>
    public async Task<ArtifactInspection> InspectAsync(BlobRef blob, CancellationToken cancellation)
    {
        if (ArtifactName.Parse(blob.Name, out var reason) is not { } name)
        {
            return new RejectedArtifact(blob, reason);
        }

        try
        {
            if (CheckpointManifests.CheckpointOf(blob.Name) is not null)
            {
                var (manifest, problem) = await manifests.ReadAsync(blob, cancellation);
                return manifest is null ? new RejectedArtifact(blob, problem) : new ManifestArtifact(blob);
            }

            await using var stored = await store.OpenReadAsync(blob, cancellation);
            var storedBytes = stored.Length;
            // Decompression is synchronous by nature; the stream under it fetches ahead.
            using var content = ArtifactContent.Open(stored, limits);
            var (head, taken) = ArtifactSniffer.ReadHead(blob.Name, content);
            var sniffed = sniffer.Sniff(head);
            if (sniffed.Match is not { } match)
            {
                return new RejectedArtifact(blob, sniffed.Reason);
            }

            var (bytes, sha256) = Digest(taken.Span, content, cancellation);
            return new AcceptedArtifact(blob, match.Kind, match.Format, name.Subject, storedBytes, bytes, sha256);
        }
        catch (ArtifactUnreadableException unreadable)
        {
            return new RejectedArtifact(blob, unreadable.Message);
        }
        catch (BlobGoneException)
        {
            return new GoneArtifact(blob);
        }
    }

    private static (long Bytes, string Sha256) Digest(
        ReadOnlySpan<byte> taken,
        Stream rest,
        CancellationToken cancellation
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(taken);
        var bytes = (long)taken.Length;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (rest.Read(buffer, 0, BufferBytes) is > 0 and var read)
            {
                cancellation.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, read);
                bytes += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return (bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
