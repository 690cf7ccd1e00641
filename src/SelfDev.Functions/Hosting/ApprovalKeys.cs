using System.Text.Json;
using SelfDev.Core.Approvals;

namespace SelfDev.Functions.Hosting;

/// <summary>
/// The key ring that signs approval links, from its setting: a JSON array of <c>{ id, secret (base64), notBefore,
/// notAfter }</c>. To rotate, add a key whose <c>notBefore</c> lies before the old one's <c>notAfter</c>: links of both
/// work until the old one ends.
/// </summary>
internal static class ApprovalKeys
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <exception cref="ArgumentException">Not a key ring. The message holds nothing of it.</exception>
    public static ApprovalKeyRing Parse(string setting)
    {
        try
        {
            var keys = JsonSerializer.Deserialize<StoredKey[]>(setting, Json) ?? [];
            return new ApprovalKeyRing(
                keys.Select(key => new ApprovalKey(
                    key.Id,
                    Convert.FromBase64String(key.Secret),
                    key.NotBefore,
                    key.NotAfter
                ))
            );
        }
        catch (Exception wrong) when (wrong is JsonException or FormatException or ArgumentException)
        {
            throw new ArgumentException(
                "Setting SelfDev__ApprovalKeys: not a JSON array of { id, secret (32 bytes or more in base64), "
                    + "notBefore, notAfter }. "
                    + "infra/hooks/postprovision.sh shows how one is made."
            );
        }
    }

    private sealed record StoredKey(string Id, string Secret, DateTimeOffset NotBefore, DateTimeOffset NotAfter);
}
