using SelfDev.Core.Approvals;
using SelfDev.Core.Ledger;
using SelfDev.Workflows.Engine;
using SelfDev.Workflows.Trust;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

/// <summary>What somebody who watches is told.</summary>
public class DashboardPageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tampering_is_said_newest_first_and_only_where_there_was_some()
    {
        await using var host = await StartAsync();
        Assert.DoesNotContain("Storage was tampered with", await PageAsync(host), StringComparison.Ordinal);

        var reports = host.Service<TamperReports>();
        await reports.ReportAsync("decisions/first", "its seal is not ours", null, Cancel);
        await reports.ReportAsync("decisions/second<b>", "its seal is not ours", null, Cancel);
        var page = await PageAsync(host);
        Assert.Contains("Storage was tampered with", page, StringComparison.Ordinal);
        Assert.DoesNotContain("second<b>", page, StringComparison.Ordinal);
        var (first, second) = (
            page.IndexOf("decisions/first", StringComparison.Ordinal),
            page.IndexOf("decisions/second", StringComparison.Ordinal)
        );
        Assert.True(second > 0 && first > second, $"{second} {first}");
    }

    [Theory]
    [InlineData(WorkflowStatus.Completed, "good")]
    [InlineData(WorkflowStatus.Failed, "critical")]
    [InlineData(WorkflowStatus.Quarantined, "critical")]
    [InlineData(WorkflowStatus.Terminated, "warning")]
    [InlineData(WorkflowStatus.Suspended, "warning")]
    [InlineData(WorkflowStatus.Running, "info")]
    public async Task What_went_wrong_looks_so(WorkflowStatus status, string look)
    {
        await using var host = await StartAsync();
        host.Workflows.Add("run7", "ArtifactDiagnosis", status, host.Clock.GetUtcNow());
        Assert.Contains(
            $"""<span class="badge {look}">{status}</span>""",
            await PageAsync(host),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("""{"phase":"waiting for approval"}""", null, "waiting for approval")]
    [InlineData("""{"phase":"holding","reason":"no <quota"}""", null, "holding: no &lt;quota")]
    [InlineData("""{"phase":"acting"}""", "the disk is full", "the disk is full")]
    [InlineData("""{"reason":"why"}""", null, "")]
    [InlineData("""["phase"]""", null, "")]
    [InlineData("no JSON", null, "")]
    [InlineData(null, null, "")]
    public async Task It_says_where_a_workflow_is_or_what_it_died_of(string? status, string? failure, string expected)
    {
        await using var host = await StartAsync();
        host.Workflows.Add(
            new WorkflowInstance(
                "run7",
                "ArtifactDiagnosis",
                "1.0",
                WorkflowStatus.Running,
                host.Clock.GetUtcNow(),
                host.Clock.GetUtcNow().AddMinutes(7),
                null,
                null,
                status,
                failure is null ? null : new FailureDetails("System.IO.IOException", failure)
            )
        );
        Assert.Contains($"<td>{expected}</td><td>2026-01-01", await PageAsync(host), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_diagnosis_has_a_report_and_nothing_else_has_one()
    {
        await using var host = await StartAsync();
        Assert.Contains("Nothing has run yet.", await PageAsync(host), StringComparison.Ordinal);
        host.Workflows.Add("run 7", "ArtifactDiagnosis", WorkflowStatus.Completed, host.Clock.GetUtcNow());
        host.Workflows.Add("run8", "ActionExecution", WorkflowStatus.Completed, host.Clock.GetUtcNow());
        var page = await PageAsync(host);
        Assert.Contains("""<a href="/api/reports/run%207/report.html">report</a>""", page, StringComparison.Ordinal);
        Assert.DoesNotContain("/api/reports/run8/", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Nothing has run yet.", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "Waits for people (0)")]
    [InlineData(1, "Waits for people (1)")]
    [InlineData(50, "Waits for people (50)")]
    [InlineData(51, "Waits for people (50 and more)")]
    [InlineData(60, "Waits for people (50 and more)")]
    public async Task Fifty_approvals_are_shown_and_more_are_said_to_be(int count, string expected)
    {
        await using var host = await StartAsync();
        for (var number = 0; number < count; number++)
        {
            await host.AskAsync(change: request =>
                request with
                {
                    Plan = request.Plan with { InstanceId = $"run{number}" },
                }
            );
        }

        var page = await PageAsync(host);
        Assert.Contains(expected, page, StringComparison.Ordinal);
        Assert.Equal(Math.Min(count, 50), page.Split("<a href=\"/decide/").Length - 1);
        Assert.Equal(count == 0, page.Contains("Nothing waits for a decision.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task It_says_how_many_have_agreed_so_far()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync(quorum: 2);
        Assert.Contains("<td>0 of 2</td>", await PageAsync(host), StringComparison.Ordinal);
        await host.Decisions.RecordAsync(
            request,
            new Decision(
                request.PlanHash,
                request.Hash(),
                DecisionKind.Approve,
                Bo,
                host.Clock.GetUtcNow(),
                null,
                DecisionProof.Key(Bo)
            ),
            Cancel
        );
        Assert.Contains("<td>1 of 2</td>", await PageAsync(host), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_kill_switch_says_who_set_it_when_and_why_and_offers_the_other_position()
    {
        await using var host = await StartAsync();
        var off = await PageAsync(host);
        Assert.Contains("Approved actions are carried out.", off, StringComparison.Ordinal);
        Assert.Contains("""name="engaged" value="true">""", off, StringComparison.Ordinal);

        await host.Trust.KillSwitch.SetAsync(true, Bo, "the <b>fire", DecisionProof.Key(Bo), Cancel);
        var on = await PageAsync(host);
        Assert.Contains(
            "The kill switch is on: no new action starts. Set by bo@example.com at 2026-01-01 00:00",
            on,
            StringComparison.Ordinal
        );
        Assert.Contains("the &lt;b&gt;fire", on, StringComparison.Ordinal);
        Assert.Contains("""name="engaged" value="false">""", on, StringComparison.Ordinal);
        Assert.DoesNotContain("Approved actions are carried out.", on, StringComparison.Ordinal);
    }

    // To be noted down elsewhere, so all of it.
    [Fact]
    public async Task The_ledgers_head_is_shown_whole()
    {
        await using var host = await StartAsync();
        Assert.Contains("The ledger is empty.", await PageAsync(host), StringComparison.Ordinal);
        await host.Ledger.AppendAsync(
            new LedgerEntry("k", LedgerEntryTypes.Effect, host.Clock.GetUtcNow(), "run7", "selfdev", []),
            Cancel
        );
        var head = (await host.Ledger.LatestHeadAsync(Cancel))!;
        var page = await PageAsync(host);
        Assert.Contains($"Ledger: 1 entries, root <code>{head.RootHash}</code>", page, StringComparison.Ordinal);
        Assert.Contains($"by key <code>{head.KeyId}</code>", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_for_programs_may_run_nothing_and_stand_in_no_frame()
    {
        await using var host = await StartAsync();
        using var response = await host.Client(AnasKey).GetAsync("/api/killswitch", Cancel);
        Assert.Equal(
            "default-src 'none'; frame-ancestors 'none'",
            Assert.Single(response.Headers.GetValues("Content-Security-Policy"))
        );
        Assert.Equal("noindex", Assert.Single(response.Headers.GetValues("X-Robots-Tag")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Opener-Policy")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Cross-Origin-Resource-Policy")));
    }

    private static async Task<string> PageAsync(WebHost host) =>
        await host.Client(AnasKey, "text/html").GetStringAsync("/", Cancel);
}
