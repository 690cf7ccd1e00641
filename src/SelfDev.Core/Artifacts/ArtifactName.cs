using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Text;

namespace SelfDev.Core.Artifacts;

/// <summary>
/// A name that somebody gave a dropped artifact, checked: safe to put into a URL, a path below a folder of ours, a page
/// or a terminal. The parts are hints about what the artifact is, never proof.
/// </summary>
/// <param name="Value">The name, unchanged.</param>
/// <param name="KindHint">The artifact kind (<see cref="ICapability.Kind"/>) that the first part names; null where it
/// names none.</param>
/// <param name="Subject">The run, checkpoint, service or fleet: the second part below a known kind; null
/// without.</param>
public sealed record ArtifactName(string Value, string? KindHint, string? Subject)
{
    /// <summary>UTF-16 code units of a blob name at most (Azure, "Naming and referencing containers, blobs, and
    /// metadata").</summary>
    public const int MaxChars = 1024;

    // Encodings of encodings: no client of good will nests deeper.
    private const int MaxDecodings = 3;

    private static readonly string[] Kinds = ["training", "evals", "serving", "traffic", "rollouts"];

    /// <summary>Checks a name.</summary>
    /// <param name="reason">Why it is refused, fit to be shown; empty when it is not.</param>
    /// <returns>Null when the name is refused.</returns>
    public static ArtifactName? Parse(string name, out string reason)
    {
        reason = Refusal(name) ?? "";
        if (reason.Length > 0)
        {
            return null;
        }

        var parts = name.Split('/');
        var kind = parts.Length > 1 && Kinds.Contains(parts[0], StringComparer.Ordinal) ? parts[0] : null;
        return new ArtifactName(name, kind, kind is not null && parts.Length > 2 ? parts[1] : null);
    }

    /// <summary>Whether a part of the path is <c>.</c> or <c>..</c>, which every URL library resolves away before
    /// sending.</summary>
    public static bool HasDotSegment(string name)
    {
        foreach (var part in name.AsSpan().Split('/'))
        {
            if (name.AsSpan()[part] is "." or "..")
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A name to file a refused artifact under: always safe, the same for the same name, different for
    /// different ones.</summary>
    public static string Substitute(string name) =>
        "unsafe-name/" + Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(name.AsSpan())))[..32];

    private static string? Refusal(string name)
    {
        if (name.Length is 0 or > MaxChars)
        {
            return string.Create(
                CultureInfo.InvariantCulture,
                $"The name has {name.Length} characters; 1 to {MaxChars} are possible."
            );
        }

        if (Flaw(name) is { } flaw)
        {
            return $"The name {flaw}.";
        }

        var decoded = name;
        for (var round = 0; round < MaxDecodings && decoded.Contains('%', StringComparison.Ordinal); round++)
        {
            var next = Uri.UnescapeDataString(decoded);
            if (next == decoded)
            {
                break;
            }

            decoded = next;
            if (Flaw(decoded) is { } hidden)
            {
                return $"The name, percent-decoded, {hidden}.";
            }
        }

        return null;
    }

    private static string? Flaw(string name)
    {
        var shown = SafeText.SingleLine(name);
        if (shown != name)
        {
            var at = name.AsSpan().CommonPrefixLength(shown);
            var code = char.IsSurrogatePair(name, at) ? char.ConvertToUtf32(name, at) : name[at];
            return string.Create(CultureInfo.InvariantCulture, $"contains U+{code:X4}, which is not printable text");
        }

        if (name.Contains('\\', StringComparison.Ordinal))
        {
            return "contains a backslash";
        }

        if (name[0] == '/' || name[^1] == '/' || name.Contains("//", StringComparison.Ordinal))
        {
            return "has an empty part between slashes";
        }

        return name.Split('/').Any(part => part.AsSpan().IndexOfAnyExcept('.') < 0)
            ? "has a part of dots only, which means another folder"
            : null;
    }
}
