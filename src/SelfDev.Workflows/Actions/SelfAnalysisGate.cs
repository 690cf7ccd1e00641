using SelfDev.Core.Approvals;
using SelfDev.Core.Evaluation;
using SelfDev.Core.Findings;
using SelfDev.Core.Lineage;
using SelfDev.Workflows.Analysts;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Diagnosis;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Actions;

/// <summary>
/// A checkpoint never passes a gate on its own analysis alone: where a model explains an evaluation, one person more
/// than one has to approve what follows, and is told why, unless the policy file says who that model is (<see
/// cref="ApprovalPolicy.Analysts"/>) and it is neither the checkpoint that was evaluated nor was trained on from it.
/// </summary>
/// <remarks>
/// Fails closed. Two names count: the one that the host asks for, and what a server called itself in an answer that
/// is stored; either is enough to ask for the second person. Manifests, stored answers and servers may add a reason
/// and never take one away: whoever may write to intake or evidence, or runs the model's server, may lie. People are
/// asked before the model has answered, so the host's model counts whatever becomes of its answer, also where the
/// rules' text will stand in its place; what counts as rules is told by the analyst's type and by <see
/// cref="Core.Findings.Diagnosis.ExplainedBy"/>, never by a name.
/// </remarks>
public sealed class SelfAnalysisGate(Explanations explanations, CheckpointManifests manifests, IAnalyst analyst)
{
    /// <summary>People in all.</summary>
    public const int Quorum = 2;

    private const string Ask = "a second person has to approve.";

    private const string Prefix = EvaluationCapability.KindName + "/";

    /// <summary>
    /// Asked when the plan is made, and again right before the effect: by then a server may have named itself, or the
    /// policy changed.
    /// </summary>
    /// <param name="policy">Of now.</param>
    /// <param name="subject">
    /// <c>kind/name</c> that the report is about; anything that is no evaluation needs no second person.
    /// </param>
    /// <returns>Why a second person is asked for; null where none is.</returns>
    public async Task<string?> ReasonAsync(
        ApprovalPolicy policy,
        string reportId,
        string subject,
        CancellationToken cancellation
    )
    {
        if (!subject.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var names = await ModelNamesAsync(reportId, cancellation);
        if (names.Count == 0)
        {
            return null;
        }

        var checkpoint = subject[Prefix.Length..];
        if (checkpoint == AnalyzeArtifact.UnnamedSubject)
        {
            return $"Nobody knows which checkpoint this evaluation is of, and the model {names[0]} explains it: {Ask}";
        }

        var lineage = await manifests.ReadAllAsync(cancellation);
        var unknown = names.FirstOrDefault(name => !policy.Analysts.ContainsKey(name));
        var known = names.Select(name => Known(name, checkpoint, policy, lineage)).OfType<string>().FirstOrDefault();
        return known ?? (unknown is null ? null : Unknown(unknown, checkpoint));
    }

    /// <summary>The requirement with a second person, where a reason asks for one.</summary>
    public static PolicyAnswer Require(PolicyAnswer answer, string? reason)
    {
        if (reason is null || answer.Requirement is not { } requirement || requirement.Quorum >= Quorum)
        {
            return reason is null || answer.Requirement is null
                ? answer
                : answer with
                {
                    Requirement = answer.Requirement with { Because = reason },
                };
        }

        return requirement.Approvers.Count >= Quorum
            ? answer with
            {
                Requirement = requirement with { Quorum = Quorum, Because = reason },
            }
            : PolicyAnswer.Refuse(
                $"{reason} The policy file names {requirement.Approvers.Count} approver for this action, "
                    + "without the proposer: name another."
            );
    }

    // What the host asks for comes first; of the stored ones, those that a model wrote.
    private async Task<IReadOnlyList<string>> ModelNamesAsync(string reportId, CancellationToken cancellation)
    {
        var names = new List<string>();
        if (analyst is not RulesAnalyst)
        {
            names.Add(ModelName.Shown(analyst.Name));
        }

        for (var group = 1; group <= AnalyzeArtifact.MaxGroups; group++)
        {
            if (await explanations.ReadAsync(reportId, group, cancellation) is { ExplainedBy: Explainer.Model } stored)
            {
                names.AddRange(stored.AskedModel is { } asked ? [asked, stored.Analyst] : [stored.Analyst]);
            }
        }

        return [.. names.Distinct(ModelName.Comparer)];
    }

    /// <returns>
    /// Why the model of that name may not explain the checkpoint's evaluation alone, as far as the policy or any
    /// manifest knows.
    /// </returns>
    private static string? Known(string name, string checkpoint, ApprovalPolicy policy, CheckpointLineage lineage)
    {
        var vouched = policy.Analysts.GetValueOrDefault(name);
        var served = lineage.ServedAs(name);
        IEnumerable<string> answering = vouched is null ? served : [vouched.Checkpoint, .. served];
        foreach (var candidate in answering)
        {
            if (Same(candidate, checkpoint))
            {
                return $"The checkpoint {checkpoint} explains its own evaluation: {Ask}";
            }

            if (lineage.IsOrDescendsFrom(candidate, checkpoint))
            {
                return Descendant(candidate, checkpoint);
            }
        }

        return
            vouched is not null && vouched.TrainedFrom.Any(ancestor => lineage.IsOrDescendsFrom(ancestor, checkpoint))
            ? Descendant(vouched.Checkpoint, checkpoint)
            : null;
    }

    private static string Descendant(string analyst, string checkpoint) =>
        $"The checkpoint {analyst}, which was trained on from {checkpoint}, explains its evaluation: {Ask}";

    private static string Unknown(string name, string checkpoint) =>
        $"The policy file does not say which checkpoint the model {name} is, which explains this evaluation, "
        + $"so it counts as {checkpoint} itself: {Ask} Name it under 'analysts' if it is another one.";

    private static bool Same(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);
}
