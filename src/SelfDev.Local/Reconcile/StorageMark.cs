using System.Text.Json;
using SelfDev.Core.Json;
using SelfDev.Local.Hosting;
using SelfDev.Local.Storage;

namespace SelfDev.Local.Reconcile;

/// <summary>The mark of the emulator's folder: a file in it, for what the emulator itself keeps lags behind.</summary>
internal static class StorageMark
{
    private const string FileName = "selfdev-mark.json";

    public static PartFacts Read(DataDirectory data)
    {
        var path = Path.Combine(data.Storage, FileName);
        var (exists, hasContent) = (File.Exists(path), File.Exists(AzuriteIndex.BlobsIn(data.Storage)));
        return new PartFacts(
            Parts.Storage,
            PartReader.Shown(data, data.Storage),
            exists,
            exists ? ReadMark(path) : null,
            hasContent
        );
    }

    /// <summary>Durable when it returns.</summary>
    public static void Write(DataDirectory data, long set, long start) =>
        AtomicFile.Replace(
            Path.Combine(data.Storage, FileName),
            JsonSerializer.SerializeToUtf8Bytes(new PartMark(set, start, 0), SelfDevJson.Stored)
        );

    private static PartMark? ReadMark(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<PartMark>(File.ReadAllBytes(path), SelfDevJson.Stored);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
