using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Proposals;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// All that a person needs to decide about one plan. Written once, before anybody is asked; where the approval stands is
/// not in it but in the recorded decisions (<see cref="DecisionStore"/>).
/// </summary>
public sealed record ApprovalRequest
{
    /// <value>Of <see cref="Core.Approvals.PlanHash.Of"/> over <see cref="Plan"/>.</value>
    public required string PlanHash { get; init; }

    public required EffectPlan Plan { get; init; }

    public required Proposal Proposal { get; init; }

    /// <value>As the policy said when the plan was made: a later policy does not loosen a pending approval.</value>
    public required ApprovalRequirement Requirement { get; init; }

    /// <value>1-based: which plan of the action this is.</value>
    public required int Round { get; init; }

    /// <value>Instance that waits for the decisions and is woken by <see cref="ApprovalEvents.Decided"/>.</value>
    public required string ApprovalInstanceId { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    /// <value>Instance whose report tells the whole story; null where there is none.</value>
    public string? ReportId { get; init; }

    /// <value><c>kind/name</c> of the run, checkpoint or service that it is about.</value>
    public string? Subject { get; init; }

    /// <value>The findings behind the proposal.</value>
    public IReadOnlyList<Finding> Findings { get; init; } = [];

    /// <value>
    /// 1-based group of the report whose explanation (<see cref="Diagnosis.Explanations"/>) is shown beside the request once there is one; null where none will come.
    /// The explanation itself is no part of what is approved.
    /// </value>
    public int? ExplanationGroup { get; init; }
}
