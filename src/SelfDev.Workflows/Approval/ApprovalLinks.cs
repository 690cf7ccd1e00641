using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SelfDev.Core.Approvals;

namespace SelfDev.Workflows.Approval;

/// <summary>Makes the links that approvers get. The same request, approver and key give the same link, so that a
/// reminder repeats it.</summary>
/// <param name="baseUri">Where this host is reached from outside.</param>
public sealed class ApprovalLinks(ApprovalKeyRing keys, Uri baseUri, TimeProvider clock)
{
    /// <exception cref="InvalidOperationException">No key is valid now.</exception>
    public Uri For(ApprovalRequest request, string approver)
    {
        var claims = new ApprovalClaims(
            request.PlanHash,
            request.ApprovalInstanceId,
            request.Round,
            approver,
            request.Plan.ExpiresAt,
            Nonce(request, approver)
        );
        return new Uri(baseUri, $"approvals/{ApprovalTokens.Issue(keys, claims, clock.GetUtcNow())}");
    }

    /// <summary>An address that gives nobody any authority: whoever opens it signs in, and decides as who they
    /// are.</summary>
    public Uri WithoutAuthority(ApprovalRequest request) => new(baseUri, $"decide/{request.PlanHash}");

    /// <summary>Whether a link was made for this very request: one with another title, reason or cost has other
    /// links.</summary>
    public static bool IsFor(ApprovalRequest request, ApprovalClaims claims) =>
        claims.InstanceId == request.ApprovalInstanceId
        && claims.Round == request.Round
        && claims.Nonce == Nonce(request, claims.Approver);

    private static string Nonce(ApprovalRequest request, string approver) =>
        Convert.ToHexStringLower(
            SHA256
                .HashData(
                    Encoding.UTF8.GetBytes(
                        string.Create(CultureInfo.InvariantCulture, $"{request.Hash()}\n{request.Round}\n{approver}")
                    )
                )
                .AsSpan(0, 12)
        );
}
