using System.Security.Cryptography;
using System.Text.Json;
using SelfDev.Core.Approvals;
using SelfDev.Web;

namespace SelfDev.Local.Hosting;

/// <summary>
/// Keys of the HTTP API, one a person, in a file that only its owner can read: the operator, who drops artifacts, and
/// everybody whom the policy lets approve. They are different people to the pipeline, so that nobody approves what they
/// set off.
/// </summary>
internal static class ApiKeyFile
{
    public const string Operator = "operator@localhost";

    private const int KeyBytes = 32;

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Reads the keys and makes those that are missing. A key whose person the policy no longer names stays in
    /// the file, unused.</summary>
    /// <returns>The operator first, then the approvers in the order of the policy.</returns>
    /// <exception cref="ArgumentException">The file does not hold keys; the message names it.</exception>
    public static IReadOnlyList<ApiPrincipal> ReadOrCreate(string path, ApprovalPolicy? policy)
    {
        Dictionary<string, string> keys;
        try
        {
            keys = File.Exists(path)
                ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(path), Json) ?? []
                : [];
        }
        catch (JsonException wrong)
        {
            throw new ArgumentException($"The API keys in {path} cannot be used: {wrong.Message}", wrong);
        }

        var people = (policy?.Rules ?? [])
            .SelectMany(rule => rule.Approvers)
            .Prepend(Operator)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var missing = people.Where(person => !keys.ContainsKey(person)).ToList();
        foreach (var person in missing)
        {
            keys[person] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(KeyBytes));
        }

        if (missing.Count > 0)
        {
            DataDirectory.WriteSecret(path, JsonSerializer.Serialize(keys, Json));
        }

        return [.. people.Select(person => new ApiPrincipal(person, keys[person]))];
    }
}
