using System.Globalization;
using SelfDev.Local.Storage;

namespace SelfDev.Local.Spool;

/// <summary>
/// The folder of our own Azurite. A blob is kept when the saved index of blobs has it, the saved index of extents knows
/// where its bytes are, and the extents are that long; all of them are synced here, for Azurite syncs extents only.
/// </summary>
/// <param name="folder">Azurite's location.</param>
/// <param name="account">Whose blobs these are.</param>
internal sealed class AzuriteDisk(string folder, string account, TimeProvider clock) : IStorageDisk
{
    // The index is read whole: not for every entry that came since it was saved, for those will hardly be in it.
    private static readonly TimeSpan RereadAfter = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> _looked = new(StringComparer.Ordinal);
    private string? _seen;
    private DateTimeOffset _readAt;

    // It ends with the host, or the host with it: what it forgot is put again at the next start.
    public bool MayForget => false;

    public async Task<DiskState> LookAsync(
        IReadOnlyList<(SpoolEntry Entry, DateTimeOffset PutAt)> held,
        CancellationToken cancellation
    )
    {
        var (blobs, extents) = (AzuriteIndex.BlobsIn(folder), AzuriteIndex.ExtentsIn(folder));
        var version = VersionOf(blobs) + VersionOf(extents);
        if (
            version == _seen
            && (clock.GetUtcNow() - _readAt < RereadAfter || held.All(one => _looked.Contains(one.Entry.Mark)))
        )
        {
            return DiskState.Unchanged(version);
        }

        var wanted = held.Select(one => one.Entry).ToLookup(entry => (entry.Container, entry.Name));
        var found = (await AzuriteIndex.ReadBlobsAsync(blobs, account, cancellation))
            .SelectMany(blob =>
                wanted[(blob.ContainerName, blob.Name)].Where(entry => IsOf(entry, blob)).Select(entry => (entry, blob))
            )
            .ToList();
        var kept = found.Count == 0 ? [] : await KeptAsync(found, blobs, extents, cancellation);
        (_seen, _readAt) = (version, clock.GetUtcNow());
        _looked.Clear();
        _looked.UnionWith(held.Select(one => one.Entry.Mark));
        return new DiskState(version, kept);
    }

    // What is only ever created has one version, and no mark: its name says it all.
    private static bool IsOf(SpoolEntry entry, IndexedBlob blob) =>
        entry.Length == blob.Properties?.ContentLength
        && (entry.CreateOnly || blob.Metadata?.GetValueOrDefault(SpoolEntry.MarkMetadata) == entry.Mark);

    private async Task<HashSet<string>> KeptAsync(
        List<(SpoolEntry Entry, IndexedBlob Blob)> found,
        string blobs,
        string extents,
        CancellationToken cancellation
    )
    {
        var known = await AzuriteIndex.ReadExtentsAsync(extents, cancellation);
        var lengths = new Dictionary<string, long>(StringComparer.Ordinal);
        var kept = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (entry, blob) in found)
        {
            bool IsThere(IndexedChunk chunk) =>
                known.Contains(chunk.Id) && LengthOf(chunk.Id, lengths) >= chunk.Offset + chunk.Count;
            if (blob.Chunks().All(IsThere))
            {
                kept.Add(entry.Mark);
            }
        }

        DurableFiles.SyncFile(blobs);
        DurableFiles.SyncFile(extents);
        DurableFiles.SyncFolder(AzuriteIndex.ExtentFilesIn(folder));
        DurableFiles.SyncFolder(folder);
        return kept;
    }

    private long LengthOf(string extent, Dictionary<string, long> lengths)
    {
        if (lengths.TryGetValue(extent, out var known))
        {
            return known;
        }

        // Ids are Azurite's own, yet the index is a file that others may write: no path comes out of it.
        var file = new FileInfo(Path.Combine(AzuriteIndex.ExtentFilesIn(folder), Path.GetFileName(extent)));
        var length = file.Exists ? file.Length : -1;
        if (file.Exists)
        {
            DurableFiles.SyncFile(file.FullName);
        }

        lengths.Add(extent, length);
        return length;
    }

    // Azurite writes a new file and renames it into place, so size and time tell one saving from the next.
    private static string VersionOf(string path)
    {
        var file = new FileInfo(path);
        return file.Exists
            ? string.Create(CultureInfo.InvariantCulture, $"{file.LastWriteTimeUtc.Ticks}:{file.Length};")
            : "-;";
    }
}
