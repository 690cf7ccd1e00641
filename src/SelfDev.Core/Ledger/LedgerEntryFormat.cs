using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Json;

namespace SelfDev.Core.Ledger;

/// <summary>
/// The stored form of an entry: one line of RFC 8785 canonical JSON. These bytes, without the line feed, are the data
/// of the Merkle leaf. The entry's index is part of them, so that a deleted or moved entry names itself.
/// </summary>
public static class LedgerEntryFormat
{
    private const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffffffZ";

    /// <param name="index">0-based position in the ledger.</param>
    /// <exception cref="FormatException">The body holds what canonical JSON cannot (see <see
    /// cref="CanonicalJson"/>).</exception>
    public static byte[] Serialize(long index, LedgerEntry entry) =>
        CanonicalJson.Serialize(
            new JsonObject
            {
                ["index"] = index,
                ["key"] = entry.Key,
                ["type"] = entry.Type,
                ["at"] = entry.At.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture),
                ["instanceId"] = entry.InstanceId,
                ["actor"] = entry.Actor,
                ["body"] = entry.Body.DeepClone(),
            },
            SelfDevJson.Signed
        );

    /// <summary>Reads a line and checks that it is the canonical form: nothing can hide in another spelling of the same
    /// entry.</summary>
    public static LedgerEntryReading Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            var node = JsonNode.Parse(line) as JsonObject ?? throw new FormatException("It is not a JSON object.");
            var index = (long)Required(node, "index");
            var entry = new LedgerEntry(
                (string)Required(node, "key")!,
                (string)Required(node, "type")!,
                DateTimeOffset.ParseExact(
                    (string)Required(node, "at")!,
                    TimeFormat,
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal
                ),
                (string)Required(node, "instanceId")!,
                (string)Required(node, "actor")!,
                (JsonObject)Required(node, "body").DeepClone()
            );
            return line.SequenceEqual(Serialize(index, entry))
                ? new LedgerEntryReading(index, entry, null)
                : new LedgerEntryReading(index, entry, "It is not in canonical form.");
        }
        catch (Exception exception)
            when (exception
                    is JsonException
                        or FormatException
                        or InvalidOperationException
                        or InvalidCastException
                        or ArgumentException
            )
        {
            return new LedgerEntryReading(null, null, exception.Message);
        }
    }

    private static JsonNode Required(JsonObject node, string name) =>
        node[name] ?? throw new FormatException($"It has no '{name}'.");
}

/// <param name="Index">As the line says; null when unreadable.</param>
/// <param name="Error">Why the line is not a good entry; null when it is.</param>
public sealed record LedgerEntryReading(long? Index, LedgerEntry? Entry, string? Error);
