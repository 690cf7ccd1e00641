using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Spool;

/// <summary>
/// At the start, before anything reads storage: every entry that storage does not have whole is put again, of several
/// with one name the newest, and never over something newer.
/// </summary>
internal sealed class SpoolReplay(
    IArtifactStore storage,
    SpoolFolder folder,
    SpoolTable table,
    SpooledBlobs blobs,
    TimeProvider clock,
    ILogger<SpoolReplay> logger
)
{
    /// <returns>How many were put again.</returns>
    /// <exception cref="IOException">Storage does not take them now.</exception>
    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        var again = 0;
        foreach (var ofName in folder.ReadAll().GroupBy(entry => entry.Place, StringComparer.Ordinal))
        {
            var newestFirst = ofName.OrderByDescending(entry => entry.Sequence).ToList();
            for (var at = 0; at < newestFirst.Count; at++)
            {
                var entry = newestFirst[at];
                if (!await folder.IsWholeAsync(entry, cancellation))
                {
                    continue;
                }

                again += await ReplayAsync(entry, cancellation) ? 1 : 0;
                newestFirst.Skip(at + 1).ToList().ForEach(folder.Delete);
                break;
            }
        }

        return again;
    }

    private async Task<bool> ReplayAsync(SpoolEntry entry, CancellationToken cancellation)
    {
        try
        {
            var found = await storage.GetInfoAsync(entry.Container, entry.Name, cancellation);
            var standing = SpooledBlobs.Judge(entry, found);
            if (standing == BlobStanding.Newer)
            {
                logger.SpoolEntrySuperseded(entry.Sequence);
                folder.Delete(entry);
                return false;
            }

            table.Add(entry);
            var isThere = standing == BlobStanding.Ours && await blobs.IsReadableAsync(entry, found!, cancellation);
            if (!isThere)
            {
                // Also over a blob of its own that cannot be read, be it one that is created only.
                _ = await blobs.PutAsync(
                    standing == BlobStanding.Ours ? entry with { CreateOnly = false } : entry,
                    cancellation
                );
                logger.SpoolEntryPutAgain(entry.Sequence);
            }

            table.Put(entry, clock.GetUtcNow());
            return !isThere;
        }
        catch (NonRetryableException refused)
        {
            logger.SpoolEntryRefused(entry.Sequence, refused);
            folder.SetAside(entry);
            return false;
        }
    }
}
