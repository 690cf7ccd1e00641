using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Redaction;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Diagnosis;

/// <summary>
/// Reads the pinned blob with the room that recognised it, and stores what the later steps need. Runs again from the
/// start after a crash; the same bytes give the same result.
/// </summary>
public sealed class AnalyzeArtifact(
    IArtifactStore store,
    Capabilities capabilities,
    FindingMemory memory,
    EvaluationFolder evaluations,
    ReadLimits limits
) : IActivity<AnalyzeArtifactInput, AnalyzedArtifact>
{
    public static readonly Activity<AnalyzeArtifactInput, AnalyzedArtifact> Handle = new("AnalyzeArtifact");

    /// <summary>Groups that are explained; the rest stands in the report without an explanation.</summary>
    public const int MaxGroups = 8;

    /// <summary>Stands for the run, checkpoint or service that the artifact's path does not name.</summary>
    public const string UnnamedSubject = "unnamed";

    public async Task<AnalyzedArtifact> RunAsync(AnalyzeArtifactInput input, ActivityContext context)
    {
        try
        {
            return await AnalyzeAsync(input, context.Cancellation);
        }
        catch (ArtifactUnreadableException unreadable)
        {
            return AnalyzedArtifact.Not(new RejectedArtifact(input.Artifact.Blob, unreadable.Message));
        }
        catch (BlobGoneException)
        {
            return await ResumeAsync(input, context.Cancellation)
                ?? AnalyzedArtifact.Not(new GoneArtifact(input.Artifact.Blob));
        }
    }

    // What an earlier attempt has analysed may count as reported by this run, and then nobody else will ask about it.
    private async Task<AnalyzedArtifact?> ResumeAsync(AnalyzeArtifactInput input, CancellationToken cancellation)
    {
        var name = DiagnosisBlobs.Analysis(input.ReportId);
        if (await store.TryReadJsonAsync<StoredAnalysis>(Containers.Evidence, name, cancellation) is not { } stored)
        {
            return null;
        }

        var muted = await memory.MuteKnownAsync(
            input.Artifact.Blob.Name,
            input.ReportId,
            stored.Analysis.Findings,
            cancellation
        );
        var (proposals, leftOut) = ProposalMerging.Merge(muted);
        stored = stored with
        {
            Analysis = stored.Analysis with { Findings = muted },
            Proposals = proposals,
            LeftOutProposals = leftOut,
        };
        await store.WriteJsonAsync(Containers.Evidence, name, stored, cancellation);
        return await ReportAsync(input, stored, silentAfterSeconds: null, cancellation);
    }

    private async Task<AnalyzedArtifact> AnalyzeAsync(AnalyzeArtifactInput input, CancellationToken cancellation)
    {
        var artifact = input.Artifact;
        var file = ArtifactContent.File(
            artifact.Blob.Name,
            // Rooms are synchronous; opening waits for one round trip, reading finds the next range fetched ahead.
            () => store.OpenReadAsync(artifact.Blob, cancellation).GetAwaiter().GetResult(),
            artifact.StoredBytes,
            limits
        );
        var request = await evaluations.CompleteAsync(
            new AnalysisRequest([file]) { Subject = artifact.Subject, Limits = limits },
            artifact,
            cancellation
        );
        var room = capabilities.Find(artifact.Kind);
        var analysis = room.Analyze(request, cancellation);
        if (input.Silence is { } silence)
        {
            analysis = room.Analyze(request with { Options = LiveRun.Options(analysis, silence) }, cancellation);
        }

        var longestGap = input.Silence is null
            ? await memory.LongestGapAsync(artifact.Blob.Name, artifact.Sha256, cancellation)
            : null;
        var occurrences = await memory.RememberAsync(Recurrence.OccurrencesOf(analysis.Findings), cancellation);
        analysis = analysis with { Findings = Recurrence.Escalate(analysis.Findings, occurrences) };

        var groups = FindingGroups.Of(analysis.Findings).Take(MaxGroups).ToList();
        var evidence = analysis.QuotesOnly
            ? EvidenceWindows.OfQuotes(groups)
            : EvidenceWindows.Extract([.. request.Files, .. request.Baseline], groups, limits, cancellation);
        for (var group = 0; group < groups.Count; group++)
        {
            await store.WriteJsonAsync(
                Containers.Evidence,
                DiagnosisBlobs.Windows(input.ReportId, group + 1),
                StoredWindows.Of(evidence.Windows[group]),
                cancellation
            );
        }

        // Before a finding counts as reported: after a crash in between, a blob that storage lost cannot be read again.
        var stored = await StoreAsync(input, WithInjections(analysis, evidence), groups, cancellation);
        var muted = await memory.MuteKnownAsync(artifact.Blob.Name, input.ReportId, analysis.Findings, cancellation);
        if (!muted.SequenceEqual(analysis.Findings))
        {
            stored = await StoreAsync(
                input,
                WithInjections(analysis with { Findings = muted }, evidence),
                groups,
                cancellation
            );
        }

        return await ReportAsync(input, stored, LiveRun.SilentAfterSeconds(analysis, longestGap), cancellation);
    }

    private async Task<AnalyzedArtifact> ReportAsync(
        AnalyzeArtifactInput input,
        StoredAnalysis stored,
        double? silentAfterSeconds,
        CancellationToken cancellation
    )
    {
        await ReportComposition.WriteAsync(store, input.ReportId, cancellation);
        var findings = stored.Analysis.Findings;
        return new AnalyzedArtifact(
            null,
            stored.Analysis.Artifact.Sha256,
            findings.Count,
            findings.Count == 0 ? null : findings.Max(finding => finding.Severity),
            stored.Groups.Count,
            stored.Proposals.Count,
            silentAfterSeconds
        );
    }

    private static Analysis WithInjections(Analysis analysis, ExtractedEvidence evidence) =>
        InjectionFinding.Of(
            evidence.Suspects,
            string.Create(CultureInfo.InvariantCulture, $"F{analysis.Findings.Count + 1}")
        )
            is { } injection
            ? RedactedAnalysis.Of(analysis with { Findings = [.. analysis.Findings, injection] })
            : analysis;

    private async Task<StoredAnalysis> StoreAsync(
        AnalyzeArtifactInput input,
        Analysis analysis,
        List<IReadOnlyList<Finding>> groups,
        CancellationToken cancellation
    )
    {
        var (proposals, leftOut) = ProposalMerging.Merge(analysis.Findings);
        var stored = new StoredAnalysis(
            input.Artifact.Blob,
            $"{input.Artifact.Kind}/{input.Artifact.Subject ?? UnnamedSubject}",
            input.DroppedBy,
            analysis,
            [.. groups.Select(group => (IReadOnlyList<string>)[.. group.Select(finding => finding.Id)])],
            proposals,
            leftOut
        );
        await store.WriteJsonAsync(Containers.Evidence, DiagnosisBlobs.Analysis(input.ReportId), stored, cancellation);
        return stored;
    }
}

/// <param name="ReportId">Instance id of the diagnosis.</param>
/// <param name="Silence">As <see cref="ArtifactDiagnosisInput.Silence"/>.</param>
public sealed record AnalyzeArtifactInput(
    string ReportId,
    AcceptedArtifact Artifact,
    string? DroppedBy,
    TimeSpan? Silence = null
);

/// <param name="Unread">Why there is no analysis; null when there is one.</param>
/// <param name="Groups">Groups of findings to be explained.</param>
/// <param name="Proposals">Proposals to be decided on.</param>
/// <param name="SilentAfterSeconds">Time without a newer version after which a live run has stalled; null where silence
/// says nothing.</param>
public sealed record AnalyzedArtifact(
    ArtifactInspection? Unread,
    string? Sha256,
    int Findings,
    Severity? Worst,
    int Groups,
    int Proposals,
    double? SilentAfterSeconds = null
)
{
    public static AnalyzedArtifact Not(ArtifactInspection unread) => new(unread, null, 0, null, 0, 0);
}
