using SelfDev.Core.Approvals;
using SelfDev.Workflows.Ports;

namespace SelfDev.Testing;

/// <summary>The policy that a test gives, until it gives another.</summary>
public sealed class FixedPolicySource(ApprovalPolicy policy) : IApprovalPolicySource
{
    public ApprovalPolicy Policy { get; set; } = policy;

    public Task<PolicyReading> ReadAsync(CancellationToken cancellation) =>
        Task.FromResult(new PolicyReading(Policy, []));
}
