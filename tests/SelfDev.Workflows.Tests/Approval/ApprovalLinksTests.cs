using SelfDev.Core.Approvals;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;

namespace SelfDev.Workflows.Tests.Approval;

public sealed class ApprovalLinksTests
{
    private readonly FakeClock _clock = new(Asked.Now);
    private readonly ApprovalKeyRing _keys = new([TrustRoom.NewKey("k1")]);

    [Fact]
    public void A_link_is_for_one_person_and_one_request_and_for_nothing_that_differs()
    {
        var request = Asked.Request();
        var claims = Claims(request, Asked.Ana);
        Assert.Equal(
            (request.PlanHash, Asked.Ana, request.Plan.ExpiresAt),
            (claims.PlanHash, claims.Approver, claims.ExpiresAt)
        );
        Assert.True(ApprovalLinks.IsFor(request, claims));
        Assert.False(ApprovalLinks.IsFor(request, claims with { InstanceId = "run8:approval:1" }));
        Assert.False(ApprovalLinks.IsFor(request, claims with { Round = 2 }));
        Assert.False(ApprovalLinks.IsFor(request, claims with { Approver = Asked.Bo }));
        Assert.False(ApprovalLinks.IsFor(request, claims with { Nonce = Claims(request, Asked.Bo).Nonce }));
        Assert.False(
            ApprovalLinks.IsFor(request with { Proposal = request.Proposal with { Why = "another" } }, claims)
        );
    }

    [Fact]
    public void A_reminder_repeats_the_link()
    {
        var links = new ApprovalLinks(_keys, new Uri("https://selfdev.example/"), _clock);
        var first = links.For(Asked.Request(), Asked.Ana);
        _clock.Advance(TimeSpan.FromMinutes(30));
        Assert.Equal(first, links.For(Asked.Request(), Asked.Ana));
    }

    private ApprovalClaims Claims(ApprovalRequest request, string who)
    {
        var link = new ApprovalLinks(_keys, new Uri("https://selfdev.example/"), _clock).For(request, who);
        return ApprovalTokens.Verify(_keys, link.Segments[^1], _clock.GetUtcNow()).Claims!;
    }
}
