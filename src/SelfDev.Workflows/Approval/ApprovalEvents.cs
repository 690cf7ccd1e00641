using SelfDev.Core.Approvals;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Approval;

/// <summary>
/// Wake-up calls for the approval workflow. They carry the decision for show; what counts is the <see
/// cref="DecisionStore"/>: on a wake-up, at a reminder and before expiring, the workflow reads it.
/// </summary>
public static class ApprovalEvents
{
    /// <summary>
    /// The decision of that number was recorded. A workflow that has read n decisions waits for number n + 1; whoever
    /// records number n + 1 raises it, so no wake-up is lost but by a crash between the two, which reminders mend.
    /// </summary>
    /// <param name="number">1-based, as <see cref="RecordedDecision.Number"/>.</param>
    public static WorkflowEvent<Decision> Decided(string planHash, int number) => new($"approval:{planHash}:{number}");
}
