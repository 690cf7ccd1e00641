using SelfDev.Core.Findings;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.CaseFile;

/// <summary>
/// The story of one action for its report. Only its own workflow writes it, one activity at a time, so last write wins
/// is safe.
/// </summary>
internal static class StoredActions
{
    /// <summary>Adds a round or replaces it.</summary>
    public static async Task SetRoundAsync(
        IArtifactStore store,
        string reportId,
        int number,
        Proposal proposal,
        StoredActionRound round,
        CancellationToken cancellation
    )
    {
        var name = DiagnosisBlobs.Action(reportId, number);
        // A forged story must not keep the rest of a genuine one from being told.
        var earlier = await store.TryReadGenuineJsonAsync<StoredAction>(Containers.Evidence, name, cancellation);
        var others = earlier?.Rounds.Where(known => known.Round != round.Round) ?? [];
        var rounds = others.Append(round).OrderBy(known => known.Round).ToList();
        await store.WriteJsonAsync(Containers.Evidence, name, new StoredAction(number, proposal, rounds), cancellation);
    }

    /// <returns>Null where it is not there, or not as it was written.</returns>
    public static Task<StoredAction?> TryReadAsync(
        IArtifactStore store,
        string reportId,
        int number,
        CancellationToken cancellation
    ) =>
        store.TryReadGenuineJsonAsync<StoredAction>(
            Containers.Evidence,
            DiagnosisBlobs.Action(reportId, number),
            cancellation
        );
}
