using Microsoft.Extensions.Logging;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Intake;

/// <summary>Starts the workflow that reads one version of a blob; starting the same id again starts nothing.</summary>
public delegate Task<StartOutcome> StartIntake(BlobInfo blob, string instanceId, CancellationToken cancellation);

/// <param name="Listed">Blobs in the container.</param>
/// <param name="Started">Versions whose run began now.</param>
/// <param name="Failed">Versions that could not be started now; the next sweep tries them again.</param>
/// <param name="Listing">How long storage took to list the container, without what was started meanwhile.</param>
public sealed record SweepResult(int Listed, int Started, int Failed, TimeSpan Listing);

/// <summary>
/// Compares what lies in the intake container with what was started, and starts the rest. It finds what an event
/// missed, and is all there is where storage sends no events. Exactly one run a version follows from the instance id,
/// not from memory; what is remembered only saves asking again, and is bounded by what the container holds.
/// </summary>
/// <remarks>One caller at a time.</remarks>
public sealed class IntakeSweep(
    IArtifactStore store,
    StartIntake start,
    TimeProvider clock,
    ILogger<IntakeSweep> logger
)
{
    private HashSet<string> _known = [];

    /// <exception cref="IOException">The container cannot be listed now.</exception>
    public async Task<SweepResult> RunAsync(CancellationToken cancellation)
    {
        var known = new HashSet<string>(_known.Count, StringComparer.Ordinal);
        var (listed, started, failed) = (0, 0, 0);
        var listing = TimeSpan.Zero;
        await using var blobs = store.ListAsync(Containers.Intake, "", cancellation).GetAsyncEnumerator(cancellation);
        while (true)
        {
            var asked = clock.GetTimestamp();
            var isMore = await blobs.MoveNextAsync();
            listing += clock.GetElapsedTime(asked);
            if (!isMore)
            {
                break;
            }

            var info = blobs.Current;
            if (IsFolder(info))
            {
                continue;
            }

            listed++;
            var id = ArtifactInstanceId.For(info.Blob);
            if (_known.Contains(id))
            {
                known.Add(id);
                continue;
            }

            try
            {
                started += await start(info, id, cancellation) == StartOutcome.Started ? 1 : 0;
                known.Add(id);
            }
            catch (Exception failure)
                when (failure is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                // One blob's trouble is not the others'.
                failed++;
                logger.IntakeStartFailed(id, failure);
            }
        }

        _known = known;
        return new SweepResult(listed, started, failed, listing);
    }

    // Accounts with a hierarchical namespace list folders as empty blobs with this mark.
    private static bool IsFolder(BlobInfo info) =>
        info.Metadata.TryGetValue("hdi_isfolder", out var mark)
        && mark.Equals("true", StringComparison.OrdinalIgnoreCase);
}
