using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;

namespace SelfDev.Workflows.Tests.Approval;

public sealed class DecisionStoreTests : IDisposable
{
    private readonly FakeClock _clock = new(Asked.Now);
    private readonly TrustRoom _trust;

    public DecisionStoreTests() => _trust = new TrustRoom(_clock, new FixedPolicySource(Asked.Policy));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hundred_people_at_once_fill_the_quorum_exactly()
    {
        var people = Enumerable.Range(0, 100).Select(number => $"p{number}@example.com").ToArray();
        var request = Asked.Request(quorum: 3, approvers: people);
        var recorded = await Task.WhenAll(
            people.Select(person =>
                Task.Run(() => _trust.Decisions.RecordAsync(request, Asked.Approve(request, person), Cancel), Cancel)
            )
        );
        Assert.Equal([1, 2, 3], recorded.Where(one => one.Number is not null).Select(one => one.Number!.Value).Order());
        Assert.Equal(97, recorded.Count(one => one.Verdict.Refusal == DecisionRefusal.Finished));
        Assert.Equal(
            ApprovalState.Approved,
            (await _trust.Decisions.ReadAsync(request, Cancel)).StateUnder(request.Terms())
        );
        Assert.Equal(3, _trust.Ledger.Entries.Count(entry => entry.Type == LedgerEntryTypes.Decision));
    }

    [Fact]
    public async Task Approval_rejection_and_expiry_at_once_have_one_outcome_that_all_callers_see()
    {
        var outcomes = new HashSet<ApprovalState>();
        for (var round = 0; round < 200; round++)
        {
            using var trust = new TrustRoom(_clock, new FixedPolicySource(Asked.Policy));
            var request = Asked.Request();
            var justInTime = request.Plan.ExpiresAt.AddTicks(-1);
            Func<Task<RecordedDecision>>[] racers =
            [
                () =>
                    trust.Decisions.RecordAsync(
                        request,
                        Asked.Approve(request, Asked.Ana) with
                        {
                            At = justInTime,
                        },
                        Cancel
                    ),
                () =>
                    trust.Decisions.RecordAsync(
                        request,
                        Asked.Approve(request, Asked.Bo, DecisionKind.Reject) with
                        {
                            At = justInTime,
                        },
                        Cancel
                    ),
                () => trust.Decisions.ExpireAsync(request, request.Plan.ExpiresAt, Cancel),
            ];
            var results = await Task.WhenAll(
                racers.Skip(round % 3).Concat(racers.Take(round % 3)).Select(racer => Task.Run(racer, Cancel))
            );
            Assert.Single(results, result => result.Verdict.Refusal is null);
            var decisions = await trust.Decisions.ReadAsync(request, Cancel);
            Assert.Single(decisions.Items);
            var state = Assert.Single(results.Select(result => result.Verdict.State).Distinct());
            Assert.Equal(decisions.StateUnder(request.Terms()), state);
            outcomes.Add(state);
        }

        Assert.DoesNotContain(ApprovalState.Pending, outcomes);
    }

    [Fact]
    public async Task A_decision_is_in_the_ledger_when_it_is_recorded_with_how_the_person_was_known()
    {
        var request = Asked.Request(quorum: 2);
        await _trust.Decisions.RecordAsync(
            request,
            Asked.Approve(request, Asked.Ana) with
            {
                Proof = DecisionProof.Principal,
            },
            Cancel
        );
        var entry = Assert.Single(_trust.Ledger.Entries);
        Assert.Equal(
            (LedgerEntryTypes.Decision, Asked.Ana, request.ApprovalInstanceId),
            (entry.Type, entry.Actor, entry.InstanceId)
        );
        Assert.Equal("signed in through the platform", (string)entry.Body["identified"]!);
        Assert.Equal(request.Hash(), (string)entry.Body["requestHash"]!);
    }

    [Fact]
    public async Task What_a_crash_kept_out_of_the_ledger_is_put_there_by_the_next_reader()
    {
        var request = Asked.Request(quorum: 2);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        using var after = new TrustRoom(_clock, new FixedPolicySource(Asked.Policy), _trust.Keys, _trust.Store);
        Assert.Empty(after.Ledger.Entries);
        await after.Decisions.ReadAsync(request, Cancel);
        Assert.Equal(LedgerEntryTypes.Decision, Assert.Single(after.Ledger.Entries).Type);
    }

    [Fact]
    public async Task Forged_decisions_of_people_who_do_not_exist_meet_no_quorum_and_keep_nobody_from_rejecting()
    {
        var request = Asked.Request(quorum: 2);
        for (var number = 1; number <= 2; number++)
        {
            _trust.Store.Forge(
                $"decisions/{request.PlanHash}/{number:000000}",
                System.Text.Encoding.UTF8.GetBytes(
                    $"{{\"number\":{number},\"value\":{{\"planHash\":\"{request.PlanHash}\",\"requestHash\":\"{request.Hash()}\",\"kind\":\"approve\",\"approver\":\"ghost{number}@example.com\",\"at\":\"2026-01-01T12:00:00Z\",\"proof\":\"principal\"}}}}"
                )
            );
        }

        var read = await _trust.Decisions.ReadAsync(request, Cancel);
        Assert.Empty(read.Items);
        Assert.Equal(ApprovalState.Pending, read.StateUnder(request.Terms()));
        Assert.Equal(2, _trust.Ledger.Entries.Count(entry => entry.Type == LedgerEntryTypes.Tampering));
        var rejected = await _trust.Decisions.RecordAsync(
            request,
            Asked.Approve(request, Asked.Ana, DecisionKind.Reject),
            Cancel
        );
        Assert.Equal((1, ApprovalState.Rejected), (rejected.Number, rejected.Verdict.State));
    }

    [Fact]
    public async Task A_rejection_that_somebody_takes_out_of_the_store_still_stops_the_plan()
    {
        var request = Asked.Request(quorum: 1);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana, DecisionKind.Reject), Cancel);
        _trust.Store.Remove($"decisions/{request.PlanHash}/000001");
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Bo), Cancel);

        // The ledger has two decisions under one number's key or a lost one: either way the plan is not approved.
        var read = await _trust.Decisions.ReadAsync(request, Cancel);
        Assert.NotEqual(ApprovalState.Approved, read.StateUnder(request.Terms()));
        Assert.Contains(_trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Tampering);
    }

    [Fact]
    public async Task A_decision_taken_off_the_end_is_missed()
    {
        var request = Asked.Request(quorum: 2);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Bo), Cancel);
        _trust.Store.Remove($"decisions/{request.PlanHash}/000002");
        var read = await _trust.Decisions.ReadAsync(request, Cancel);
        Assert.Contains("the trust store has lost it", read.Damage, StringComparison.Ordinal);
        _trust.Store.Remove($"decisions/{request.PlanHash}/000001");
        Assert.NotNull((await _trust.Decisions.ReadAsync(request, Cancel)).Damage);
    }

    [Fact]
    public async Task Where_a_decision_is_missing_nobody_decides_any_more()
    {
        var request = Asked.Request(quorum: 2);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        _trust.Store.Remove($"decisions/{request.PlanHash}/000001");

        var refused = await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Bo), Cancel);

        Assert.Equal((DecisionRefusal.Damaged, null), (refused.Verdict.Refusal, refused.Number));
        Assert.StartsWith(
            "Nobody can decide about it any more: The ledger has decision 1",
            refused.Verdict.Message,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(_trust.Store.Names, name => name.StartsWith("decisions/", StringComparison.Ordinal));
    }

    // Whoever has the key of the seals does not have the ledger's; also not for a process that has seen the first one.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_decision_that_was_exchanged_for_another_genuine_one_is_told_by_the_ledger(bool isRestarted)
    {
        var request = Asked.Request();
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana, DecisionKind.Reject), Cancel);
        var folder = $"decisions/{request.PlanHash}";
        _trust.Store.Remove($"{folder}/000001");
        Assert.True(
            await _trust.Log.TryAppendAsync(
                folder,
                await _trust.Log.ReadAsync<Decision>(folder, Cancel),
                Asked.Approve(request, Asked.Ana),
                Cancel
            )
        );

        var decisions = isRestarted ? new DecisionStore(_trust.Log, _trust.Ledger, _trust.Tampering) : _trust.Decisions;
        var read = await decisions.ReadAsync(request, Cancel);

        Assert.Equal("Decision 1 about this plan is not the one that the ledger has.", read.Damage);
        Assert.Equal(ApprovalState.Pending, read.StateUnder(request.Terms()));
        Assert.Contains(_trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Tampering);
        Assert.Single(_trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Decision);
    }

    [Theory]
    [InlineData(DecisionKind.Approve, ApprovalState.Approved, ApprovalState.Pending)]
    [InlineData(DecisionKind.Reject, ApprovalState.Rejected, ApprovalState.Rejected)]
    public void With_a_decision_missing_a_yes_is_none_and_a_no_stays_one(
        DecisionKind kind,
        ApprovalState whole,
        ApprovalState damaged
    )
    {
        var request = Asked.Request();
        var items = new[] { Asked.Approve(request, Asked.Ana, kind) };
        Assert.Equal(whole, new RecordedDecisions(items, null).StateUnder(request.Terms()));
        Assert.Equal(damaged, new RecordedDecisions(items, "one is gone").StateUnder(request.Terms()));
    }

    // The clock's word is no person's: who decided is named, and the end is told.
    [Fact]
    public async Task At_the_expiry_reading_closes_the_approval_and_not_before()
    {
        var request = Asked.Request(quorum: 2);
        await _trust.Requests.WriteAsync(request, Cancel);
        await _trust.Decisions.RecordAsync(request, Asked.Approve(request, Asked.Ana), Cancel);
        var reads = new ReadDecisions(_trust.Requests, _trust.Decisions);
        var context = new SelfDev.Workflows.Engine.ActivityContext("run7", "key", Cancel);

        var early = await reads.RunAsync(
            new ReadDecisionsInput(request.PlanHash, request.Plan.ExpiresAt.AddTicks(-1)),
            context
        );
        Assert.Equal(
            (ApprovalState.Pending, 1, "ana@example.com it waits for a decision"),
            (early.State, early.Decisions.Count, early.Describe())
        );
        var late = await reads.RunAsync(new ReadDecisionsInput(request.PlanHash, request.Plan.ExpiresAt), context);
        Assert.Equal((ApprovalState.Expired, 2), (late.State, late.Decisions.Count));
        Assert.Equal("ana@example.com it expired without enough approvals, so nothing is done", late.Describe());
        Assert.Equal(
            "it expired without enough approvals, so nothing is done",
            new ApprovalProgress(ApprovalState.Expired, [late.Decisions[1]]).Describe()
        );
    }

    [Fact]
    public async Task Decisions_of_another_request_for_the_same_plan_do_not_count()
    {
        var asked = Asked.Request(quorum: 1);
        var other = asked with { Proposal = asked.Proposal with { Cost = "nothing" } };
        Assert.NotEqual(asked.Hash(), other.Hash());
        var refused = await _trust.Decisions.RecordAsync(asked, Asked.Approve(other, Asked.Ana), Cancel);
        Assert.Equal(DecisionRefusal.OtherPlan, refused.Verdict.Refusal);
    }

    public void Dispose() => _trust.Dispose();
}
