using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Ports;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

public class ApprovalLinkTests
{
    private const string Browser = "text/html";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_page_says_what_why_on_what_evidence_at_what_cost_and_until_when()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        using var response = await host.Client(accept: Browser).GetAsync(host.Link(request, Ana), Cancel);
        var page = await response.Content.ReadAsStringAsync(Cancel);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        foreach (
            var expected in new[]
            {
                "scale-fleet: capacity 3 to 4",
                FleetId,
                "fell off the bus",
                "98.32 USD an hour",
                "back at 412 tokens/s",
                "idles at its full price",
                "line 8812",
                "iteration 310 | lm loss: 9.1",
                "4 h 0 min left",
                request.PlanHash,
                "ana@example.com",
                "training/run7",
                "value=\"approve\"",
                "value=\"reject\"",
            }
        )
        {
            Assert.Contains(expected, page, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    public async Task Looking_changes_nothing_however_often(string method)
    {
        await using var host = await StartAsync();
        var link = host.Link(await host.AskAsync(), Ana);
        var before = host.Snapshot();
        for (var visit = 0; visit < 20; visit++)
        {
            foreach (var query in new[] { "", "?decision=approve", "?decision=approve&reason=x" })
            {
                using var message = new HttpRequestMessage(new HttpMethod(method), link + query);
                using var response = await host.Client(accept: Browser).SendAsync(message, Cancel);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }
        }

        Assert.Equal(before, host.Snapshot());
        Assert.Empty(host.Workflows.Raised);
        Assert.Empty(host.Ledger.Entries);
    }

    // Other tests may count at the same time: at least these.
    [Fact]
    public async Task Refused_links_and_decisions_are_counted()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var counted = new System.Collections.Concurrent.ConcurrentQueue<(string Name, long Value, string Tag)>();
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "SelfDev.Web")
            {
                self.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>(
            (instrument, value, tags, _) => counted.Enqueue((instrument.Name, value, $"{tags[0].Key}={tags[0].Value}"))
        );
        listener.Start();

        using var refused = await host.Client(accept: Browser).GetAsync("/approvals/v1.k1.e30.AAAA", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains(("selfdev.web.refused", 1L, "route=ApprovalLink"), counted);
        using var decided = await host.Client(accept: Browser)
            .PostAsync(host.Link(request, Ana), Form("approve", "x"), Cancel);
        Assert.Contains(("selfdev.web.decisions", 1L, "outcome=Recorded"), counted);
    }

    [Fact]
    public async Task Nothing_of_an_artifact_can_act_on_the_page()
    {
        await using var host = await StartAsync();
        const string hostile =
            "</code><script>fetch('/api/approvals')</script><img src=x onerror=alert(1)>\r\nSet-Cookie: a=b "
            + "\u202Egnp.exe =cmd|'/c calc'!A1";
        var request = await host.AskAsync(evidence: hostile);
        using var response = await host.Client(accept: Browser).GetAsync(host.Link(request, Ana), Cancel);
        var page = await response.Content.ReadAsStringAsync(Cancel);
        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(page, "<script"));
        Assert.DoesNotContain("\u202E", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;fetch(", page, StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task The_pages_policy_lets_only_its_own_style_and_script_run()
    {
        await using var host = await StartAsync();
        using var response = await host.Client(accept: Browser).GetAsync(host.Link(await host.AskAsync(), Ana), Cancel);
        var page = await response.Content.ReadAsStringAsync(Cancel);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        foreach (var (element, directive) in new[] { ("style", "style-src"), ("script", "script-src") })
        {
            var content = Regex.Match(page, $"<{element}>(.*?)</{element}>", RegexOptions.Singleline).Groups[1].Value;
            var hash = Convert.ToBase64String(
                System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(content))
            );
            Assert.Contains($"{directive} 'sha256-{hash}'", policy, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotMatch(@"<[^>]+\s(on\w+|style)=", page);
        // Its path holds a token and leaves it by no header; its origin must, or its own form could not be told from a
        // stranger's.
        Assert.Equal("strict-origin", response.Headers.GetValues("Referrer-Policy").Single());
        Assert.Contains("<meta name=\"referrer\" content=\"strict-origin\">", page, StringComparison.Ordinal);
        Assert.Equal("DENY", response.Headers.GetValues("X-Frame-Options").Single());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(response.Headers.CacheControl!.NoStore);
    }

    [Fact]
    public async Task A_form_decides_once_and_wakes_the_workflow()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var link = host.Link(request, Ana);
        using var response = await host.Client(accept: Browser).PostAsync(link, Form("approve", "looks right"), Cancel);
        Assert.Equal(HttpStatusCode.SeeOther, response.StatusCode);
        Assert.Equal(link, response.Headers.Location!.OriginalString);
        var decision = Assert.Single(await host.DecisionsOfAsync(request));
        Assert.Equal(
            (DecisionKind.Approve, Ana, "looks right", request.PlanHash),
            (decision.Kind, decision.Approver, decision.Reason, decision.PlanHash)
        );
        Assert.StartsWith("link:", decision.Proof, StringComparison.Ordinal);
        Assert.Equal([$"run7:action:1:approval:1 approval:{request.PlanHash}:1"], host.Workflows.Raised);

        var page = await host.Client(accept: Browser).GetStringAsync(link, Cancel);
        Assert.Contains("Approved.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"approve\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task JSON_decides_too()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync(quorum: 2);
        var address = $"/api/approvals/{request.PlanHash}";
        using var response = await host.Client(WebHost.AnasKey)
            .PostAsJsonAsync(address, new { decision = "approve" }, Cancel);
        var answer = await response.Content.ReadFromJsonAsync<JsonObject>(Cancel);
        Assert.Equal("pending", (string)answer!["state"]!);
        using var second = await host.Client(WebHost.BosKey)
            .PostAsJsonAsync(address, new { decision = "reject", reason = "no" }, Cancel);
        Assert.Equal("rejected", (string)(await second.Content.ReadFromJsonAsync<JsonObject>(Cancel))!["state"]!);
        Assert.Equal(2, host.Workflows.Raised.Count);
        Assert.EndsWith(":2", host.Workflows.Raised[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_clicks_at_once_make_one_decision()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync(quorum: 2);
        var link = $"/api/approvals/{request.PlanHash}";
        var statuses = await Task.WhenAll(
            Enumerable
                .Range(0, 100)
                .Select(_ =>
                    Task.Run(async () =>
                    {
                        using var response = await host.Client(WebHost.AnasKey)
                            .PostAsync(link, Form("approve"), Cancel);
                        return response.StatusCode;
                    })
                )
        );
        Assert.Equal(1, statuses.Count(status => status == HttpStatusCode.OK));
        Assert.Equal(99, statuses.Count(status => status == HttpStatusCode.Conflict));
        Assert.Single(await host.DecisionsOfAsync(request));
        Assert.Equal([$"run7:action:1:approval:1 approval:{request.PlanHash}:1"], host.Workflows.Raised.Distinct());
    }

    [Fact]
    public async Task Of_approve_and_reject_at_once_one_wins_for_everybody()
    {
        for (var round = 0; round < 20; round++)
        {
            await using var host = await StartAsync();
            var request = await host.AskAsync();
            var posts = await Task.WhenAll(
                Task.Run(() => host.Client().PostAsync(host.Link(request, Ana), Form("approve"), Cancel)),
                Task.Run(() => host.Client().PostAsync(host.Link(request, Bo), Form("reject"), Cancel))
            );
            var decision = Assert.Single(await host.DecisionsOfAsync(request));
            Assert.Equal(
                decision.Kind == DecisionKind.Approve
                    ? [HttpStatusCode.OK, HttpStatusCode.Conflict]
                    : [HttpStatusCode.Conflict, HttpStatusCode.OK],
                posts.Select(post => post.StatusCode)
            );
        }
    }

    [Fact]
    public async Task A_link_that_is_forged_or_altered_is_refused_and_changes_nothing()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var link = host.Link(request, Ana);
        var otherRing = new ApprovalKeyRing([host.Key("k1", TimeSpan.FromDays(-1), TimeSpan.FromDays(1))]);
        var forged =
            "/approvals/"
            + ApprovalTokens.Issue(
                otherRing,
                new ApprovalClaims(request.PlanHash, request.ApprovalInstanceId, 1, Ana, request.Plan.ExpiresAt, "n"),
                host.Clock.GetUtcNow()
            );
        var before = host.Snapshot();
        foreach (
            var wrong in new[]
            {
                forged,
                link[..^1] + (link[^1] == 'A' ? 'B' : 'A'),
                link.Replace(".k1.", ".k2.", StringComparison.Ordinal),
                "/approvals/x",
                "/approvals/v1.k1.e30.AA",
            }
        )
        {
            using var get = await host.Client().GetAsync(wrong, Cancel);
            using var post = await host.Client().PostAsync(wrong, Form("approve"), Cancel);
            Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (get.StatusCode, post.StatusCode));
            Assert.Equal("application/problem+json", post.Content.Headers.ContentType!.MediaType);
        }

        Assert.Equal(before, host.Snapshot());
    }

    [Fact]
    public async Task A_link_ends_exactly_at_its_expiry()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        host.Clock.SetUtcNow(request.Plan.ExpiresAt.AddMilliseconds(-1));
        using var last = await host.Client().PostAsync(host.Link(request, Ana), Form("approve"), Cancel);
        Assert.Equal(HttpStatusCode.OK, last.StatusCode);
        host.Clock.SetUtcNow(request.Plan.ExpiresAt);
        using var late = await host.Client().PostAsync(host.Link(request, Bo), Form("approve"), Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, late.StatusCode);
        Assert.Contains("expired", await late.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Single(await host.DecisionsOfAsync(request));
    }

    [Fact]
    public async Task Links_survive_the_rotation_of_keys_until_the_old_key_ends()
    {
        ApprovalKey? old = null;
        await using var host = await StartAsync(keys: host => new ApprovalKeyRing([
            old = host.Key("old", TimeSpan.Zero, TimeSpan.FromHours(2)),
            host.Key("next", TimeSpan.FromHours(1), TimeSpan.FromHours(9)),
        ]));
        var request = await host.AskAsync();
        var oldLink = host.Link(request, Ana);
        host.Clock.Advance(TimeSpan.FromHours(1.5));
        var newLink = host.Link(request, Ana);
        Assert.NotEqual(oldLink, newLink);
        Assert.Equal(HttpStatusCode.OK, (await host.Client().GetAsync(oldLink, Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Client().GetAsync(newLink, Cancel)).StatusCode);
        host.Clock.Advance(TimeSpan.FromHours(0.5));
        Assert.Equal(
            HttpStatusCode.Unauthorized,
            (await host.Client().PostAsync(oldLink, Form("approve"), Cancel)).StatusCode
        );
        Assert.Equal(HttpStatusCode.OK, (await host.Client().PostAsync(newLink, Form("approve"), Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_plan_edited_in_storage_cannot_be_approved_with_its_old_link()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var name = $"requests/{request.PlanHash}/000001";
        var stored = System.Text.Encoding.UTF8.GetString((await host.Trust.Store.ReadAsync(name, Cancel))!);
        host.Trust.Store.Forge(
            name,
            System.Text.Encoding.UTF8.GetBytes(
                stored.Replace("\"capacity\":\"4\"", "\"capacity\":\"40\"", StringComparison.Ordinal)
            )
        );
        using var response = await host.Client().PostAsync(host.Link(request, Ana), Form("approve"), Cancel);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Empty(await host.DecisionsOfAsync(request));
        Assert.Contains(
            host.Ledger.Entries,
            entry => entry.Type == LedgerEntryTypes.Tampering && (string)entry.Body["place"]! == name
        );
        Assert.Contains(host.Trust.Told.All, notification => notification.Topic == "tampering");
    }

    [Fact]
    public async Task A_link_of_an_earlier_round_is_refused()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync(round: 2);
        var link = host.Link(request with { Round = 1 }, Ana);
        Assert.Equal(
            HttpStatusCode.Conflict,
            (await host.Client().PostAsync(link, Form("approve"), Cancel)).StatusCode
        );
    }

    [Fact]
    public async Task Unknown_and_finished_approvals_are_told_apart()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var unknown =
            "/approvals/"
            + ApprovalTokens.Issue(
                host.Keys,
                new ApprovalClaims(new string('a', 64), "x", 1, Ana, request.Plan.ExpiresAt, "n"),
                host.Clock.GetUtcNow()
            );
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client().GetAsync(unknown, Cancel)).StatusCode);
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await host.Client().PostAsync(unknown, Form("approve"), Cancel)).StatusCode
        );

        host.Workflows.Add(request.ApprovalInstanceId, "Approval", WorkflowStatus.Terminated, host.Clock.GetUtcNow());
        Assert.Equal(
            HttpStatusCode.Conflict,
            (await host.Client().PostAsync(host.Link(request, Ana), Form("approve"), Cancel)).StatusCode
        );
        Assert.Empty(await host.DecisionsOfAsync(request));
    }

    [Fact]
    public async Task The_proposer_and_strangers_may_look_but_not_decide()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync(proposer: Ana);
        foreach (var person in new[] { Ana, "ANA@example.com", "eve@example.com" })
        {
            using var response = await host.Client().PostAsync(host.Link(request, person), Form("approve"), Cancel);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }

        var page = await host.Client(accept: Browser).GetStringAsync(host.Link(request, Ana), Cancel);
        Assert.Contains("Whoever proposes a plan may not decide", page, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"approve\"", page, StringComparison.Ordinal);
        Assert.Empty(await host.DecisionsOfAsync(request));
    }

    [Fact]
    public async Task Two_links_are_no_quorum_and_lead_to_a_sign_in()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync(quorum: 2);
        foreach (var person in new[] { Ana, Bo })
        {
            using var response = await host.Client().PostAsync(host.Link(request, person), Form("approve"), Cancel);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }

        Assert.Empty(await host.DecisionsOfAsync(request));
        var page = await host.Client(accept: Browser).GetStringAsync(host.Link(request, Ana), Cancel);
        Assert.Contains($"href=\"/decide/{request.PlanHash}\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"approve\"", page, StringComparison.Ordinal);

        using var stranger = await host.Client(accept: Browser).GetAsync($"/decide/{request.PlanHash}", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        var signedIn = await host.Client(WebHost.AnasKey, Browser)
            .GetStringAsync($"/decide/{request.PlanHash}", Cancel);
        Assert.Contains("signed in with their own key", signedIn, StringComparison.Ordinal);
        Assert.Contains("value=\"approve\"", signedIn, StringComparison.Ordinal);
        Assert.Equal(
            HttpStatusCode.OK,
            (
                await host.Client(WebHost.AnasKey).PostAsync($"/decide/{request.PlanHash}", Form("approve"), Cancel)
            ).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.OK,
            (
                await host.Client(WebHost.BosKey).PostAsync($"/decide/{request.PlanHash}", Form("approve"), Cancel)
            ).StatusCode
        );
        Assert.Equal(
            ["key:" + Ana, "key:" + Bo],
            (await host.DecisionsOfAsync(request)).Select(decision => decision.Proof)
        );
    }

    [Fact]
    public async Task Whoever_left_the_policy_decides_nothing_with_a_link_that_they_kept()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        host.Policy.Policy = host.Policy.Policy with
        {
            Rules = [host.Policy.Policy.Rules[0] with { Approvers = [Bo] }],
        };
        using var response = await host.Client().PostAsync(host.Link(request, Ana), Form("approve"), Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Empty(await host.DecisionsOfAsync(request));
    }

    [Fact]
    public async Task A_link_made_for_other_words_is_refused()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var other = host.Link(request with { Proposal = request.Proposal with { Cost = "nothing" } }, Ana);
        Assert.Equal(
            HttpStatusCode.Conflict,
            (await host.Client().PostAsync(other, Form("approve"), Cancel)).StatusCode
        );
        Assert.Equal(HttpStatusCode.Conflict, (await host.Client().GetAsync(other, Cancel)).StatusCode);
    }

    [Fact]
    public async Task A_crash_between_recording_and_waking_is_mended_by_posting_again()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        host.Workflows.FailRaises(1);
        using var crashed = await host.Client().PostAsync(host.Link(request, Ana), Form("approve"), Cancel);
        Assert.Equal(HttpStatusCode.InternalServerError, crashed.StatusCode);
        Assert.Single(await host.DecisionsOfAsync(request));
        Assert.Empty(host.Workflows.Raised);

        using var again = await host.Client().PostAsync(host.Link(request, Ana), Form("approve"), Cancel);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
        Assert.Single(await host.DecisionsOfAsync(request));
        Assert.Equal([$"run7:action:1:approval:1 approval:{request.PlanHash}:1"], host.Workflows.Raised);
    }

    [Fact]
    public async Task A_crash_between_recording_and_waking_is_mended_by_the_next_start_too()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        host.Workflows.FailRaises(1);
        using var crashed = await host.Client().PostAsync(host.Link(request, Ana), Form("approve"), Cancel);
        Assert.Empty(host.Workflows.Raised);

        var decisions = new SelfDev.Workflows.Approval.ApprovalDecisions(
            host.Requests,
            host.Decisions,
            host.Policy,
            host.Workflows,
            host.Clock
        );
        await decisions.WakeAllAsync(Cancel);
        Assert.Equal([$"run7:action:1:approval:1 approval:{request.PlanHash}:1"], host.Workflows.Raised);

        host.Workflows.Add(request.ApprovalInstanceId, "Approval", WorkflowStatus.Completed, host.Clock.GetUtcNow());
        await decisions.WakeAllAsync(Cancel);
        Assert.Single(host.Workflows.Raised);
    }

    [Theory]
    [InlineData("application/json", "{\"decision\":\"maybe\"}", HttpStatusCode.BadRequest)]
    [InlineData("application/json", "[", HttpStatusCode.BadRequest)]
    [InlineData("application/json", "[]", HttpStatusCode.BadRequest)]
    [InlineData("application/x-www-form-urlencoded", "", HttpStatusCode.BadRequest)]
    [InlineData("text/plain", "approve", HttpStatusCode.BadRequest)]
    public async Task What_is_no_decision_is_refused(string type, string body, HttpStatusCode expected)
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        using var content = new StringContent(body, Encoding.UTF8, type);
        using var response = await host.Client().PostAsync(host.Link(request, Ana), content, Cancel);
        Assert.Equal(expected, response.StatusCode);
        Assert.Empty(await host.DecisionsOfAsync(request));
    }

    [Fact]
    public async Task A_body_beyond_a_decision_is_refused_and_a_long_reason_is_cut()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        Assert.Equal(
            HttpStatusCode.RequestEntityTooLarge,
            (
                await host.Client().PostAsync(host.Link(request, Ana), Form("approve", new string('x', 9000)), Cancel)
            ).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.OK,
            (
                await host.Client().PostAsync(host.Link(request, Ana), Form("approve", new string('x', 2000)), Cancel)
            ).StatusCode
        );
        Assert.Equal(Decision.MaxReasonChars, (await host.DecisionsOfAsync(request))[0].Reason!.Length);
    }

    private static FormUrlEncodedContent Form(string decision, string reason = "") =>
        new(new Dictionary<string, string> { ["decision"] = decision, ["reason"] = reason });
}
