using System.Security.Cryptography;
using System.Text.Json;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Json;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Intake;

/// <summary>
/// Files a rejected blob under <c>rejected/{name}</c> with <c>{name}.reason.json</c> beside it. A name that is itself
/// the trouble is replaced by <see cref="ArtifactName.Substitute"/>; the reason file has the original. Writing the same
/// twice changes nothing; of two versions under one name the later rejection stands.
/// </summary>
public sealed class RejectArtifact(IArtifactStore store) : IActivity<RejectedArtifact, Rejection>
{
    /// <summary>Stored bytes up to which a copy is made; anything larger stays where it was dropped, and the reason
    /// file refers to it.</summary>
    public const long MaxCopyBytes = 64L << 20;

    public Task<Rejection> RunAsync(RejectedArtifact input, ActivityContext context) =>
        RejectAsync(input, context.Cancellation);

    /// <exception cref="IOException">Storage failed; try again.</exception>
    public async Task<Rejection> RejectAsync(RejectedArtifact rejected, CancellationToken cancellation)
    {
        var (blob, reason) = rejected;
        var name = FileName(blob.Name);
        var (copy, sha256) = name == blob.Name ? await CopyAsync(blob, name, cancellation) : default;
        var document = new RejectionReason(
            RejectionReason.CurrentSchema,
            blob.Container,
            blob.Name,
            blob.ETag,
            reason,
            copy is not null,
            sha256
        );
        var reasonFile = await store.WriteAsync(
            Containers.Rejected,
            name + RejectionReason.FileSuffix,
            JsonSerializer.SerializeToUtf8Bytes(document, SelfDevJson.StoredIndented),
            "application/json",
            cancellation
        );
        return new Rejection(copy, reasonFile);
    }

    // Also for what is called like a reason file: it must not replace one.
    private static string FileName(string name) =>
        ArtifactName.Parse(name, out _) is null
        || name.Length + RejectionReason.FileSuffix.Length > ArtifactName.MaxChars
        || name.EndsWith(RejectionReason.FileSuffix, StringComparison.Ordinal)
            ? ArtifactName.Substitute(name)
            : name;

    private async Task<(BlobRef? Copy, string? Sha256)> CopyAsync(
        BlobRef blob,
        string name,
        CancellationToken cancellation
    )
    {
        try
        {
            await using var content = await store.OpenReadAsync(blob, cancellation);
            if (content.Length > MaxCopyBytes)
            {
                return default;
            }

            using var sha256 = SHA256.Create();
            await using var hashed = new CryptoStream(content, sha256, CryptoStreamMode.Read);
            var copy = await store.WriteAsync(
                Containers.Rejected,
                name,
                hashed,
                "application/octet-stream",
                new Dictionary<string, string>(),
                cancellation
            );
            return (copy, Convert.ToHexStringLower(sha256.Hash!));
        }
        catch (BlobGoneException)
        {
            return default;
        }
    }
}
