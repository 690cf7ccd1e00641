using System.Text.RegularExpressions;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Reports.Render;

namespace SelfDev.Core.Tests.Reports;

public sealed partial class ReportRendererTests
{
    [Fact]
    public void Markdown_is_as_approved() => Snapshot.Matches(ReportMarkdown.Render(SampleReport.Content), "report.md");

    [Fact]
    public void Html_is_as_approved_but_for_the_scripts_and_styles_it_embeds() =>
        Snapshot.Matches(
            Embedded()
                .Replace(
                    Policy().Replace(ReportHtml.Render(SampleReport.Content), "content=\"(policy)\""),
                    "$1(embedded)$3"
                ),
            "report.html"
        );

    [Fact]
    public void Html_of_a_report_without_findings_says_so_and_carries_no_script()
    {
        var content = SampleReport.Content with
        {
            Findings = [],
            Document = new ReportDocument("Healthy", "Nothing is wrong.", []),
        };

        var page = ReportHtml.Render(content);

        Assert.Contains("<p>None.</p>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Html_asks_no_network_for_anything()
    {
        var page = ReportHtml.Render(SampleReport.Content);

        Assert.All(
            Link().Matches(page),
            link =>
                Assert.StartsWith(
                    "href=\"#",
                    link.Value.Replace("data:,", "#", StringComparison.Ordinal),
                    StringComparison.Ordinal
                )
        );
        Assert.DoesNotContain(" src=\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("sourceMappingURL", page, StringComparison.Ordinal);
        Assert.DoesNotContain("url(", ReportAssets.Style, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", ReportAssets.Style, StringComparison.Ordinal);
    }

    [Fact]
    public void Html_holds_no_markup_of_the_artifact()
    {
        var page = Embedded().Replace(ReportHtml.Render(SampleReport.Content), "$1$3");

        Assert.DoesNotContain("<img", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<b>", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("</script><", page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\u001b', page);
        Assert.DoesNotContain('\u202E', page);
    }

    [Fact]
    public void Html_policy_names_the_hash_of_each_script_it_carries()
    {
        var scripts = ScriptContent().Matches(ReportHtml.Render(SampleReport.Content));

        Assert.Equal(3, scripts.Count);
        Assert.All(
            scripts,
            script =>
                Assert.Contains(
                    ReportAssets.HashSource(script.Groups[1].Value),
                    ReportHtml.ContentSecurityPolicy,
                    StringComparison.Ordinal
                )
        );
    }

    [Theory]
    [InlineData("a`b``c", "a\\`b\\`\\`c")]
    [InlineData("a|b", "a&#124;b")]
    [InlineData("<script>", "&lt;script&gt;")]
    [InlineData("![x](https://evil/x.png)", "\\!\\[x\\](https&#58;//evil/x.png)")]
    [InlineData("two\r\nlines", "two\\\\u000D\\\\u000Alines")]
    [InlineData("__init__ *x* ~~y~~", "\\_\\_init\\_\\_ \\*x\\* \\~\\~y\\~\\~")]
    public void Markdown_escapes_what_would_be_markup(string text, string expected) =>
        Assert.Equal(expected, ReportMarkdown.Inline(text));

    [Fact]
    public void Markdown_fences_are_longer_than_any_run_of_backticks_in_the_evidence()
    {
        var spike = SampleReport.Spike with { Evidence = [new Evidence(1, 0, "``````` seven\n```\n# out")] };

        var text = ReportMarkdown.Render(SampleReport.Content with { Findings = [spike] });

        Assert.Contains(
            "\n````````text\n1: ``````` seven\\u000A```\\u000A# out\n````````\n",
            text,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Findings_are_shown_worst_first_whatever_their_place()
    {
        Finding late = SampleReport.Xid with { Id = "F3" };

        var content = SampleReport.Content with { Findings = [SampleReport.Spike, late] };

        Assert.Equal(["F3", "F2"], content.ByUrgency.Select(finding => finding.Id));
    }

    [GeneratedRegex("(<style>|<script>)(.*?)(</style>|</script>)", RegexOptions.Singleline)]
    private static partial Regex Embedded();

    [GeneratedRegex("<script>(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex ScriptContent();

    [GeneratedRegex("content=\"default-src[^\"]*\"")]
    private static partial Regex Policy();

    [GeneratedRegex("href=\"[^\"]*\"")]
    private static partial Regex Link();
}
