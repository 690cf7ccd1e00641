using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Approvals;

namespace SelfDev.Core.Tests.Approvals;

public class ApprovalLifecycleTests
{
    private const string Ana = "ana@example.com";
    private const string Bo = "bo@example.com";
    private static readonly EffectPlan Plan = Plans.Scale();
    private static readonly ApprovalTerms Two = Plans.Terms(Plan, Plans.Require(2, Ana, Bo, "cy@example.com"));

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
            [
                "Pending + Approve = Pending",
                "Pending + Approve (quorum) = Approved",
                "Pending + Reject = Rejected",
                "Pending + Expire = Expired",
            ],
            allowed
        );
    }

    [Fact]
    public void A_quorum_needs_distinct_people()
    {
        var first = Weigh([], Approve(Ana));
        Assert.Equal((null, ApprovalState.Pending), (first.Refusal, first.State));
        Assert.Equal(DecisionRefusal.AlreadyDecided, Weigh([Approve(Ana)], Approve(Ana)).Refusal);
        Assert.Equal(DecisionRefusal.AlreadyDecided, Weigh([Approve(Ana)], Approve("ANA@Example.com")).Refusal);
        Assert.Equal(
            (null, ApprovalState.Approved),
            (Weigh([Approve(Ana)], Approve(Bo)).Refusal, Weigh([Approve(Ana)], Approve(Bo)).State)
        );
        // Even if storage held two decisions of one person, they would count once.
        Assert.Equal(
            ApprovalState.Pending,
            ApprovalLifecycle.StateAfter(Two, [Approve(Ana), Approve("ANA@example.com")])
        );
    }

    [Fact]
    public void One_no_is_enough() =>
        Assert.Equal(
            ApprovalState.Rejected,
            Weigh([Approve(Ana)], Approve(Bo) with { Kind = DecisionKind.Reject }).State
        );

    [Fact]
    public void The_proposer_never_decides()
    {
        var mine = Plan with { Proposer = Ana };
        var verdict = ApprovalLifecycle.Weigh(
            Plans.Terms(mine, Two.Requirement),
            [],
            Approve("Ana@example.com") with
            {
                PlanHash = PlanHash.Of(mine),
            }
        );
        Assert.Equal(DecisionRefusal.NotAllowed, verdict.Refusal);
    }

    [Fact]
    public void Strangers_do_not_decide() =>
        Assert.Equal(DecisionRefusal.NotAllowed, Weigh([], Approve("eve@example.com")).Refusal);

    [Fact]
    public void A_decision_about_another_plan_does_not_count()
    {
        var edited = Plan with { To = new Dictionary<string, string>(Plan.To) { ["capacity"] = "100" } };
        Assert.Equal(
            DecisionRefusal.OtherPlan,
            ApprovalLifecycle.Weigh(Plans.Terms(edited, Two.Requirement), [], Approve(Ana)).Refusal
        );
    }

    [Fact]
    public void Expiry_is_exact()
    {
        Assert.Null(Weigh([], Approve(Ana) with { At = Plan.ExpiresAt.AddTicks(-1) }).Refusal);
        Assert.Equal(DecisionRefusal.Expired, Weigh([], Approve(Ana) with { At = Plan.ExpiresAt }).Refusal);
        Assert.Equal(
            DecisionRefusal.TooEarly,
            Weigh([], Decision.Expiry(PlanHash.Of(Plan), Plans.RequestHash, Plan.ExpiresAt.AddTicks(-1))).Refusal
        );
        Assert.Equal(
            ApprovalState.Expired,
            Weigh([Approve(Ana)], Decision.Expiry(PlanHash.Of(Plan), Plans.RequestHash, Plan.ExpiresAt)).State
        );
    }

    [Fact]
    public void After_a_final_state_nothing_changes_whatever_comes() =>
        Prop.ForAll(
                Gen.Elements(
                        Approve(Ana),
                        Approve(Bo),
                        Approve("cy@example.com"),
                        Approve(Ana) with
                        {
                            Kind = DecisionKind.Reject,
                        },
                        Decision.Expiry(PlanHash.Of(Plan), Plans.RequestHash, Plan.ExpiresAt)
                    )
                    .ListOf(8)
                    .ToArbitrary(),
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
                        if (
                            ApprovalLifecycle.IsFinal(state)
                            && Weigh([.. decisions.Take(count)], Approve("cy@example.com")).Refusal
                                != DecisionRefusal.Finished
                        )
                        {
                            return false;
                        }
                    }

                    return true;
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_decision_about_another_request_for_the_same_plan_does_not_count()
    {
        var elsewhere = Approve(Ana) with { RequestHash = new string('b', 64) };
        Assert.Equal(DecisionRefusal.OtherPlan, Weigh([], elsewhere).Refusal);
        Assert.Equal(ApprovalState.Pending, ApprovalLifecycle.StateAfter(Two, [elsewhere, Approve(Bo)]));
    }

    [Fact]
    public void What_is_recorded_counts_only_as_far_as_it_is_allowed()
    {
        // As it would be after somebody wrote two strangers, and the proposer, into the store.
        Assert.Equal(
            ApprovalState.Pending,
            ApprovalLifecycle.StateAfter(Two, [Approve("eve@example.com"), Approve("mallory@example.com")])
        );
        Assert.Equal(ApprovalState.Pending, ApprovalLifecycle.StateAfter(Two, [Approve("selfdev"), Approve(Ana)]));
        Assert.Equal(
            ApprovalState.Pending,
            ApprovalLifecycle.StateAfter(Two, [Approve("eve@example.com") with { Kind = DecisionKind.Reject }])
        );
        Assert.Equal(
            ApprovalState.Approved,
            ApprovalLifecycle.StateAfter(Two, [Approve("eve@example.com"), Approve(Ana), Approve(Bo)])
        );
    }

    [Theory]
    [InlineData("link:n", 1, false, null)]
    [InlineData("link:n", 1, true, DecisionRefusal.SignInNeeded)]
    [InlineData("link:n", 2, false, DecisionRefusal.SignInNeeded)]
    [InlineData("key:ana@example.com", 2, true, null)]
    [InlineData("principal", 2, true, null)]
    [InlineData("clock", 2, true, DecisionRefusal.SignInNeeded)]
    [InlineData("anything", 2, true, DecisionRefusal.SignInNeeded)]
    [InlineData("", 2, false, DecisionRefusal.SignInNeeded)]
    public void A_link_is_enough_for_one_person_only_and_only_where_the_policy_asks_for_no_more(
        string proof,
        int quorum,
        bool signIn,
        DecisionRefusal? expected
    )
    {
        var terms = Plans.Terms(Plan, Plans.Require(quorum, Ana, Bo) with { SignIn = signIn });
        Assert.Equal(expected, ApprovalLifecycle.Weigh(terms, [], Approve(Ana) with { Proof = proof }).Refusal);
        var reject = Approve(Ana) with { Proof = proof, Kind = DecisionKind.Reject };
        Assert.Equal(expected, ApprovalLifecycle.Weigh(terms, [], reject).Refusal);
    }

    [Fact]
    public void A_stricter_requirement_takes_the_stricter_part_of_both()
    {
        var asked = Plans.Require(1, Ana, Bo) with { ExpiresAfter = TimeSpan.FromHours(4), Because = "why" };
        var now = Plans.Require(2, "BO@example.com", "cy@example.com") with
        {
            ExpiresAfter = TimeSpan.FromHours(1),
            SignIn = true,
        };
        var both = asked.AndAlso(now);
        Assert.Equal([Bo], both.Approvers);
        Assert.Equal(
            (2, TimeSpan.FromHours(1), true, "why"),
            (both.Quorum, both.ExpiresAfter, both.SignIn, both.Because)
        );
        Assert.Equal([Ana, Bo], asked.AndAlso(Plans.Require(1, Ana, Bo, "cy@example.com")).Approvers);
        Assert.False(asked.AndAlso(asked).NeedsSignIn);
        Assert.Equal(
            (TimeSpan.FromHours(1), true, "why"),
            (now.AndAlso(asked).ExpiresAfter, now.AndAlso(asked).SignIn, now.AndAlso(asked).Because)
        );

        var terms = Two.Under(both, Plans.Now.AddMinutes(-30));
        Assert.Equal(Plans.Now.AddMinutes(30), terms.ExpiresAt);
        Assert.Equal(
            Plan.ExpiresAt,
            Two.Under(asked with { ExpiresAfter = TimeSpan.FromDays(9) }, Plans.Now).ExpiresAt
        );
    }

    // A number that no kind of decision has, as a store may hold it.
    [Fact]
    public void A_decision_of_an_unknown_kind_approves_nothing_and_ends_nothing()
    {
        var strange = Approve(Ana) with { Kind = (DecisionKind)99 };
        Assert.Equal(ApprovalState.Pending, Weigh([], strange).State);
        Assert.Equal(ApprovalState.Pending, ApprovalLifecycle.StateAfter(Two, [strange, Approve(Bo)]));
    }

    [Fact]
    public void Of_three_who_have_to_agree_two_are_not_enough()
    {
        var three = Plans.Terms(Plan, Plans.Require(3, Ana, Bo, "cy@example.com"));
        Assert.Equal(ApprovalState.Pending, ApprovalLifecycle.StateAfter(three, [Approve(Ana), Approve(Bo)]));
        Assert.Equal(
            ApprovalState.Approved,
            ApprovalLifecycle.StateAfter(three, [Approve(Ana), Approve(Bo), Approve("cy@example.com")])
        );
    }

    [Theory]
    [InlineData(DecisionKind.Approve, "it was approved")]
    [InlineData(DecisionKind.Reject, "it was rejected")]
    [InlineData(DecisionKind.Expire, "it expired")]
    public void Who_comes_too_late_is_told_how_it_ended(DecisionKind kind, string expected)
    {
        var one = Plans.Terms(Plan, Plans.Require(1, Ana, Bo));
        var end = Approve(Ana) with { Kind = kind, At = kind == DecisionKind.Expire ? Plan.ExpiresAt : Plans.Now };
        var verdict = ApprovalLifecycle.Weigh(one, [end], Approve(Bo));
        Assert.Equal(DecisionRefusal.Finished, verdict.Refusal);
        Assert.Contains(expected, verdict.Message, StringComparison.Ordinal);
        Assert.Equal("it waits for a decision", ApprovalLifecycle.Describe(ApprovalState.Pending));
    }

    [Theory]
    [InlineData("clock", "the clock")]
    [InlineData("principal", "signed in through the platform")]
    [InlineData("key:ana@example.com", "signed in with their own key")]
    [InlineData("link:n-1", "by a link sent to them, not signed in")]
    [InlineData("Principal", "not known")]
    [InlineData("xkey:a", "not known")]
    public void The_ledger_says_how_a_person_was_known(string proof, string expected) =>
        Assert.Equal(expected, DecisionProof.Describe(proof));

    [Fact]
    public void Words_are_cut_at_their_limit_and_never_inside_a_character()
    {
        var longest = new string('x', Decision.MaxReasonChars);
        Assert.Null(DecisionReason.Cut(null));
        Assert.Null(DecisionReason.Cut(" \n"));
        Assert.Equal(" short ", DecisionReason.Cut(" short "));
        Assert.Equal(longest, DecisionReason.Cut(longest));
        Assert.Equal(longest, DecisionReason.Cut(longest + "y"));
        Assert.Equal(longest[1..], DecisionReason.Cut(longest[1..] + "\U0001F600 and more"));
        Assert.Equal(longest[2..] + "\U0001F600", DecisionReason.Cut(longest[2..] + "\U0001F600"));
        Assert.Equal(longest[2..] + "\U0001F600", DecisionReason.Cut(longest[2..] + "\U0001F600 and more"));
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(128, true)]
    [InlineData(129, false)]
    public void An_identity_has_at_most_so_many_characters(int length, bool expected) =>
        Assert.Equal(expected, Identity.IsWellFormed(new string('a', length)));

    [Theory]
    [InlineData("ana@example.com", true)]
    [InlineData("аna@example.com", false)]
    [InlineData("ana\u200b@example.com", false)]
    [InlineData("ana <x>", false)]
    [InlineData("", false)]
    public void Identities_hold_nothing_that_looks_like_something_else(string text, bool expected) =>
        Assert.Equal(expected, Identity.IsWellFormed(text));

    private static Decision Approve(string who) =>
        new(PlanHash.Of(Plan), Plans.RequestHash, DecisionKind.Approve, who, Plans.Now, null, DecisionProof.Key(who));

    private static DecisionVerdict Weigh(IReadOnlyList<Decision> earlier, Decision decision) =>
        ApprovalLifecycle.Weigh(Two, earlier, decision);
}
