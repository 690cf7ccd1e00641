using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Findings;
using SelfDev.Core.Json;
using SelfDev.Core.Reports.Render;

namespace SelfDev.Core.Tests.Evaluation;

/// <summary>Files that are broken or hostile: named with file and place, and the rest compared.</summary>
public class DamagedFileTests
{
    private static readonly (string Name, byte[] Content) Good = (
        "good.csv",
        EvaluationRoom.Csv(EvaluationRoom.Pair(1000, 0.7, 0, 0).Baseline).Utf8()
    );

    public static TheoryData<string, byte[], string> Damaged =>
        new()
        {
            {
                "cut.eval",
                EvaluationRoom.Zip(("header.json", "{}"), ("samples/1_epoch_1.json", "{}"))[..60],
                "was cut off"
            },
            { "empty.csv", [], "empty" },
            {
                "bomb.xml",
                (
                    "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"&a;&a;\">]><testsuite name=\"s\"><testcase "
                    + "name=\"&a;\"/></testsuite>"
                ).Utf8(),
                "line 1: The XML declares a document type"
            },
            {
                "broken.xml",
                "<testsuite name=\"s\">\n<testcase name=\"a\"/>\n<testcase".Utf8(),
                "line 3: The XML is not well-formed"
            },
            { "cut.json", "{\"results\":{\"a\":{\"acc\":0.5,\"acc_stderr\":0.01},\n\"b\":{\"ac".Utf8(), "line 2" },
            {
                "deep.json",
                ("{\"versions\":{},\"results\":{\"a\":" + new string('[', 100_000)).Utf8(),
                "not well-formed"
            },
            { "other.bin", [0, 1, 2, 3], "no evaluation format" },
            {
                "half.jsonl",
                "{\"id\":\"a\",\"score\":1}\n{\"id\":\"b\",\"sco\n".Utf8(),
                "line 2: The line is not well-formed JSON"
            },
            {
                "twice.jsonl",
                "{\"id\":\"a\",\"score\":1}\n{\"id\":\"a\",\"score\":0}\n".Utf8(),
                "line 2: The id 'a' of task 'twice' was there already"
            },
            {
                "long.jsonl",
                Encoding.UTF8.GetBytes(
                    "{\"id\":\"a\",\"score\":1}\n{\"id\":\"b\",\"score\":1,\"input\":\""
                        + new string('x', 10 << 20)
                        + "\"}\n{\"id\":\"c\",\"score\":1}\n"
                ),
                "line 2: The line is longer than"
            },
            {
                "openquote.csv",
                "id,score,input\n1,1,\"abc\n2,1,x\n".Utf8(),
                "line 2: The file ends inside a quoted field"
            },
        };

    [Theory]
    [MemberData(nameof(Damaged))]
    public void Each_is_named_with_its_place_and_the_rest_is_compared(string name, byte[] content, string expected)
    {
        var analysis = EvaluationRoom.Compare([(name, content), Good], [Good]);
        var comparison = analysis.Summary().Comparisons.Single(comparison => comparison.Task == "good");
        Assert.Equal((1000L, 0.0), (comparison.N, comparison.Delta));
        var finding = Assert.Single(analysis.Of(FindingKinds.UnreadableResult));
        Assert.Contains($"'{name}'", finding.Title, StringComparison.Ordinal);
        Assert.Contains(expected, finding.Title, StringComparison.Ordinal);
        Assert.True(analysis.Artifact.Rejected > 0);
    }

    [Fact]
    public void Zstandard_entries_are_answered_with_the_command_that_converts_them()
    {
        var zip = EvaluationRoom.Zip(("header.json", "{}"), ("samples/1_epoch_1.json", "{}"));
        // The method stands at offset 8 of each local header and at offset 10 of each entry of the directory.
        for (var at = 0; at < zip.Length - 12; at++)
        {
            if (zip.AsSpan(at).StartsWith("PK\u0003\u0004"u8))
            {
                zip[at + 8] = 93;
            }
            else if (zip.AsSpan(at).StartsWith("PK\u0001\u0002"u8))
            {
                zip[at + 10] = 93;
            }
        }

        var finding = Assert.Single(
            EvaluationRoom.Compare([("new.eval", zip), Good], [Good]).Of(FindingKinds.UnreadableResult)
        );
        Assert.Contains("inspect log convert FILE --to json", finding.Title, StringComparison.Ordinal);
        Assert.Throws<ArtifactUnreadableException>(() => EvaluationRoom.Analyze(("new.eval", zip)));
    }

    [Fact]
    public void An_archive_that_unpacks_without_end_is_refused()
    {
        var zip = EvaluationRoom.Zip(
            ("header.json", "{\"status\":\"success\",\"eval\":{\"task\":\"t\"}}"),
            ("samples/1_epoch_1.json", "{\"id\":\"" + new string('a', 40_000_000) + "\"}")
        );
        Assert.Contains(
            "unpacks to far more",
            Assert
                .Single(EvaluationRoom.Compare([("bomb.eval", zip), Good], [Good]).Of(FindingKinds.UnreadableResult))
                .Title,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Numbers_that_json_does_not_have_are_no_scores_and_no_errors()
    {
        const string Text =
            """{"results":{"a":{"acc":NaN,"acc_stderr":Infinity,"acc_norm":0.5,"acc_norm_stderr":-Infinity,"f1":0.25,"f1_stderr":"N/A","em":1e999}},"versions":{"a":0}}""";
        var analysis = EvaluationRoom.Compare([("r.json", Text.Utf8()), Good], [("r.json", Text.Utf8()), Good]);
        Assert.Equal(
            ["acc_norm", "f1", "score"],
            analysis.Summary().Comparisons.Select(comparison => comparison.Metric).Order(StringComparer.Ordinal)
        );
        Assert.Contains(
            "'acc' of 'a' is not a number",
            analysis.Of(FindingKinds.UnreadableResult)[0].Title,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Hostile_names_do_not_leave_the_report()
    {
        const string Text = "id,score,task\n\u001b[31m1,0,<script>alert(1)</script>\n2,1,<script>alert(1)</script>\n";
        var analysis = EvaluationRoom.Compare("t.csv", Text, Text);
        var html = ReportHtml.Render(ReportContent.From(analysis));
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', ReportMarkdown.Render(ReportContent.From(analysis)));
    }

    private static readonly string[] Pieces =
    [
        "{\"id\":\"a\",\"score\":1}\n",
        "{\"id\":\"b\",\"score\":0,\"epoch\":2}\n",
        "id,score\n",
        "1,0\n",
        "\"",
        ",",
        "\n",
        "{",
        "}",
        "[",
        "NaN",
        "\"results\":",
        "\"versions\":{}",
        "{\"t\":{\"acc\":0.5,\"acc_stderr\":0.1}}",
        "<testsuite name=\"s\">",
        "<testcase name=\"a\">",
        "<failure message=\"x\"/>",
        "</testcase>",
        "</testsuite>",
        "PK\u0003\u0004",
        "header.json",
        "{\"status\":\"success\",\"eval\":{\"task\":\"t\",\"run_id\":\"1\"},\"samples\":[",
        "{\"id\":1,\"scores\":{\"m\":{\"value\":\"C\"}}}",
        "]",
        "\\u",
        "\0",
        "{\"resolved_ids\":[\"a\"],\"submitted_instances\":3}",
        "\"doc_id\":1,\"resps\":[[\"x\"]],\"metrics\":[\"acc\"],\"acc\":1",
    ];

    private static readonly Gen<byte[]> Anything =
        from pieces in Gen.Elements(Pieces).ListOf(30)
        from start in Gen.Elements(
            "{",
            "<testsuite name=\"q\">",
            "id,score\n",
            "PK\u0003\u0004",
            "{\"results\":{",
            "{\"id\":1,\"score\":0}\n"
        )
        select Encoding.Latin1.GetBytes(start + string.Concat(pieces));

    [Fact]
    public void Whatever_the_bytes_are_the_other_file_is_compared() =>
        Prop.ForAll(
                Anything.ToArbitrary(),
                content =>
                {
                    var analysis = EvaluationRoom.Compare([("any", content), Good], [("any", content), Good]);
                    Assert.Contains(
                        analysis.Summary().Comparisons,
                        comparison => comparison is { Task: "good", Delta: 0 }
                    );
                    Assert.All(analysis.Findings, finding => Assert.NotEmpty(finding.Evidence));
                    JsonSerializer.Serialize(ReportEnvelope.Of(analysis), ReportJson.Options);
                    ReportHtml.Render(ReportContent.From(analysis));
                }
            )
            .QuickCheckThrowOnFailure();
}
