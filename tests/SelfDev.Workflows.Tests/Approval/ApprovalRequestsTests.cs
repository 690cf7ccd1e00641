using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Core.Ledger;
using SelfDev.Testing;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Trust;

namespace SelfDev.Workflows.Tests.Approval;

public sealed class ApprovalRequestsTests : IDisposable
{
    private readonly FakeClock _clock = new(Asked.Now);
    private readonly TrustRoom _trust;

    public ApprovalRequestsTests() => _trust = new TrustRoom(_clock, new FixedPolicySource(Asked.Policy));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_hash_covers_everything_that_a_person_reads_and_outlives_the_store()
    {
        var request = Asked.Request();
        ApprovalRequest[] others =
        [
            request with
            {
                Proposal = request.Proposal with { Why = "other" },
            },
            request with
            {
                Proposal = request.Proposal with { Cost = "0 USD" },
            },
            request with
            {
                Proposal = request.Proposal with { Risk = "none" },
            },
            request with
            {
                Proposal = request.Proposal with { ExpectedOutcome = "all is well" },
            },
            request with
            {
                Proposal = request.Proposal with { Action = new ScaleFleet(16) },
            },
            request with
            {
                Requirement = request.Requirement with { Approvers = ["eve@example.com"] },
            },
            request with
            {
                Requirement = request.Requirement with { Quorum = 2 },
            },
            request with
            {
                Requirement = request.Requirement with { SignIn = true },
            },
            request with
            {
                Requirement = request.Requirement with { Because = "x" },
            },
            request with
            {
                Plan = request.Plan with { ExpiresAt = request.Plan.ExpiresAt.AddTicks(1) },
            },
            request with
            {
                Plan = request.Plan with { Proposer = "eve@example.com" },
            },
            request with
            {
                Plan = request.Plan with { Evidence = [] },
            },
            request with
            {
                Subject = "training/run8",
            },
            request with
            {
                ReportId = "other",
            },
            request with
            {
                Round = 2,
            },
        ];
        Assert.All(others, other => Assert.NotEqual(request.Hash(), other.Hash()));
        Assert.Equal(others.Length, others.Select(other => other.Hash()).Distinct().Count());
        await _trust.Requests.WriteAsync(request, Cancel);
        Assert.Equal(request.Hash(), (await _trust.FreshRequests().RequireAsync(request.PlanHash, Cancel)).Hash());
    }

    [Theory]
    [InlineData("\"cost\":\"98 USD an hour\"", "\"cost\":\"1 USD an hour\"")]
    [InlineData("ana@example.com", "eve@example.com")]
    [InlineData("\"why\":\"why\"", "\"why\":\"because\"")]
    [InlineData("\"capacity\":\"4\"", "\"capacity\":\"9\"")]
    [InlineData("\"quorum\":1", "\"quorum\":0")]
    public async Task An_edited_request_is_reported_and_is_none(string from, string to)
    {
        var request = Asked.Request();
        await _trust.Requests.WriteAsync(request, Cancel);
        await _trust.Requests.RequireAsync(request.PlanHash, Cancel);
        var name = $"requests/{request.PlanHash}/000001";
        var stored = System.Text.Encoding.UTF8.GetString((await _trust.Store.ReadAsync(name, Cancel))!);
        Assert.Contains(from, stored, StringComparison.Ordinal);
        _trust.Store.Forge(
            name,
            System.Text.Encoding.UTF8.GetBytes(stored.Replace(from, to, StringComparison.Ordinal))
        );

        var fresh = _trust.FreshRequests();
        Assert.Null(await fresh.ReadAsync(request.PlanHash, Cancel));
        await Assert.ThrowsAsync<NonRetryableException>(() => fresh.RequireAsync(request.PlanHash, Cancel));
        Assert.Contains(_trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Tampering);
        // What this process has read before the edit it still knows: the edit changes nothing for it either.
        Assert.Equal(request.Hash(), (await _trust.Requests.RequireAsync(request.PlanHash, Cancel)).Hash());
    }

    [Fact]
    public async Task The_first_request_filed_for_a_plan_stands()
    {
        var request = Asked.Request();
        Assert.Equal(request.Hash(), (await _trust.Requests.WriteAsync(request, Cancel)).Hash());
        var second = await _trust.Requests.WriteAsync(
            request with
            {
                Requirement = request.Requirement with { Quorum = 3 },
            },
            Cancel
        );
        Assert.Equal(1, second.Requirement.Quorum);
        Assert.Null(await _trust.Requests.ReadAsync("../kill-switch", Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() =>
            _trust.Requests.WriteAsync(request with { PlanHash = new string('0', 64) }, Cancel)
        );
    }

    [Fact]
    public async Task A_genuine_request_of_another_plan_is_not_taken_for_this_one()
    {
        var request = Asked.Request();
        var other = Asked.Request(Asked.Plan with { InstanceId = "run8" });
        var folder = $"requests/{other.PlanHash}";
        var records = await _trust.Log.ReadAsync<ApprovalRequest>(folder, Cancel);
        Assert.True(await _trust.Log.TryAppendAsync(folder, records, request, Cancel));
        Assert.Null(await _trust.Requests.ReadAsync(other.PlanHash, Cancel));
    }

    // Sealed by us, and still not what its folder says: hash and plan have to agree with it, both.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_request_of_which_only_the_hash_or_only_the_plan_fits_is_reported_and_is_none(bool hashFits)
    {
        var (one, other) = (Asked.Request(), Asked.Request(Asked.Plan with { InstanceId = "run8" }));
        var folder = $"requests/{one.PlanHash}";
        var forged = hashFits ? one with { Plan = other.Plan } : one with { PlanHash = other.PlanHash };
        Assert.True(
            await _trust.Log.TryAppendAsync(
                folder,
                await _trust.Log.ReadAsync<ApprovalRequest>(folder, Cancel),
                forged,
                Cancel
            )
        );

        Assert.Null(await _trust.Requests.ReadAsync(one.PlanHash, Cancel));
        var told = Assert.Single(_trust.Ledger.Entries, entry => entry.Type == LedgerEntryTypes.Tampering);
        Assert.Contains(
            "its plan does not have the hash that it is filed under",
            told.Body.ToJsonString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Filed_again_nothing_is_stored_and_where_the_first_is_gone_no_later_one_takes_its_place()
    {
        var request = Asked.Request();
        await _trust.Requests.WriteAsync(request, Cancel);
        var before = _trust.Store.Names;
        await _trust.Requests.WriteAsync(
            request with
            {
                Requirement = request.Requirement with { Quorum = 3 },
            },
            Cancel
        );
        Assert.Equal(before, _trust.Store.Names);

        var folder = $"requests/{request.PlanHash}";
        Assert.True(
            await _trust.Log.TryAppendAsync(
                folder,
                await _trust.Log.ReadAsync<ApprovalRequest>(folder, Cancel),
                request,
                Cancel
            )
        );
        _trust.Store.Remove($"{folder}/000001");
        Assert.Null(await _trust.FreshRequests().ReadAsync(request.PlanHash, Cancel));
    }

    // Whoever may write to the store may put anything among the marks.
    [Fact]
    public async Task Stray_marks_list_nothing_and_hide_nothing()
    {
        var request = Asked.Request();
        await _trust.Requests.WriteAsync(request, Cancel);
        var mark = _trust.Store.Names.Single(name => name.EndsWith(request.PlanHash, StringComparison.Ordinal));
        var prefix = mark[..(mark.IndexOf('/', StringComparison.Ordinal) + 1)];
        foreach (
            var stray in new[]
            {
                "3",
                "30000101",
                $"3{request.PlanHash}",
                $"30000101-{new string('G', 64)}",
                $"30000101-{new string('x', 90)}",
            }
        )
        {
            _trust.Store.Forge(prefix + stray, []);
        }

        Assert.Equal(
            [request.PlanHash],
            await _trust.Requests.ListUnexpiredAsync(Asked.Now, Cancel).ToListAsync(Cancel)
        );
    }

    [Fact]
    public async Task Requests_are_listed_by_expiry_until_they_expire()
    {
        var late = Asked.Request(Asked.Plan with { ExpiresAt = Asked.Now.AddHours(9) });
        var soon = Asked.Request();
        await _trust.Requests.WriteAsync(late, Cancel);
        await _trust.Requests.WriteAsync(soon, Cancel);
        Assert.Equal(
            [soon.PlanHash, late.PlanHash],
            await _trust.Requests.ListUnexpiredAsync(Asked.Now, Cancel).ToListAsync(Cancel)
        );
        Assert.Equal(
            [late.PlanHash],
            await _trust.Requests.ListUnexpiredAsync(soon.Plan.ExpiresAt.AddMilliseconds(1), Cancel).ToListAsync(Cancel)
        );

        var pending = new PendingApprovals(_trust.Requests, _trust.Decisions, _clock);
        Assert.Equal(2, (await pending.ListAsync("", Cancel).ToListAsync(Cancel)).Count);
        Assert.Equal(
            late.PlanHash,
            Assert.Single(await pending.ListAsync(late.PlanHash[..12], Cancel).ToListAsync(Cancel)).Request.PlanHash
        );
        await _trust.Decisions.RecordAsync(soon, Asked.Approve(soon, Asked.Ana), Cancel);
        Assert.Equal(
            late.PlanHash,
            Assert.Single(await pending.ListAsync("", Cancel).ToListAsync(Cancel)).Request.PlanHash
        );
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.Empty(await pending.ListAsync("", Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public void A_link_is_the_same_each_time_and_another_for_each_person_round_and_wording()
    {
        var keys = new ApprovalKeyRing([new ApprovalKey("k1", new byte[32], Asked.Now, Asked.Now.AddDays(1))]);
        var links = new ApprovalLinks(keys, new Uri("https://selfdev.example/base/"), _clock);
        var request = Asked.Request();
        Assert.Equal(links.For(request, Asked.Ana), links.For(request, Asked.Ana));
        Assert.NotEqual(links.For(request, Asked.Ana), links.For(request, Asked.Bo));
        Assert.NotEqual(links.For(request, Asked.Ana), links.For(request with { Round = 2 }, Asked.Ana));
        Assert.NotEqual(links.For(request, Asked.Ana), links.For(request with { Subject = "training/x" }, Asked.Ana));
        Assert.StartsWith(
            "https://selfdev.example/base/approvals/v1.k1.",
            links.For(request, Asked.Ana).ToString(),
            StringComparison.Ordinal
        );
        Assert.Equal(
            $"https://selfdev.example/base/decide/{request.PlanHash}",
            links.WithoutAuthority(request).ToString()
        );
    }

    public void Dispose() => _trust.Dispose();
}
