using SelfDev.Core.Approvals;

namespace SelfDev.Workflows.Ports;

/// <summary>Where the policy file is. Read anew for every plan, so that a changed file counts from the next plan
/// on.</summary>
public interface IApprovalPolicySource
{
    /// <returns>A policy that denies everything where the file is missing or wrong, with the reasons beside
    /// it.</returns>
    Task<PolicyReading> ReadAsync(CancellationToken cancellation);
}
