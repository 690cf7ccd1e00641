using System.Security.Cryptography;
using System.Text.Json;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Workflows.CaseFile;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// All that a person needs to decide about one plan. Written once, before anybody is asked; where the approval stands
/// is not in it but in the recorded decisions (<see cref="DecisionStore"/>). Whoever approves, approves all of it:
/// every decision names <see cref="Hash"/>, and execution compares it.
/// </summary>
public sealed record ApprovalRequest
{
    /// <value>Of <see cref="Core.Approvals.PlanHash.Of"/> over <see cref="Plan"/>.</value>
    public required string PlanHash { get; init; }

    public required EffectPlan Plan { get; init; }

    public required Proposal Proposal { get; init; }

    /// <value>As the policy said when the plan was made: a later policy does not loosen a pending approval, and a
    /// stricter one counts beside it.</value>
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
    /// 1-based group of the report whose explanation (<see cref="Explanations"/>) is shown beside the request
    /// once there is one; null where none will come. The explanation itself is no part of what is approved.
    /// </value>
    public int? ExplanationGroup { get; init; }

    /// <summary>
    /// SHA-256 over the JSON of the whole request as it is stored: effect, approvers, quorum, title, reason, evidence,
    /// cost, risk, expiry, proposer. Not over canonical JSON, which has no form for every text and number that a log
    /// may hold.
    /// </summary>
    /// <returns>Lower-case hex; the same before a request is stored and after it is read again.</returns>
    public string Hash() =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(this, SelfDevJson.Signed)));

    /// <summary>What decisions about it are weighed against.</summary>
    public ApprovalTerms Terms() =>
        new(Core.Approvals.PlanHash.Of(Plan), Hash(), Plan.Proposer, Requirement, Plan.ExpiresAt);
}
