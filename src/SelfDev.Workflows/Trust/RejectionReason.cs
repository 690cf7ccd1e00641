using System.Text.Json;
using SelfDev.Core.Json;

namespace SelfDev.Workflows.Trust;

/// <summary>What lies beside the copy of a rejected artifact, as <c>{name}.reason.json</c>.</summary>
/// <param name="Copied">Whether the content lies beside this file; otherwise it is only where it was dropped.</param>
/// <param name="Sha256">Of the copy, as stored, in lower-case hex; null where there is none.</param>
internal sealed record RejectionReason(
    string Schema,
    string Container,
    string Name,
    string? ETag,
    string Reason,
    bool Copied,
    string? Sha256
)
{
    public const string CurrentSchema = "selfdev.rejection/1";

    public const string FileSuffix = ".reason.json";

    /// <summary>Whether a reason file tells of just this copy. Any bytes are allowed.</summary>
    /// <param name="reason">A genuine reason file.</param>
    /// <param name="sha256">Of the copy, in lower-case hex.</param>
    public static bool IsCopyOf(ReadOnlySpan<byte> reason, string sha256)
    {
        try
        {
            // Reasons of before copies were hashed name no hash.
            return JsonSerializer.Deserialize<RejectionReason>(reason, SelfDevJson.Stored) is { Copied: true } document
                && (document.Sha256 ?? sha256) == sha256;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
