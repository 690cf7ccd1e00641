using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Core.Reports;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.ActionExecution;

/// <summary>
/// An approved action for another system to pick up, signed with the ledger's key: whoever may write to the container can put a
/// command there, and whoever obeys commands checks the signature with the ledger's public key first (docs/approvals.md).
/// </summary>
public static class CommandDocument
{
    public const string Schema = "selfdev.command/1";

    private const string Signature = "signature";

    /// <returns>The document, without its signature.</returns>
    public static JsonObject Of(EffectPlan plan, string planHash) => new()
    {
        ["schema"] = Schema,
        ["planHash"] = planHash,
        ["action"] = plan.Action,
        ["parameters"] = JsonSerializer.SerializeToNode(plan.To, ReportJson.Options),
        ["evidence"] = JsonSerializer.SerializeToNode(plan.Evidence, ReportJson.Options),
    };

    /// <summary>
    /// What is signed: the schema in a line of its own, which keeps it apart from tree heads, then the RFC 8785 canonical JSON of the
    /// document without <c>signature</c>.
    /// </summary>
    public static byte[] SignedText(JsonObject command)
    {
        var unsigned = command.DeepClone().AsObject();
        unsigned.Remove(Signature);
        return [.. Encoding.ASCII.GetBytes(Schema + "\n"), .. CanonicalJson.Serialize(JsonSerializer.SerializeToElement(unsigned))];
    }

    /// <summary>Adds <c>signature</c>: the key's id, and ECDSA P-256 with SHA-256 as DER in base64.</summary>
    public static async Task SignAsync(JsonObject command, ITreeHeadSigner signer, CancellationToken cancellation) => command[Signature] = new JsonObject
    {
        ["keyId"] = signer.KeyId,
        ["value"] = Convert.ToBase64String(await signer.SignAsync(SignedText(command), cancellation)),
    };

    /// <summary>Whether a document is one that a host with this key signed, about this plan.</summary>
    public static bool IsGenuine(ReadOnlySpan<byte> json, string planHash, ITreeHeadSigner signer)
    {
        try
        {
            return JsonNode.Parse(json) is JsonObject command
                && (string?)command["planHash"] == planHash
                && command[Signature]?["value"] is { } value
                && signer.IsGenuine(SignedText(command), Convert.FromBase64String((string?)value ?? ""));
        }
        catch (Exception wrong) when (wrong is JsonException or FormatException or InvalidOperationException)
        {
            return false;
        }
    }
}
