using System.Security.Cryptography;
using SelfDev.Core.Json;

namespace SelfDev.Core.Approvals;

/// <summary>The hash that people approve and that execution compares: SHA-256 over the plan's RFC 8785 canonical
/// JSON.</summary>
public static class PlanHash
{
    /// <summary>Characters of a hash.</summary>
    public const int Length = 64;

    /// <returns>Lower-case hex. The same for the same instant of expiry in any time zone.</returns>
    public static string Of(EffectPlan plan) =>
        Convert.ToHexStringLower(
            SHA256.HashData(
                CanonicalJson.Serialize(plan with { ExpiresAt = plan.ExpiresAt.ToUniversalTime() }, SelfDevJson.Signed)
            )
        );

    /// <summary>Whether text has the form of a hash, so that it may stand in a blob name.</summary>
    public static bool IsWellFormed(string? text) => text is { Length: Length } && text.All(char.IsAsciiHexDigitLower);
}
