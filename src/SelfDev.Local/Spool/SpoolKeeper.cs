using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Local.Spool;

/// <summary>
/// Looks after what is held: puts what storage did not take at first, lets go what is on storage's disk, and puts again
/// what an emulator of somebody else's lost while this host ran.
/// </summary>
internal sealed class SpoolKeeper(
    IArtifactStore storage,
    SpoolTable table,
    SpooledBlobs blobs,
    NameTurns turns,
    IStorageDisk disk,
    SpoolOptions options,
    TimeProvider clock,
    ILogger<SpoolKeeper> logger
) : BackgroundService
{
    /// <summary>
    /// States of the disk without an entry, after which it is asked for: one may have been on its way to the disk when
    /// the entry was put; the next one began later.
    /// </summary>
    private const int MissesBeforeAsking = 2;

    private int _failures;

    /// <summary>One look at everything that is held.</summary>
    public async Task TendAsync(CancellationToken cancellation)
    {
        foreach (var waiting in table.Snapshot().Where(held => held.PutAt is null))
        {
            await PutAsync(waiting.Entry, onlyIfWaiting: true, cancellation);
        }

        var missed = await LetGoAsync(cancellation);
        if (missed.Count > 0)
        {
            await AskAsync(missed, cancellation);
        }
    }

    /// <summary>Lets go what is on storage's disk; asks storage nothing, which may have ended.</summary>
    /// <returns>Entries that should have been there by now and were not.</returns>
    /// <exception cref="IOException">The disk cannot be read; everything is held.</exception>
    public async Task<IReadOnlyList<SpoolEntry>> LetGoAsync(CancellationToken cancellation)
    {
        var put = table
            .Snapshot()
            .Where(held => held.PutAt is not null)
            .Select(held => (held.Entry, held.PutAt!.Value))
            .ToList();
        if (put.Count == 0)
        {
            return [];
        }

        var state = await disk.LookAsync(put, cancellation);
        var missed = new List<SpoolEntry>();
        foreach (var (entry, _) in put)
        {
            if (state.Kept.Contains(entry.Mark))
            {
                table.LetGo(entry);
            }
            else if (table.Missed(entry, state.Version) >= MissesBeforeAsking)
            {
                missed.Add(entry);
            }
        }

        return missed;
    }

    /// <summary>As <see cref="LetGoAsync"/>, for the end of the host: what fails is left to the next start.</summary>
    public async Task TryLetGoAsync()
    {
        try
        {
            await LetGoAsync(CancellationToken.None);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            logger.SpoolLookFailed(1, failure);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await TendAsync(stoppingToken);
                _failures = 0;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // Nothing was let go that should not have been: the next look sees the same.
                logger.SpoolLookFailed(++_failures, failure);
            }

            try
            {
                await Task.Delay(options.Interval, clock, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    // They should have been on the disk by now. One listing a container tells of all.
    private async Task AskAsync(IReadOnlyList<SpoolEntry> missed, CancellationToken cancellation)
    {
        foreach (var container in missed.GroupBy(entry => entry.Container, StringComparer.Ordinal))
        {
            var wanted = container.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
            var there = new Dictionary<string, BlobInfo>(StringComparer.Ordinal);
            await foreach (var info in storage.ListAsync(container.Key, "", cancellation))
            {
                if (wanted.Contains(info.Blob.Name))
                {
                    there[info.Blob.Name] = info;
                }
            }

            foreach (var entry in container)
            {
                await AnswerAsync(entry, SpooledBlobs.Judge(entry, there.GetValueOrDefault(entry.Name)), cancellation);
            }
        }
    }

    private async Task AnswerAsync(SpoolEntry entry, BlobStanding standing, CancellationToken cancellation)
    {
        var isLost = disk.MayForget && !entry.CreateOnly && standing is BlobStanding.Missing or BlobStanding.Older;
        if (isLost)
        {
            await PutAsync(entry, onlyIfWaiting: false, cancellation);
            logger.SpoolEntryPutAgain(entry.Sequence);
        }
        else if (standing != BlobStanding.Ours)
        {
            // Deleted, taken up by whoever it was for, or replaced: not ours to undo.
            logger.SpoolEntrySuperseded(entry.Sequence);
            table.LetGo(entry);
        }
    }

    private async Task PutAsync(SpoolEntry entry, bool onlyIfWaiting, CancellationToken cancellation)
    {
        // Somebody else's turn is a drop that is being put right now, this one or a newer one.
        using var turn = turns.TryEnter(entry.Place);
        var held = table.Snapshot();
        var isStill = held.Any(one => one.Entry.Mark == entry.Mark && (one.PutAt is null || !onlyIfWaiting));
        // A newer one takes its place as soon as it is put; this one must not come over it.
        if (
            turn is null
            || !isStill
            || held.Any(other => other.Entry.Place == entry.Place && other.Entry.Sequence > entry.Sequence)
        )
        {
            return;
        }

        try
        {
            _ = await blobs.PutAsync(entry, cancellation);
            table.Put(entry, clock.GetUtcNow());
        }
        catch (NonRetryableException refused)
        {
            logger.SpoolEntryRefused(entry.Sequence, refused);
            table.SetAside(entry);
        }
    }
}
