using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Approval;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

/// <summary>What a person is shown before, while and after deciding.</summary>
public class ApprovalPageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, "4 h 0 min left", 14_400)]
    [InlineData(179 * 60, "1 h 1 min left", 3_660)]
    [InlineData(3 * 3_600, "1 h 0 min left", 3_600)]
    [InlineData((3 * 3_600) + 1, "59 min 59 s left", 3_599)]
    [InlineData((4 * 3_600) - 1, "0 min 1 s left", 1)]
    [InlineData(4 * 3_600, "expired", 0)]
    [InlineData(5 * 3_600, "expired", 0)]
    public async Task It_says_how_much_time_is_left(int secondsLater, string left, int seconds)
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        host.Clock.Advance(TimeSpan.FromSeconds(secondsLater));
        var page = await PageAsync(host, request);
        Assert.Contains($"data-seconds=\"{seconds}\">{left}</time>", page, StringComparison.Ordinal);
        Assert.Contains("Waits for a decision until", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DecisionKind.Approve, "Approved.", "approved</span>", "signed in with their own key")]
    [InlineData(DecisionKind.Reject, "Rejected. Nothing is done.", "rejected</span>", "signed in with their own key")]
    [InlineData(
        DecisionKind.Expire,
        "Expired without enough approvals. Nothing is done.",
        "expired</span>",
        "the clock"
    )]
    public async Task It_says_how_it_ended_and_who_decided_and_asks_nothing_more(
        DecisionKind kind,
        string banner,
        string word,
        string how
    )
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        Assert.Contains("Nobody has decided yet.", await PageAsync(host, request), StringComparison.Ordinal);
        if (kind == DecisionKind.Expire)
        {
            await host.Decisions.ExpireAsync(request, request.Plan.ExpiresAt, Cancel);
        }
        else
        {
            await host.Decisions.RecordAsync(
                request,
                new Decision(
                    request.PlanHash,
                    request.Hash(),
                    kind,
                    Bo,
                    host.Clock.GetUtcNow(),
                    "my <i>reason",
                    DecisionProof.Key(Bo)
                ),
                Cancel
            );
        }

        var page = await PageAsync(host, request);
        Assert.Contains(banner, page, StringComparison.Ordinal);
        Assert.Contains(word, page, StringComparison.Ordinal);
        Assert.Contains(
            $"<td>{how}</td><td>{(kind == DecisionKind.Expire ? "" : "my &lt;i&gt;reason")}</td>",
            page,
            StringComparison.Ordinal
        );
        Assert.Contains("There is nothing for you to do here.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"approve\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Nobody has decided yet.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Waits for a decision until", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decisions_that_are_not_whole_are_said_and_count_for_nothing()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        Assert.DoesNotContain("The decisions are not whole", await PageAsync(host, request), StringComparison.Ordinal);
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
        host.Trust.Store.Remove(
            host.Trust.Store.Names.Single(name => name.StartsWith("decisions/", StringComparison.Ordinal))
        );

        var page = await PageAsync(host, request);
        Assert.Contains(
            "The decisions are not whole, so nothing is done: The ledger has decision 1",
            page,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task What_is_not_stated_is_said_to_be_so_and_what_there_is_not_has_no_place()
    {
        await using var host = await StartAsync();
        var whole = await PageAsync(host, await host.AskAsync());
        foreach (
            var part in new[]
            {
                "/api/reports/run7/report.html",
                "<h2>Evidence</h2>",
                " for <strong>training/run7</strong>",
                ", version <code>0x8DB</code>",
            }
        )
        {
            Assert.Contains(part, whole, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("not stated", whole, StringComparison.Ordinal);
        Assert.DoesNotContain("not known", whole, StringComparison.Ordinal);
        var bare = await PageAsync(
            host,
            await host.AskAsync(change: request =>
                request with
                {
                    ReportId = null,
                    Subject = null,
                    Findings = [],
                    Plan = request.Plan with { ETag = null },
                    Proposal = request.Proposal with { Cost = null, ExpectedOutcome = null, Risk = null },
                }
            )
        );
        foreach (var part in new[] { "/api/reports/", "<h2>Evidence</h2>", " for <strong>", ", version <code>" })
        {
            Assert.DoesNotContain(part, bare, StringComparison.Ordinal);
        }

        foreach (
            var part in new[]
            {
                "<dt>Cost</dt><dd>not known</dd>",
                "<dt>Expected</dt><dd>not stated</dd>",
                "<dt>Risk</dt><dd>not stated</dd>",
            }
        )
        {
            Assert.Contains(part, bare, StringComparison.Ordinal);
        }
    }

    // Who has to agree, and why more people than usual, is what an approver goes by.
    [Theory]
    [InlineData(1, false, null, "One of these people has to approve: ana@example.com, bo@example.com, cy@example.com.")]
    [InlineData(1, true, null, "One of these people has to approve, signed in: ana@example.com")]
    [InlineData(
        2,
        false,
        "The checkpoint explains itself.",
        "2 of these people have to approve, signed in: ana@example.com"
    )]
    public async Task It_says_who_has_to_agree_and_why_so_many(
        int quorum,
        bool signIn,
        string? because,
        string expected
    )
    {
        await using var host = await StartAsync();
        var page = await PageAsync(
            host,
            await host.AskAsync(
                quorum,
                change: request =>
                    request with
                    {
                        Requirement = request.Requirement with { SignIn = signIn, Because = because },
                    }
            )
        );
        Assert.Contains(expected, page, StringComparison.Ordinal);
        Assert.Contains("One no is enough to stop it.", page, StringComparison.Ordinal);
        Assert.Equal(
            because is not null,
            page.Contains("<p><strong>The checkpoint explains itself.</strong></p>", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData(20, null)]
    [InlineData(21, "And 1 more in the report.")]
    [InlineData(30, "And 10 more in the report.")]
    public async Task Twenty_findings_are_shown_and_the_rest_counted(int count, string? rest)
    {
        await using var host = await StartAsync();
        var page = await PageAsync(
            host,
            await host.AskAsync(change: request =>
                request with
                {
                    Findings =
                    [
                        .. Enumerable
                            .Range(1, count)
                            .Select(number =>
                                request.Findings[0] with
                                {
                                    Id = $"F{number}",
                                    Evidence = [new Evidence(number, 0, "text") { File = "rank0.log" }],
                                }
                            ),
                    ],
                }
            )
        );
        Assert.Contains("<strong>F20</strong>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<strong>F21</strong>", page, StringComparison.Ordinal);
        Assert.Contains(">rank0.log line 20<", page, StringComparison.Ordinal);
        Assert.Equal(rest is not null, page.Contains(" more in the report.", StringComparison.Ordinal));
        Assert.Contains(rest ?? "Evidence", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_field_is_shown_before_and_after_and_the_headline_has_those_that_change()
    {
        await using var host = await StartAsync();
        var page = await PageAsync(
            host,
            await host.AskAsync(change: request =>
                request with
                {
                    Plan = request.Plan with
                    {
                        From = new Dictionary<string, string>
                        {
                            ["capacity"] = "3",
                            ["sku"] = "ND96",
                            ["gone"] = "was",
                            ["note"] = "-",
                        },
                        To = new Dictionary<string, string>
                        {
                            ["capacity"] = "4",
                            ["sku"] = "ND96",
                            ["added"] = "new",
                            ["note"] = "now",
                        },
                    },
                }
            )
        );
        Assert.Contains("<h1>scale-fleet: capacity 3 to 4, added new, note now</h1>", page, StringComparison.Ordinal);
        var rows = new[]
        {
            """<tr class="changed"><th scope="row">added</th><td>-</td><td>new</td></tr>""",
            """<tr class="changed"><th scope="row">capacity</th><td>3</td><td>4</td></tr>""",
            """<tr class="changed"><th scope="row">gone</th><td>was</td><td>-</td></tr>""",
            """<tr class="changed"><th scope="row">note</th><td>-</td><td>now</td></tr>""",
            """<tr class="same"><th scope="row">sku</th><td>ND96</td><td>ND96</td></tr>""",
        };
        Assert.Equal(rows, rows.OrderBy(row => page.IndexOf(row, StringComparison.Ordinal)));
        Assert.All(rows, row => Assert.Contains(row, page, StringComparison.Ordinal));
    }

    private static async Task<string> PageAsync(WebHost host, ApprovalRequest request) =>
        await host.Client(AnasKey, "text/html").GetStringAsync($"/decide/{request.PlanHash}", Cancel);
}
