using System.Security.Cryptography;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Spool;

/// <summary>What storage has under the name of an entry.</summary>
internal enum BlobStanding
{
    Missing,

    /// <summary>This very entry, as far as its mark and length tell.</summary>
    Ours,

    /// <summary>A version from before the entry.</summary>
    Older,

    /// <summary>A version from after the entry, which somebody put there without us.</summary>
    Newer,
}

/// <summary>Puts entries into storage, and tells what it has of them.</summary>
internal sealed class SpooledBlobs(IArtifactStore storage, SpoolFolder folder)
{
    /// <summary>Writes the entry, or creates it where it is to be created only.</summary>
    /// <returns>Null where it is to be created only and there was one.</returns>
    public async Task<BlobRef?> PutAsync(SpoolEntry entry, CancellationToken cancellation)
    {
        await using var content = folder.OpenContent(entry);
        if (!entry.CreateOnly)
        {
            return await storage.WriteAsync(
                entry.Container,
                entry.Name,
                content,
                entry.ContentType,
                MarkedMetadata(entry),
                cancellation
            );
        }

        using var memory = new MemoryStream();
        await content.CopyToAsync(memory, cancellation);
        return await storage.TryCreateAsync(
            entry.Container,
            entry.Name,
            memory.ToArray(),
            entry.ContentType,
            cancellation
        )
            ? new BlobRef(entry.Container, entry.Name, null)
            : null;
    }

    /// <param name="found">Null: there is none.</param>
    public static BlobStanding Judge(SpoolEntry entry, BlobInfo? found)
    {
        if (found is null)
        {
            return BlobStanding.Missing;
        }

        if (entry.CreateOnly || found.Metadata.GetValueOrDefault(SpoolEntry.MarkMetadata) == entry.Mark)
        {
            return found.Length == entry.Length || entry.CreateOnly ? BlobStanding.Ours : BlobStanding.Older;
        }

        // Another drop of ours that is newer would be an entry of its own. Times of storage are whole seconds, rounded
        // down: of a tie the drop counts as the newer one, for it was acknowledged with a promise.
        return found.LastModified > entry.At ? BlobStanding.Newer : BlobStanding.Older;
    }

    /// <summary>Whether the blob can be read and is, byte for byte, what the entry says.</summary>
    public async Task<bool> IsReadableAsync(SpoolEntry entry, BlobInfo found, CancellationToken cancellation)
    {
        try
        {
            await using var content = await storage.OpenReadAsync(found.Blob, cancellation);
            var hash = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellation));
            // Whoever takes a command up may note so in it.
            return entry.CreateOnly || hash == entry.Sha256;
        }
        catch (Exception lost) when (lost is IOException or BlobGoneException)
        {
            return false;
        }
    }

    public static IReadOnlyDictionary<string, string> MarkedMetadata(SpoolEntry entry) =>
        new Dictionary<string, string>(entry.Metadata, StringComparer.Ordinal)
        {
            [SpoolEntry.MarkMetadata] = entry.Mark,
        };
}
