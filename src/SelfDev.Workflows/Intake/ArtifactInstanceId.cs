using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Intake;

/// <summary>The id of the workflow instance that reads one version of one blob: equal versions, equal ids, so each is
/// read once.</summary>
public static class ArtifactInstanceId
{
    public const string Prefix = "intake-";

    /// <returns><see cref="Prefix"/> and 32 hex digits of SHA-256 over container, name and ETag.</returns>
    /// <exception cref="ArgumentException">The reference names no version.</exception>
    public static string For(BlobRef blob)
    {
        var version =
            blob.ETag
            ?? throw new ArgumentException(
                "An instance belongs to one version of a blob: the ETag is missing.",
                nameof(blob)
            );
        // Lengths in front: no two different triples give the same text.
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{blob.Container.Length}:{blob.Container}{blob.Name.Length}:{blob.Name}{version.Length}:{version}"
        );
        return Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
    }
}
