using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SelfDev.Core.Approvals;

namespace SelfDev.Workflows.Approval;

/// <summary>Makes the links that approvers get. The same request, approver and key give the same link, so that a reminder repeats it.</summary>
/// <param name="baseUri">Where this host is reached from outside.</param>
public sealed class ApprovalLinks(ApprovalKeyRing keys, Uri baseUri, TimeProvider clock)
{
    /// <exception cref="InvalidOperationException">No key is valid now.</exception>
    public Uri For(ApprovalRequest request, string approver)
    {
        var nonce = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{request.PlanHash}\n{request.Round}\n{approver}"))).AsSpan(0, 12));
        var claims = new ApprovalClaims(request.PlanHash, request.ApprovalInstanceId, request.Round, approver, request.Plan.ExpiresAt, nonce);
        return new Uri(baseUri, $"approvals/{ApprovalTokens.Issue(keys, claims, clock.GetUtcNow())}");
    }
}
