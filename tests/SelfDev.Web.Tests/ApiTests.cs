using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SelfDev.Core.Approvals;
using SelfDev.Core.Json;
using SelfDev.Core.Ledger;
using SelfDev.Core.Reports.Render;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Intake;
using SelfDev.Workflows.Ports;
using SelfDev.Workflows.Trust;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

public class ApiTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Guarded =>
        [
            .. WebRoutes
                .All.Where(route => route.Authorization == WebAuthorization.Principal)
                .Select(route => route.Name),
        ];

    [Theory]
    [MemberData(nameof(Guarded))]
    public async Task Without_a_key_nothing_is_read_and_nothing_happens(string name)
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var before = host.Snapshot();
        var route = WebRoutes.Named(name);
        var path =
            "/"
            + route
                .Pattern.Replace("{**path}", "training/run7/log.txt", StringComparison.Ordinal)
                .Replace("{id}", request.PlanHash, StringComparison.Ordinal)
                .Replace("{instance}", "run7", StringComparison.Ordinal)
                .Replace("{name}", "chat", StringComparison.Ordinal)
                .Replace("{file}", "report.json", StringComparison.Ordinal)
                .Replace("{n}", "0", StringComparison.Ordinal);
        foreach (var key in new[] { null, "", "wrong", AnasKey + "x", AnasKey[..^1], AnasKey.ToUpperInvariant() })
        {
            using var message = new HttpRequestMessage(new HttpMethod(route.Method), path)
            {
                Content = JsonContent.Create(new { decision = "approve", engaged = true }),
            };
            using var response = await host.Client(key).SendAsync(message, Cancel);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }

        Assert.Equal(before, host.Snapshot());
    }

    [Fact]
    public void Only_links_sign_in_and_health_come_without_a_key() =>
        Assert.Equal(
            ["DecideApproval", "Health", "OpenSignInLink", "ShowApproval", "ShowSignIn", "SignIn"],
            WebRoutes
                .All.Where(route => route.Authorization != WebAuthorization.Principal)
                .Select(route => route.Name)
                .Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Routes_have_names_of_their_own() =>
        Assert.Equal(WebRoutes.All.Count, WebRoutes.All.Select(route => route.Name).Distinct().Count());

    [Fact]
    public async Task The_kill_switch_is_set_read_and_recorded()
    {
        await using var host = await StartAsync();
        var client = host.Client(AnasKey);
        Assert.False((bool)(await client.GetFromJsonAsync<JsonObject>("/api/killswitch", Cancel))!["engaged"]!);
        using var set = await client.PostAsJsonAsync(
            "/api/killswitch",
            new { engaged = true, reason = "drill" },
            Cancel
        );
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        var state = await client.GetFromJsonAsync<JsonObject>("/api/killswitch", Cancel);
        Assert.Equal((true, Ana, "drill"), ((bool)state!["engaged"]!, (string)state["by"]!, (string)state["reason"]!));
        var entry = Assert.Single(host.Ledger.Entries);
        Assert.Equal(
            (LedgerEntryTypes.Decision, Ana, "engaged"),
            (entry.Type, entry.Actor, (string)entry.Body["killSwitch"]!)
        );
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await client.PostAsJsonAsync("/api/killswitch", new { engaged = "perhaps" }, Cancel)).StatusCode
        );
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsync("/api/killswitch", null, Cancel)).StatusCode);
    }

    [Fact]
    public async Task Anybody_who_is_signed_in_stops_and_only_those_whom_the_policy_names_release()
    {
        await using var host = await StartAsync();
        host.Policy.Policy = host.Policy.Policy with { KillSwitchReleasers = [WebHost.Bo] };
        var (ana, bo) = (host.Client(AnasKey), host.Client(WebHost.BosKey));
        Assert.Equal(
            HttpStatusCode.OK,
            (await ana.PostAsJsonAsync("/api/killswitch", new { engaged = true }, Cancel)).StatusCode
        );
        using var refused = await ana.PostAsJsonAsync("/api/killswitch", new { engaged = false }, Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.True((bool)(await ana.GetFromJsonAsync<JsonObject>("/api/killswitch", Cancel))!["engaged"]!);
        Assert.Equal(
            HttpStatusCode.OK,
            (await bo.PostAsJsonAsync("/api/killswitch", new { engaged = false }, Cancel)).StatusCode
        );
        Assert.False((bool)(await ana.GetFromJsonAsync<JsonObject>("/api/killswitch", Cancel))!["engaged"]!);
    }

    [Fact]
    public async Task The_keys_owner_decides_under_their_own_name()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var client = host.Client(AnasKey);
        var pending = await client.GetFromJsonAsync<JsonArray>("/api/approvals", Cancel);
        Assert.Equal(request.PlanHash, (string)Assert.Single(pending!)!["id"]!);
        using var response = await client.PostAsJsonAsync(
            $"/api/approvals/{request.PlanHash[..10]}",
            new { decision = "approve", approver = Bo },
            Cancel
        );
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var decision = Assert.Single(await host.DecisionsOfAsync(request));
        Assert.Equal((Ana, $"key:{Ana}"), (decision.Approver, decision.Proof));
        Assert.Empty((await client.GetFromJsonAsync<JsonArray>("/api/approvals", Cancel))!);
        Assert.Equal(
            "approved",
            (string)(await client.GetFromJsonAsync<JsonObject>($"/api/approvals/{request.PlanHash}", Cancel))!["state"]!
        );
        Assert.Equal(
            HttpStatusCode.Conflict,
            (
                await client.PostAsJsonAsync($"/api/approvals/{request.PlanHash}", new { decision = "approve" }, Cancel)
            ).StatusCode
        );
    }

    [Theory]
    [InlineData("short")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("..%2f..%2fkill-switch")]
    public async Task An_unknown_approval_is_404(string id)
    {
        await using var host = await StartAsync();
        Assert.Equal(
            HttpStatusCode.NotFound,
            (await host.Client(AnasKey).GetAsync($"/api/approvals/{id}", Cancel)).StatusCode
        );
        Assert.Equal(
            HttpStatusCode.NotFound,
            (
                await host.Client(AnasKey).PostAsJsonAsync($"/api/approvals/{id}", new { decision = "approve" }, Cancel)
            ).StatusCode
        );
    }

    // The beginning as the list shows it is enough; less of it names nothing.
    [Theory]
    [InlineData(64, HttpStatusCode.OK)]
    [InlineData(63, HttpStatusCode.OK)]
    [InlineData(8, HttpStatusCode.OK)]
    [InlineData(7, HttpStatusCode.NotFound)]
    [InlineData(1, HttpStatusCode.NotFound)]
    public async Task An_approval_is_named_by_the_beginning_of_its_plan(int length, HttpStatusCode expected)
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        using var response = await host.Client(AnasKey)
            .GetAsync($"/api/approvals/{request.PlanHash[..length]}", Cancel);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task An_approval_that_expired_is_not_listed()
    {
        await using var host = await StartAsync();
        await host.AskAsync();
        host.Clock.Advance(TimeSpan.FromHours(5));
        Assert.Empty((await host.Client(AnasKey).GetFromJsonAsync<JsonArray>("/api/approvals", Cancel))!);
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("POST")]
    public async Task A_dropped_artifact_lands_in_intake_with_its_droppers_name(string method)
    {
        await using var host = await StartAsync();
        using var message = new HttpRequestMessage(new HttpMethod(method), "/api/intake/training/run7/log.txt")
        {
            Content = new StringContent("iteration 1 | lm loss: 2.0"),
        };
        using var response = await host.Client(AnasKey).SendAsync(message, Cancel);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("iteration 1 | lm loss: 2.0", host.Store.Text(Containers.Intake, "training/run7/log.txt"));
        var info = await host.Store.GetInfoAsync(Containers.Intake, "training/run7/log.txt", Cancel);
        Assert.Equal(Ana, info!.Metadata[DropProvenance.PersonMetadata]);
        // Its run begins at once; a sweep that finds it later begins no other.
        Assert.Equal([ArtifactInstanceId.For(info.Blob)], host.Workflows.Started);
    }

    [Fact]
    public async Task A_drop_is_taken_although_its_run_cannot_begin_now()
    {
        await using var host = await StartAsync();
        host.Workflows.FailStarts(1);
        using var response = await host.Client(AnasKey)
            .PutAsync("/api/intake/training/run7/log.txt", new StringContent("x"), Cancel);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Empty(host.Workflows.Started);
        Assert.NotNull(await host.Store.GetInfoAsync(Containers.Intake, "training/run7/log.txt", Cancel));
    }

    [Theory]
    [InlineData("%2e%2e/%2e%2e/reports/x")]
    [InlineData("training/..%2f..%2fx")]
    [InlineData("training/%01x")]
    [InlineData("training/%E2%80%AEtxt.exe")]
    [InlineData("training/%252e%252e/x")]
    public async Task A_name_that_leads_elsewhere_is_refused(string path)
    {
        await using var host = await StartAsync();
        using var response = await host.Client(AnasKey).PutAsync($"/api/intake/{path}", new StringContent("x"), Cancel);
        Assert.True(
            response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound,
            $"{response.StatusCode}"
        );
        Assert.Empty(host.Snapshot());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_artifact_beyond_the_limit_is_refused_whether_it_says_its_length_or_not(bool saysLength)
    {
        await using var host = await StartAsync(_ => new WebOptions
        {
            Principals = [new ApiPrincipal(Ana, AnasKey)],
            MaxIntakeBytes = 1000,
        });
        var bytes = new MemoryStream(new byte[2000]);
        HttpContent content = saysLength ? new ByteArrayContent(bytes.ToArray()) : new ChunkedContent(bytes);
        using var response = await host.Client(AnasKey).PutAsync("/api/intake/training/run7/log.txt", content, Cancel);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Empty(host.Snapshot());
    }

    [Fact]
    public async Task Instances_are_listed_newest_first_and_shown_without_a_way_to_steer_them()
    {
        await using var host = await StartAsync();
        for (var number = 0; number < 5; number++)
        {
            host.Workflows.Add(
                $"run{number}",
                "ArtifactDiagnosis",
                number == 0 ? WorkflowStatus.Completed : WorkflowStatus.Running,
                host.Clock.GetUtcNow().AddMinutes(number),
                "{\"phase\":\"reading\"}"
            );
        }

        var client = host.Client(AnasKey);
        var newest = await client.GetFromJsonAsync<JsonArray>("/api/instances?limit=2", Cancel);
        Assert.Equal(["run4", "run3"], newest!.Select(instance => (string)instance!["instanceId"]!));
        Assert.Equal(
            "run0",
            (string)
                Assert.Single((await client.GetFromJsonAsync<JsonArray>("/api/instances?status=completed", Cancel))!)![
                    "instanceId"
                ]!
        );
        var one = await client.GetFromJsonAsync<JsonObject>("/api/instances/run3", Cancel);
        Assert.Equal("reading", (string)one!["customStatus"]!["phase"]!);
        Assert.DoesNotContain("http", one.ToJsonString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/api/instances/run9", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync("/api/instances?limit=0", Cancel)).StatusCode);
        Assert.Single((await client.GetFromJsonAsync<JsonArray>("/api/instances?limit=1", Cancel))!);
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await client.GetAsync("/api/instances?status=happy", Cancel)).StatusCode
        );
    }

    [Fact]
    public async Task A_report_comes_with_its_own_policy_and_nothing_else_of_storage_comes()
    {
        await using var host = await StartAsync();
        host.Store.Put(Containers.Reports, "run7/report.html", "<!DOCTYPE html>");
        host.Store.Put(Containers.Reports, "run7/secret.txt", "x");
        var client = host.Client(AnasKey);
        using var response = await client.GetAsync("/api/reports/run7/report.html", Cancel);
        Assert.Equal("text/html", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(
            $"{ReportHtml.ContentSecurityPolicy}; frame-ancestors 'none'",
            response.Headers.GetValues("Content-Security-Policy").Single()
        );
        foreach (
            var other in new[] { "run7/secret.txt", "run8/report.html", "..%2fevidence/report.json", "run7/report.md" }
        )
        {
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/api/reports/{other}", Cancel)).StatusCode);
        }
    }

    [Fact]
    public async Task The_ledgers_head_and_proofs_can_be_checked_by_the_caller()
    {
        await using var host = await StartAsync();
        var client = host.Client(AnasKey);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/api/ledger/head", Cancel)).StatusCode);
        for (var number = 0; number < 5; number++)
        {
            await host.Ledger.AppendAsync(
                new LedgerEntry($"k{number}", LedgerEntryTypes.Effect, host.Clock.GetUtcNow(), "run7", "selfdev", []),
                Cancel
            );
        }

        var head = await client.GetFromJsonAsync<SignedTreeHead>("/api/ledger/head", ReportJson.Options, Cancel);
        Assert.Null(TreeHeads.Verify(head!, TreeHeads.DefaultOrigin, host.Ledger.Keys));
        var proof = await client.GetFromJsonAsync<LedgerProof>("/api/ledger/entries/3", ReportJson.Options, Cancel);
        Assert.Null(proof!.Verify(host.Ledger.Keys));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/api/ledger/entries/5", Cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.GetAsync("/api/ledger/entries/-1", Cancel)).StatusCode);
    }

    [Fact]
    public async Task The_whole_ledger_can_be_downloaded_and_verified_elsewhere()
    {
        await using var host = await StartAsync();
        var client = host.Client(AnasKey);
        for (var number = 0; number < 5; number++)
        {
            await host.Ledger.AppendAsync(
                new LedgerEntry($"k{number}", LedgerEntryTypes.Effect, host.Clock.GetUtcNow(), "run7", "selfdev", []),
                Cancel
            );
        }

        var lines = (await client.GetStringAsync("/api/ledger/entries", Cancel)).Split(
            '\n',
            StringSplitOptions.RemoveEmptyEntries
        );
        var heads = await client.GetFromJsonAsync<SignedTreeHead[]>("/api/ledger/heads", ReportJson.Options, Cancel);
        var verification = await LedgerVerifier.VerifyAsync(
            lines.Select(line => (ReadOnlyMemory<byte>)System.Text.Encoding.UTF8.GetBytes(line)).ToAsyncEnumerable(),
            heads!.ToAsyncEnumerable(),
            host.Ledger.Keys,
            [],
            cancellation: Cancel
        );

        Assert.Equal((5, true), (verification.Entries, verification.IsIntact));
    }

    [Theory]
    [InlineData("?from=0&limit=2", 0, 2)]
    [InlineData("?from=3", 3, 2)]
    [InlineData("?from=4&limit=10", 4, 1)]
    [InlineData("?from=5", 5, 0)]
    [InlineData("?limit=0", 0, 0)]
    [InlineData("?from=9223372036854775807&limit=1", 0, 0)]
    public async Task The_ledger_is_handed_out_in_pages(string query, int first, int count)
    {
        await using var host = await StartAsync();
        for (var number = 0; number < 5; number++)
        {
            await host.Ledger.AppendAsync(
                new LedgerEntry($"k{number}", LedgerEntryTypes.Effect, host.Clock.GetUtcNow(), "run7", "selfdev", []),
                Cancel
            );
        }

        var lines = (await host.Client(AnasKey).GetStringAsync("/api/ledger/entries" + query, Cancel)).Split(
            '\n',
            StringSplitOptions.RemoveEmptyEntries
        );
        Assert.Equal(
            Enumerable.Range(first, count).Select(number => $"k{number}"),
            lines.Select(line => LedgerEntryFormat.Parse(System.Text.Encoding.UTF8.GetBytes(line)).Entry!.Key)
        );
    }

    [Theory]
    [InlineData("?from=-1")]
    [InlineData("?from=x")]
    [InlineData("?limit=")]
    [InlineData("?from=1&from=2")]
    public async Task A_page_of_the_ledger_that_is_none_is_refused(string query)
    {
        await using var host = await StartAsync();
        Assert.Equal(
            HttpStatusCode.BadRequest,
            (await host.Client(AnasKey).GetAsync("/api/ledger/entries" + query, Cancel)).StatusCode
        );
    }

    [Fact]
    public async Task The_dashboard_shows_what_waits_and_what_runs()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        host.Workflows.Add(
            "run7",
            "ArtifactDiagnosis",
            WorkflowStatus.Running,
            host.Clock.GetUtcNow(),
            "{\"phase\":\"<b>acting\"}"
        );
        var page = await host.Client(AnasKey, "text/html").GetStringAsync("/", Cancel);
        foreach (
            var expected in new[]
            {
                "scale-fleet: capacity 3 to 4",
                request.PlanHash[..12],
                "run7",
                "&lt;b&gt;acting",
                "Stop all actions",
                "The ledger is empty",
            }
        )
        {
            Assert.Contains(expected, page, StringComparison.Ordinal);
        }

        // The list is for watching: whoever reads it gets no link to decide with.
        Assert.DoesNotContain("/approvals/v1.", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_says_nothing_but_that_it_lives()
    {
        await using var host = await StartAsync();
        Assert.Equal("ok", await host.Client().GetStringAsync("/healthz", Cancel));
    }

    [Fact]
    public async Task An_inner_failure_shows_nothing_of_itself()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        host.Workflows.FailRaises(1);
        using var response = await host.Client(AnasKey)
            .PostAsJsonAsync($"/api/approvals/{request.PlanHash}", new { decision = "approve" }, Cancel);
        var problem = await response.Content.ReadAsStringAsync(Cancel);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.DoesNotContain("died", problem, StringComparison.Ordinal);
        Assert.Equal(500, JsonDocument.Parse(problem).RootElement.GetProperty("status").GetInt32());
    }

    [Theory]
    [InlineData("ana", "0123456789abcdef")]
    [InlineData("ana <x>", AnasKey)]
    public async Task Weak_options_are_refused_at_the_start(string name, string key) =>
        await Assert.ThrowsAsync<ArgumentException>(() =>
            StartAsync(_ => new WebOptions { Principals = [new ApiPrincipal(name, key)] })
        );

    private sealed class ChunkedContent(Stream stream) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream target, TransportContext? context) =>
            stream.CopyToAsync(target, Cancel);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
