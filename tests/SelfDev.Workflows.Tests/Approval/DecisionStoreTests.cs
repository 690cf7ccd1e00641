using SelfDev.Core.Approvals;
using SelfDev.Core.Proposals;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Ports;

namespace SelfDev.Workflows.Tests.Approval;

public class DecisionStoreTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly EffectPlan Plan = new()
    {
        Action = ScaleFleet.KindName,
        Resource = "/subscriptions/0/x",
        From = new Dictionary<string, string> { ["capacity"] = "3" },
        To = new Dictionary<string, string> { ["capacity"] = "4" },
        Evidence = [],
        Proposer = "selfdev",
        ExpiresAt = Now.AddHours(1),
        InstanceId = "run7",
    };

    private readonly InMemoryArtifactStore _store = new();

    private DecisionStore Decisions => new(_store);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hundred_people_at_once_fill_the_quorum_exactly()
    {
        var people = Enumerable.Range(0, 100).Select(number => $"p{number}@example.com").ToList();
        var requirement = new ApprovalRequirement(people, 3, TimeSpan.FromHours(1), null);
        var recorded = await Task.WhenAll(people.Select(person => Task.Run(() => Decisions.RecordAsync(Plan, requirement, Approve(person), Cancel), Cancel)));
        Assert.Equal([1, 2, 3], recorded.Where(one => one.Number is not null).Select(one => one.Number!.Value).Order());
        Assert.Equal(97, recorded.Count(one => one.Verdict.Refusal == DecisionRefusal.Finished));
        Assert.Equal(ApprovalState.Approved, ApprovalLifecycle.StateAfter(requirement, await Decisions.ReadAsync(PlanHash.Of(Plan), Cancel)));
    }

    [Fact]
    public async Task Approval_rejection_and_expiry_at_once_have_one_outcome_that_all_callers_see()
    {
        var requirement = new ApprovalRequirement(["ana@example.com", "bo@example.com"], 1, TimeSpan.FromHours(1), null);
        var outcomes = new HashSet<ApprovalState>();
        for (var round = 0; round < 200; round++)
        {
            var store = new DecisionStore(new InMemoryArtifactStore());
            var plan = Plan with { InstanceId = $"run{round}" };
            var justInTime = plan.ExpiresAt.AddTicks(-1);
            var hash = PlanHash.Of(plan);
            Func<Task<RecordedDecision>>[] racers =
            [
                () => store.RecordAsync(plan, requirement, new Decision(hash, DecisionKind.Approve, "ana@example.com", justInTime, null, "t"), Cancel),
                () => store.RecordAsync(plan, requirement, new Decision(hash, DecisionKind.Reject, "bo@example.com", justInTime, null, "t"), Cancel),
                () => store.ExpireAsync(plan, requirement, plan.ExpiresAt, Cancel),
            ];
            var results = await Task.WhenAll(racers.Skip(round % 3).Concat(racers.Take(round % 3)).Select(racer => Task.Run(racer, Cancel)));
            Assert.Single(results, result => result.Verdict.Refusal is null);
            var decisions = await store.ReadAsync(hash, Cancel);
            Assert.Single(decisions);
            var state = Assert.Single(results.Select(result => result.Verdict.State).Distinct());
            Assert.Equal(ApprovalLifecycle.StateAfter(requirement, decisions), state);
            outcomes.Add(state);
        }

        Assert.DoesNotContain(ApprovalState.Pending, outcomes);
    }

    [Fact]
    public async Task A_changed_request_is_noticed_and_not_listed()
    {
        var requests = new ApprovalRequests(_store);
        var request = Request(Plan);
        await requests.WriteAsync(request, Cancel);
        Assert.True((await requests.ReadAsync(request.PlanHash, Cancel))!.IsUnchanged);
        Assert.Equal([request.PlanHash], await Listed(requests, Now));

        var name = $"approvals/{request.PlanHash}.json";
        _store.Put(Containers.Evidence, name, _store.Text(Containers.Evidence, name).Replace("\"capacity\":\"4\"", "\"capacity\":\"9\"", StringComparison.Ordinal));
        Assert.False((await requests.ReadAsync(request.PlanHash, Cancel))!.IsUnchanged);
        Assert.Empty(await Listed(requests, Now));
        Assert.Null(await requests.ReadAsync("../kill-switch", Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => requests.WriteAsync(request with { PlanHash = new string('0', 64) }, Cancel));
    }

    [Fact]
    public async Task Requests_are_listed_by_expiry_until_they_expire()
    {
        var requests = new ApprovalRequests(_store);
        var late = Request(Plan with { ExpiresAt = Now.AddHours(9) });
        var soon = Request(Plan);
        await requests.WriteAsync(late, Cancel);
        await requests.WriteAsync(soon, Cancel);
        Assert.Equal([soon.PlanHash, late.PlanHash], await Listed(requests, Now));
        Assert.Equal([late.PlanHash], await Listed(requests, Plan.ExpiresAt.AddMilliseconds(1)));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    public async Task A_kill_switch_that_cannot_be_read_is_on(string content)
    {
        var clock = new FakeClock();
        var killSwitch = new KillSwitch(_store, clock);
        Assert.False((await killSwitch.ReadAsync(Cancel)).Engaged);
        _store.Put(Containers.Evidence, "kill-switch.json", content);
        Assert.True((await killSwitch.ReadAsync(Cancel)).Engaged);
        await killSwitch.SetAsync(false, "ana@example.com", null, Cancel);
        Assert.False((await killSwitch.ReadAsync(Cancel)).Engaged);
    }

    [Fact]
    public void A_link_is_the_same_each_time_and_another_for_each_person_and_round()
    {
        var clock = new FakeClock(Now);
        var keys = new ApprovalKeyRing([new ApprovalKey("k1", new byte[32], Now, Now.AddDays(1))]);
        var links = new ApprovalLinks(keys, new Uri("https://selfdev.example/base/"), clock);
        var request = Request(Plan);
        Assert.Equal(links.For(request, "ana@example.com"), links.For(request, "ana@example.com"));
        Assert.NotEqual(links.For(request, "ana@example.com"), links.For(request, "bo@example.com"));
        Assert.NotEqual(links.For(request, "ana@example.com"), links.For(request with { Round = 2 }, "ana@example.com"));
        Assert.StartsWith("https://selfdev.example/base/approvals/v1.k1.", links.For(request, "ana@example.com").ToString(), StringComparison.Ordinal);
    }

    private static Decision Approve(string who) => new(PlanHash.Of(Plan), DecisionKind.Approve, who, Now, null, "t");

    private static ApprovalRequest Request(EffectPlan plan) => new()
    {
        PlanHash = PlanHash.Of(plan),
        Plan = plan,
        Proposal = new Proposal(new ScaleFleet(4), "why"),
        Requirement = new ApprovalRequirement(["ana@example.com"], 1, TimeSpan.FromHours(1), null),
        Round = 1,
        ApprovalInstanceId = "run7:approval:1",
        RequestedAt = Now,
    };

    private static async Task<List<string>> Listed(ApprovalRequests requests, DateTimeOffset now)
    {
        var hashes = new List<string>();
        await foreach (var request in requests.ListUnexpiredAsync(now, Cancel))
        {
            hashes.Add(request.PlanHash);
        }

        return hashes;
    }
}
