using System.Buffers.Binary;
using System.Text.Json;
using SelfDev.Core.Json;

namespace SelfDev.Local.Spool;

/// <summary>One blob that was acknowledged, or is about to be, as the last bytes of its spool file say it.</summary>
/// <param name="Sequence">
/// Rises with every entry of the folder: of two with one name the higher one is the newer.
/// </param>
/// <param name="Mark">
/// Random, in hex; travels with the blob as metadata, so that storage can be asked whether it has this very entry.
/// </param>
/// <param name="CreateOnly">Whether it is to be written only where there is none.</param>
/// <param name="Length">Bytes of the content, which the file begins with.</param>
/// <param name="Sha256">Of the content, lower-case hex.</param>
/// <param name="At">When it was complete; UTC.</param>
internal sealed record SpoolEntry(
    long Sequence,
    string Mark,
    string Container,
    string Name,
    string ContentType,
    IReadOnlyDictionary<string, string> Metadata,
    bool CreateOnly,
    long Length,
    string Sha256,
    DateTimeOffset At
)
{
    /// <summary>Name of the metadata that carries <see cref="Mark"/>.</summary>
    public const string MarkMetadata = "selfdevdrop";

    public string Place => $"{Container}/{Name}";
}

/// <summary>
/// The form of a spool file: the content, then the entry as JSON, the JSON's length (4 bytes, little-endian), and eight
/// bytes that only a complete file ends with.
/// </summary>
internal static class SpoolFormat
{
    private const int MaxEntryBytes = 64 * 1024;

    private static ReadOnlySpan<byte> End => "SDSPOOL1"u8;

    private static int TailBytes => sizeof(int) + End.Length;

    public static byte[] Footer(SpoolEntry entry)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(entry, SelfDevJson.Stored);
        var footer = new byte[json.Length + TailBytes];
        json.CopyTo(footer, 0);
        BinaryPrimitives.WriteInt32LittleEndian(footer.AsSpan(json.Length), json.Length);
        End.CopyTo(footer.AsSpan(json.Length + sizeof(int)));
        return footer;
    }

    /// <returns>
    /// Null where the file does not end as a complete one does, or is not as long as its entry says. The content is not
    /// read.
    /// </returns>
    public static SpoolEntry? ReadEntry(FileStream file)
    {
        Span<byte> tail = stackalloc byte[TailBytes];
        if (file.Length < TailBytes)
        {
            return null;
        }

        file.Seek(-TailBytes, SeekOrigin.End);
        file.ReadExactly(tail);
        var length = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (
            !tail[sizeof(int)..].SequenceEqual(End)
            || length is <= 0 or > MaxEntryBytes
            || file.Length < TailBytes + length
        )
        {
            return null;
        }

        var json = new byte[length];
        file.Seek(-TailBytes - length, SeekOrigin.End);
        file.ReadExactly(json);
        try
        {
            var entry = JsonSerializer.Deserialize<SpoolEntry>(json, SelfDevJson.Stored);
            return entry?.Length + length + TailBytes == file.Length ? entry : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
