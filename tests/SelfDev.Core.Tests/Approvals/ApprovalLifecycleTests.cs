using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Approvals;

namespace SelfDev.Core.Tests.Approvals;

public class ApprovalLifecycleTests
{
    private const string Ana = "ana@example.com";
    private const string Bo = "bo@example.com";
    private static readonly EffectPlan Plan = Plans.Scale();
    private static readonly ApprovalRequirement Two = Plans.Require(2, Ana, Bo, "cy@example.com");

    [Fact]
    public void The_table_is_this_and_nothing_else()
    {
        var allowed =
            from state in Enum.GetValues<ApprovalState>()
            from kind in Enum.GetValues<DecisionKind>()
            from quorum in new[] { false, true }
            let next = ApprovalLifecycle.Next(state, kind, quorum)
            where next is not null
            select $"{state} + {kind}{(quorum ? " (quorum)" : "")} = {next}";
        Assert.Equal(
            ["Pending + Approve = Pending", "Pending + Approve (quorum) = Approved", "Pending + Reject = Rejected", "Pending + Expire = Expired"],
            allowed);
    }

    [Fact]
    public void A_quorum_needs_distinct_people()
    {
        var first = Weigh([], Approve(Ana));
        Assert.Equal((null, ApprovalState.Pending), (first.Refusal, first.State));
        Assert.Equal(DecisionRefusal.AlreadyDecided, Weigh([Approve(Ana)], Approve(Ana)).Refusal);
        Assert.Equal(DecisionRefusal.AlreadyDecided, Weigh([Approve(Ana)], Approve("ANA@Example.com")).Refusal);
        Assert.Equal((null, ApprovalState.Approved), (Weigh([Approve(Ana)], Approve(Bo)).Refusal, Weigh([Approve(Ana)], Approve(Bo)).State));
        // Even if storage held two decisions of one person, they would count once.
        Assert.Equal(ApprovalState.Pending, ApprovalLifecycle.StateAfter(Two, [Approve(Ana), Approve("ANA@example.com")]));
    }

    [Fact]
    public void One_no_is_enough() => Assert.Equal(ApprovalState.Rejected, Weigh([Approve(Ana)], new Decision(PlanHash.Of(Plan), DecisionKind.Reject, Bo, Plans.Now, "no", "t")).State);

    [Fact]
    public void The_proposer_never_decides()
    {
        var mine = Plan with { Proposer = Ana };
        var verdict = ApprovalLifecycle.Weigh(mine, Two, [], Approve("Ana@example.com") with { PlanHash = PlanHash.Of(mine) });
        Assert.Equal(DecisionRefusal.NotAllowed, verdict.Refusal);
    }

    [Fact]
    public void Strangers_do_not_decide() => Assert.Equal(DecisionRefusal.NotAllowed, Weigh([], Approve("eve@example.com")).Refusal);

    [Fact]
    public void A_decision_about_another_plan_does_not_count()
    {
        var edited = Plan with { To = new Dictionary<string, string>(Plan.To) { ["capacity"] = "100" } };
        Assert.Equal(DecisionRefusal.OtherPlan, ApprovalLifecycle.Weigh(edited, Two, [], Approve(Ana)).Refusal);
    }

    [Fact]
    public void Expiry_is_exact()
    {
        Assert.Null(Weigh([], Approve(Ana) with { At = Plan.ExpiresAt.AddTicks(-1) }).Refusal);
        Assert.Equal(DecisionRefusal.Expired, Weigh([], Approve(Ana) with { At = Plan.ExpiresAt }).Refusal);
        Assert.Equal(DecisionRefusal.TooEarly, Weigh([], Decision.Expiry(PlanHash.Of(Plan), Plan.ExpiresAt.AddTicks(-1))).Refusal);
        Assert.Equal(ApprovalState.Expired, Weigh([Approve(Ana)], Decision.Expiry(PlanHash.Of(Plan), Plan.ExpiresAt)).State);
    }

    [Fact]
    public void After_a_final_state_nothing_changes_whatever_comes() => Prop.ForAll(
        Gen.Elements(Approve(Ana), Approve(Bo), Approve("cy@example.com"), Approve(Ana) with { Kind = DecisionKind.Reject }, Decision.Expiry(PlanHash.Of(Plan), Plan.ExpiresAt))
            .ListOf(8).ToArbitrary(),
        decisions =>
        {
            var final = ApprovalState.Pending;
            for (var count = 0; count <= decisions.Count; count++)
            {
                var state = ApprovalLifecycle.StateAfter(Two, [.. decisions.Take(count)]);
                if (ApprovalLifecycle.IsFinal(final) && state != final)
                {
                    return false;
                }

                final = state;
                if (ApprovalLifecycle.IsFinal(state) && Weigh([.. decisions.Take(count)], Approve("cy@example.com")).Refusal != DecisionRefusal.Finished)
                {
                    return false;
                }
            }

            return true;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("ana@example.com", true)]
    [InlineData("аna@example.com", false)]
    [InlineData("ana\u200b@example.com", false)]
    [InlineData("ana <x>", false)]
    [InlineData("", false)]
    public void Identities_hold_nothing_that_looks_like_something_else(string text, bool expected) => Assert.Equal(expected, Identity.IsWellFormed(text));

    private static Decision Approve(string who) => new(PlanHash.Of(Plan), DecisionKind.Approve, who, Plans.Now, null, "t");

    private static DecisionVerdict Weigh(IReadOnlyList<Decision> earlier, Decision decision) => ApprovalLifecycle.Weigh(Plan, Two, earlier, decision);
}
