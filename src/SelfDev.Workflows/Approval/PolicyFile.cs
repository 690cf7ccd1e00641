using SelfDev.Core.Approvals;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Approval;

/// <summary>The policy as a file beside the app: it changes by deployment or by an editor, never over HTTP.</summary>
public sealed class PolicyFile(string path) : IApprovalPolicySource
{
    public async Task<PolicyReading> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            var length = new FileInfo(path).Length;
            return length > ApprovalPolicyFormat.MaxBytes
                ? new PolicyReading(
                    null,
                    [$"The policy file {path} has {length} bytes; at most {ApprovalPolicyFormat.MaxBytes} are read."]
                )
                : ApprovalPolicyFormat.Parse(await File.ReadAllBytesAsync(path, cancellation));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return new PolicyReading(null, [$"The policy file {path} cannot be read: {unreadable.Message}"]);
        }
    }
}
