using System.Security.Cryptography;
using System.Text.Json;
using SelfDev.Core.Approvals;

namespace SelfDev.Local.Hosting;

/// <summary>
/// The keys that sign approval links, in a file that only its owner can read. To rotate, add a key whose
/// <c>notBefore</c> lies before the old one's <c>notAfter</c> and restart: links of both work until the old one ends.
/// </summary>
internal static class ApprovalKeyFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Reads the ring, or makes one with a single key that does not end.</summary>
    /// <exception cref="ArgumentException">The file is not a key ring; the message names it.</exception>
    public static ApprovalKeyRing ReadOrCreate(string path, TimeProvider clock)
    {
        if (!File.Exists(path))
        {
            var key = new StoredKey(
                "k1",
                Convert.ToBase64String(RandomNumberGenerator.GetBytes(ApprovalKey.MinSecretBytes)),
                clock.GetUtcNow(),
                DateTimeOffset.MaxValue
            );
            DataDirectory.WriteSecret(path, JsonSerializer.Serialize(new StoredKey[] { key }, Json));
        }

        try
        {
            var keys = JsonSerializer.Deserialize<StoredKey[]>(File.ReadAllText(path), Json) ?? [];
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
            throw new ArgumentException($"The approval keys in {path} cannot be used: {wrong.Message}", wrong);
        }
    }

    private sealed record StoredKey(string Id, string Secret, DateTimeOffset NotBefore, DateTimeOffset NotAfter);
}
