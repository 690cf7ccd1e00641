using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Local.Hosting;

namespace SelfDev.Local.Client;

/// <param name="Source">Where it was kept, for a person.</param>
internal sealed record LedgerAnchor(string Source, SignedTreeHead Head);

/// <summary>
/// Heads that were seen of a ledger earlier, from wherever they were kept: what an audit holds it to.
/// </summary>
internal static class LedgerAnchors
{
    /// <param name="file">That a person names; null: none.</param>
    /// <param name="data">The data folder's own is taken where it is of one of the keys.</param>
    /// <param name="seen">Null: this user's audits remember nothing.</param>
    /// <exception cref="BadInputException">One of them cannot be read.</exception>
    public static IReadOnlyList<LedgerAnchor> Find(string? file, DataDirectory data, SeenHeads? seen, LedgerKeys keys)
    {
        var anchors = new List<LedgerAnchor>();
        if (file is not null)
        {
            anchors.Add(new LedgerAnchor($"the file {file}", Read(file)));
        }

        if (File.Exists(data.LastHead) && Read(data.LastHead) is var last && keys.KeyIds.Contains(last.KeyId))
        {
            anchors.Add(new LedgerAnchor("the data folder", last));
        }

        anchors.AddRange(
            keys.KeyIds.Select(key => seen?.Of(key))
                .OfType<SignedTreeHead>()
                .Select(head => new LedgerAnchor("your earlier audits", head))
        );
        return anchors;
    }

    private static SignedTreeHead Read(string file)
    {
        try
        {
            var node = JsonNode.Parse(File.ReadAllText(file)) ?? throw new JsonException("It is null.");
            return ((node as JsonObject)?["head"] ?? node).Deserialize<SignedTreeHead>(SelfDevJson.Http)
                ?? throw new JsonException("It is null.");
        }
        catch (Exception failure)
            when (failure is IOException or UnauthorizedAccessException or JsonException or ArgumentException)
        {
            throw new BadInputException($"The anchor '{file}' cannot be read: {failure.Message}", failure);
        }
    }
}
