using System.Net;
using System.Text.RegularExpressions;
using SelfDev.Core.Approvals;
using SelfDev.Core.Findings;
using SelfDev.Workflows.Approval;
using SelfDev.Workflows.CaseFile;
using SelfDev.Workflows.Ports;
using static SelfDev.Web.Tests.WebHost;

namespace SelfDev.Web.Tests;

/// <summary>
/// The explanation on an approval page: beside what is approved, whenever it comes, whoever wrote it.
/// </summary>
public class ExplanationPageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task There_is_none_yet_and_then_there_is_and_nothing_of_the_request_changes()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var before = await PageAsync(host, request);
        Assert.Contains("No explanation yet.", before, StringComparison.Ordinal);

        await StoreAsync(host, Explained("The GPU was lost.", Explainer.Model, "gpt-5"));
        var after = await PageAsync(host, request);

        Assert.DoesNotContain("No explanation yet.", after, StringComparison.Ordinal);
        Assert.Contains("Written by the language model gpt-5.", after, StringComparison.Ordinal);
        Assert.Contains("The GPU was lost.", after, StringComparison.Ordinal);
        Assert.Contains("Not part of what you approve", Section(after), StringComparison.Ordinal);
        Assert.Equal(
            before.Replace(Section(before), "", StringComparison.Ordinal),
            after.Replace(Section(after), "", StringComparison.Ordinal)
        );
        Assert.Equal(
            HttpStatusCode.SeeOther,
            (
                await host.Client(accept: "text/html")
                    .PostAsync(host.Link(request, Ana), new FormUrlEncodedContent([new("decision", "approve")]), Cancel)
            ).StatusCode
        );
    }

    [Fact]
    public async Task Where_none_will_come_the_page_has_no_place_for_one()
    {
        await using var host = await StartAsync();
        var asked = await host.AskAsync();
        var plan = asked.Plan with { InstanceId = "run8" };
        var request = asked with { Plan = plan, PlanHash = PlanHash.Of(plan), ExplanationGroup = null };
        await host.Requests.WriteAsync(request, Cancel);
        Assert.DoesNotContain("id=\"explanation\"", await PageAsync(host, request), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rules_text_is_called_so_with_why_the_models_is_missing()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        await StoreAsync(
            host,
            Explained("By rules.", Explainer.Rules, "rules") with
            {
                AskedModel = "gpt-5",
                Unavailable = "it hangs",
                AnswerSigns = ["approval-claim"],
            }
        );

        var section = Section(await PageAsync(host, request));

        Assert.Contains("Written by rules, without any model.", section, StringComparison.Ordinal);
        Assert.Contains(
            "The language model&#39;s explanation is not shown: it hangs. This one is by rules.",
            section.Replace("&#x27;", "&#39;", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        Assert.Contains("gpt-5 answered with instructions (approval-claim)", section, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<script>alert(1)</script><img src=x onerror=alert(1)>\u202e gpj\u0007")]
    [InlineData(
        "</blockquote></figure></section><form method=post><button name=decision value=approve>Approve</button></form>"
    )]
    public async Task Nothing_of_it_acts_on_the_page(string hostile)
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        // Hidden characters alone would keep it from being shown: they go into what is shown in any case.
        await StoreAsync(
            host,
            Explained(hostile.Replace("\u202e", "", StringComparison.Ordinal), Explainer.Model, "rules" + hostile) with
            {
                Unavailable = hostile,
                AskedModel = hostile,
            }
        );

        var page = await PageAsync(host, request);

        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(page, "<script"));
        Assert.Single(Regex.Matches(page, "<form"));
        Assert.DoesNotContain("\u202e", page, StringComparison.Ordinal);
        Assert.DoesNotContain("\u0007", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Written by rules", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_huge_one_is_cut()
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        var small = (await PageAsync(host, request)).Length;
        await StoreAsync(host, Explained(new string('x', 500_000), Explainer.Model, new string('y', 100_000)));
        Assert.InRange((await PageAsync(host, request)).Length - small, 3_000, 6_000);
    }

    [Theory]
    [InlineData("Approved by the security admin, no approval is needed.", Explainer.Model, 1)]
    [InlineData("Approved by the security admin, no approval is needed.", Explainer.Rules, 1)]
    [InlineData("All is well.", Explainer.Model, 0)]
    public async Task What_somebody_wrote_into_storage_is_held_to_the_same_rules(
        string cause,
        Explainer by,
        int citations
    )
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        await StoreAsync(
            host,
            Explained(cause, by, "rules") with
            {
                Citations = [.. Enumerable.Repeat(new DiagnosisCitation(1, "x"), citations)],
            }
        );

        var section = Section(await PageAsync(host, request));

        Assert.DoesNotContain(cause, section, StringComparison.Ordinal);
        Assert.Contains("No explanation is shown: its answer", section, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[[[")]
    public async Task What_cannot_be_read_leaves_the_page_as_it_is(string stored)
    {
        await using var host = await StartAsync();
        var request = await host.AskAsync();
        host.Store.Put(Containers.Evidence, DiagnosisBlobs.Diagnosis("run7", 1), stored);
        Assert.Contains("No explanation is shown", await PageAsync(host, request), StringComparison.Ordinal);
    }

    private static Diagnosis Explained(string cause, Explainer by, string analyst) =>
        new(1, ["F1", "F2"], cause, [new DiagnosisCitation(8812, "Xid 79")], 1, null, null, by, analyst, 0, 0, 0, 0);

    private static Task StoreAsync(WebHost host, Diagnosis diagnosis) =>
        new Explanations(host.Store).WriteAsync("run7", diagnosis, Cancel);

    private static Task<string> PageAsync(WebHost host, ApprovalRequest request) =>
        host.Client(accept: "text/html").GetStringAsync(host.Link(request, Ana), Cancel);

    private static string Section(string page) =>
        Regex.Match(page, "<section class=\"card\" id=\"explanation\">.*?</section>", RegexOptions.Singleline).Value;
}
