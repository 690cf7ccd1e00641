using SelfDev.Core.Approvals;
using SelfDev.Core.Evaluation;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.ActionExecution;

/// <summary>
/// A checkpoint never passes a gate on its own analysis alone: where the analyst is the checkpoint that was evaluated, or was trained on from it, one person more than one has to
/// approve what follows, and is told why.
/// </summary>
public sealed class SelfAnalysisGate(IArtifactStore store, CheckpointManifests manifests)
{
    /// <summary>People in all.</summary>
    public const int Quorum = 2;

    /// <summary>The same right before the effect of a request, by what is known by then.</summary>
    public async Task<string?> ReasonAsync(Approval.ApprovalRequest request, CancellationToken cancellation) =>
        request.ReportId is { } reportId
            && await store.TryReadJsonAsync<StoredAnalysis>(Containers.Evidence, DiagnosisBlobs.Analysis(reportId), cancellation) is { } stored
            ? await ReasonAsync(reportId, stored, cancellation)
            : null;

    /// <returns>Why a second person is asked for; null where none is.</returns>
    public async Task<string?> ReasonAsync(string reportId, StoredAnalysis stored, CancellationToken cancellation)
    {
        var prefix = EvaluationCapability.KindName + "/";
        if (stored.Analysis.Artifact.Kind != EvaluationCapability.KindName || !stored.Subject.StartsWith(prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var subject = stored.Subject[prefix.Length..];
        var lineage = await manifests.ReadAllAsync(cancellation);
        for (var group = 1; group <= stored.Groups.Count; group++)
        {
            var diagnosis = await store.TryReadJsonAsync<Core.Findings.Diagnosis>(Containers.Evidence, DiagnosisBlobs.Diagnosis(reportId, group), cancellation);
            if (diagnosis is null || diagnosis.Analyst == Analysts.RulesAnalyst.AnalystName)
            {
                continue;
            }

            foreach (var analyst in lineage.ServedAs(diagnosis.Analyst).Where(analyst => lineage.IsOrDescendsFrom(analyst, subject)))
            {
                return analyst == subject
                    ? $"The checkpoint {subject} explained its own evaluation: a second person has to approve."
                    : $"The checkpoint {analyst}, which was trained on from {subject}, explained its evaluation: a second person has to approve.";
            }
        }

        return null;
    }

    /// <summary>The requirement with a second person, where a reason asks for one.</summary>
    public static PolicyAnswer Require(PolicyAnswer answer, string? reason)
    {
        if (reason is null || answer.Requirement is not { } requirement || requirement.Quorum >= Quorum)
        {
            return reason is null || answer.Requirement is null ? answer : answer with { Requirement = answer.Requirement with { Because = reason } };
        }

        return requirement.Approvers.Count >= Quorum
            ? answer with { Requirement = requirement with { Quorum = Quorum, Because = reason } }
            : PolicyAnswer.Refuse($"{reason} The policy file names {requirement.Approvers.Count} approver for this action, without the proposer: name another.");
    }
}
