using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Json;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Effects;

/// <summary>
/// An approved action for another system to pick up, signed with the ledger's key: whoever may write to the container
/// can put a command there, and whoever obeys commands checks the signature with the ledger's public key first
/// (docs/approvals.md).
/// </summary>
public static class CommandDocument
{
    public const string Schema = "selfdev.command/1";

    private const string Signature = "signature";

    /// <returns>The document, without its signature.</returns>
    public static JsonObject Of(EffectPlan plan, string planHash) =>
        new()
        {
            ["schema"] = Schema,
            ["planHash"] = planHash,
            ["action"] = plan.Action,
            // Whom it is for and until when: a copy elsewhere, or put back later, is not obeyed.
            ["for"] = plan.Resource,
            ["expiresAt"] = JsonSerializer.SerializeToNode(plan.ExpiresAt, SelfDevJson.Signed),
            ["parameters"] = JsonSerializer.SerializeToNode(plan.To, SelfDevJson.Signed),
            ["evidence"] = JsonSerializer.SerializeToNode(plan.Evidence, SelfDevJson.Signed),
        };

    /// <summary>
    /// What is signed: the schema in a line of its own, which keeps it apart from tree heads, then the RFC 8785
    /// canonical JSON of the document without <c>signature</c>.
    /// </summary>
    public static byte[] SignedText(JsonObject command)
    {
        var unsigned = command.DeepClone().AsObject();
        unsigned.Remove(Signature);
        return
        [
            .. Encoding.ASCII.GetBytes(Schema + "\n"),
            .. CanonicalJson.Serialize(JsonSerializer.SerializeToElement(unsigned)),
        ];
    }

    /// <summary>Adds <c>signature</c>: the key's id, and ECDSA P-256 with SHA-256 as DER in base64.</summary>
    public static async Task SignAsync(JsonObject command, ITreeHeadSigner signer, CancellationToken cancellation) =>
        command[Signature] = new JsonObject
        {
            ["keyId"] = signer.KeyId,
            ["value"] = Convert.ToBase64String(await signer.SignAsync(SignedText(command), cancellation)),
        };

    /// <summary>Where the command of a plan lies, in the container <c>commands</c>.</summary>
    /// <param name="resource">Of the plan: <c>commands/&lt;kind&gt;/&lt;subject&gt;</c>.</param>
    public static string BlobName(string resource, string planHash) =>
        resource.StartsWith(Containers.Commands + "/", StringComparison.Ordinal)
            ? $"{resource[(Containers.Commands.Length + 1)..]}/{planHash}.json"
            : throw new ArgumentException($"'{resource}' is no place for commands.", nameof(resource));

    /// <summary>Whether a document is one that a host with this key signed, about this plan and for this
    /// place.</summary>
    public static bool IsGenuine(ReadOnlySpan<byte> json, string name, string planHash, ITreeHeadSigner signer)
    {
        try
        {
            return JsonNode.Parse(json) is JsonObject command
                && (string?)command["planHash"] == planHash
                && BlobName((string?)command["for"] ?? "", planHash) == name
                && command[Signature]?["value"] is { } value
                && signer.Keys.IsGenuine(SignedText(command), Convert.FromBase64String((string?)value ?? ""));
        }
        catch (Exception wrong)
            when (wrong is JsonException or FormatException or InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }
}
