using SelfDev.Azure.Blobs;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Trust;

namespace SelfDev.Azure.Tests.Approval;

/// <summary>The one-winner promise of decisions, on genuine storage.</summary>
public sealed class DecisionRaceTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Of_many_posts_at_once_exactly_one_is_recorded()
    {
        var store = await azurite.NewStoreAsync();
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var plan = new EffectPlan
        {
            Action = "scale-fleet",
            Resource = "/subscriptions/0/x",
            From = new Dictionary<string, string> { ["capacity"] = "3" },
            To = new Dictionary<string, string> { ["capacity"] = "4" },
            Evidence = [],
            Proposer = "selfdev",
            ExpiresAt = now.AddHours(1),
            InstanceId = "run7",
        };
        var request = new ApprovalRequest
        {
            PlanHash = PlanHash.Of(plan),
            Plan = plan,
            Proposal = new Proposal(new ScaleFleet(4), "why"),
            Requirement = new ApprovalRequirement(
                ["ana@example.com", "bo@example.com"],
                2,
                TimeSpan.FromHours(1),
                null
            ),
            Round = 1,
            ApprovalInstanceId = "run7:approval:1",
            RequestedAt = now,
        };
        using var trust = new TrustRoom(
            new FakeClock(now),
            new FixedPolicySource(ApprovalPolicy.DenyAll),
            store: new ArtifactTrustStore(store)
        );
        var ana = new Decision(
            request.PlanHash,
            request.Hash(),
            DecisionKind.Approve,
            "ana@example.com",
            now,
            null,
            DecisionProof.Principal
        );
        var results = await Task.WhenAll(
            Enumerable
                .Range(0, 100)
                .Select(_ => trust.Decisions.RecordAsync(request, ana, TestContext.Current.CancellationToken))
        );
        Assert.Equal(1, results.Count(result => result.Number is not null));
        Assert.Equal(99, results.Count(result => result.Verdict.Refusal == DecisionRefusal.AlreadyDecided));
    }
}
