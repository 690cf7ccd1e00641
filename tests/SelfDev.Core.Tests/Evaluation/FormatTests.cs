using System.Text;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Evaluation.Formats;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Findings;
using SelfDev.Core.Rendering;

namespace SelfDev.Core.Tests.Evaluation;

/// <summary>Each format, and what is wrong with files of it.</summary>
public class FormatTests
{
    [Fact]
    public void Everything_of_a_named_checkpoint_is_one_evaluation_and_of_two_results_the_newer_counts()
    {
        static ArtifactFile File(string name, string text) =>
            new(name, () => new MemoryStream(text.Utf8()), text.Length);
        static string Results(string date, double value) =>
            EvaluationRoom
                .LmEvalResults("gsm8k", value, 0.01, 5, 1000)
                .Replace("{\"results\"", $"{{\"date\":{date},\"results\"", StringComparison.Ordinal);
        var request = new AnalysisRequest([
            File("evals/c/new/results.json", Results("200", 0.4)),
            File("evals/c/old/results.json", Results("100", 0.6)),
            File("evals/c/x/other.csv", "id,score\n1,1\n"),
        ])
        {
            Subject = "c",
            Baseline = [File("evals/b/results.json", Results("50", 0.6))],
            BaselineSubject = "b",
        };

        var summary = new EvaluationCapability().Analyze(request, TestContext.Current.CancellationToken).Summary();

        Assert.Equal(("c", 2, "b"), (summary.Candidate!.Name, summary.Candidate.Tasks, summary.Baseline!.Name));
        Assert.Equal(0.4, Assert.Single(summary.Comparisons).Candidate);
        Assert.Equal("evals/c/old/results.json", Assert.Single(summary.Rejections).File);
    }

    [Fact]
    public void Samples_that_were_made_again_replace_those_of_the_faulty_harness()
    {
        static ArtifactFile File(string name, string text) =>
            new(name, () => new MemoryStream(text.Utf8()), text.Length);
        var scores = EvaluationRoom.Pair(400, 0.7, 0, 0).Baseline;
        var faulty = File(
            "evals/c/samples_arc_2026-01-31T12-00-00.123456.jsonl",
            EvaluationRoom.LmEvalSamples(scores.Select(_ => false), id => $"<s><s>Question {id}")
        );
        var mended = File(
            "evals/c/samples_arc_2026-02-01T12-00-00.123456.jsonl",
            EvaluationRoom.LmEvalSamples(scores, id => $"<s>Question {id}")
        );
        var baseline = File(
            "evals/b/samples_arc_2026-01-01T12-00-00.123456.jsonl",
            EvaluationRoom.LmEvalSamples(scores, id => $"<s>Question {id}")
        );
        foreach (
            var files in (ArtifactFile[][])
                [
                    [faulty, mended],
                    [mended, faulty],
                ]
        )
        {
            var request = new AnalysisRequest(files)
            {
                Subject = "c",
                Baseline = [baseline],
                BaselineSubject = "b",
            };
            var summary = new EvaluationCapability().Analyze(request, TestContext.Current.CancellationToken).Summary();
            Assert.Equal(
                (400L, 0.0, true),
                (summary.Comparisons[0].N, summary.Comparisons[0].Delta, summary.Comparisons[0].IsAttributable)
            );
            Assert.Empty(summary.RenderDifferences);
        }
    }

    private const string SweBench = """
        {"total_instances":6,"submitted_instances":6,"completed_instances":4,"resolved_instances":2,"unresolved_instances":2,"empty_patch_instances":1,"error_instances":1,
        "completed_ids":["a__a-1","a__a-2","b__b-3","b__b-4"],"incomplete_ids":[],"empty_patch_ids":["c__c-5"],"submitted_ids":[],"resolved_ids":["a__a-1","a__a-2"],
        "unresolved_ids":["b__b-3","b__b-4"],"error_ids":["c__c-6"],"schema_version":2}
        """;

    private const string SweBenchOld =
        """{"no_generation":["c__c-5"],"generated":["a__a-1","b__b-3"],"with_logs":["a__a-1","b__b-3"],"install_fail":[],"reset_failed":[],"no_apply":[],"applied":["a__a-1","b__b-3"],"test_errored":[],"test_timeout":["b__b-4"],"resolved":["a__a-1"]}""";

    private const string SweBenchInstance =
        """{"a__a-1":{"patch_is_None":false,"patch_exists":true,"patch_successfully_applied":false,"resolved":false,"tests_status":{"FAIL_TO_PASS":{"success":[],"failure":[]}}}}""";

    private const string JUnit = """
        <?xml version="1.0"?>
        <testsuites><testsuite name="unit" tests="5">
          <testcase classname="a.B" name="passes" time="0.1"/>
          <testcase classname="a.B" name="fails" time="0.2"><failure message="expected 3 but was 4" type="AssertionError">trace</failure></testcase>
          <testcase classname="a.B" name="errors"><error message="ConnectionError: refused">trace</error></testcase>
          <testcase classname="a.B" name="hangs"><error message="Timed out after 30 s"/></testcase>
          <testcase classname="a.B" name="skipped"><skipped/></testcase>
        </testsuite></testsuites>
        """;

    private const string Trx = """
        <?xml version="1.0" encoding="utf-8"?>
        <TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
          <UnitTestResult testName="A.B" outcome="Passed" duration="00:00:01.5"/>
          <UnitTestResult testName="A.C" outcome="Failed"><Output><ErrorInfo><Message>boom</Message></ErrorInfo></Output></UnitTestResult>
          <UnitTestResult testName="A.D" outcome="NotExecuted"/>
        </Results></TestRun>
        """;

    [Theory]
    [InlineData("r.json", SweBench, "swe-bench-report")]
    [InlineData("r.json", SweBenchOld, "swe-bench-report")]
    [InlineData("report.json", SweBenchInstance, "swe-bench-report")]
    [InlineData("x.xml", JUnit, "junit-xml")]
    [InlineData("x.trx", Trx, "trx")]
    [InlineData("x", "id,score\n1,0\n", "samples-csv")]
    [InlineData("x", "sample_id\tcorrect\n1\ttrue\n", "samples-csv")]
    [InlineData("x", "{\"id\":1,\"score\":1}\n", "samples-jsonl")]
    [InlineData("x", "{\"results\":{\"a\":{\"acc\":1,\"acc_stderr\":\"N/A\"}},\"versions\":{}}", "lm-eval-results")]
    [InlineData(
        "x",
        "{\"version\":2,\"status\":\"success\",\"eval\":{\"task\":\"t\",\"run_id\":\"r\"}}",
        "inspect-json"
    )]
    public void Formats_are_told_from_their_content(string name, string content, string format) =>
        Assert.Equal(format, EvaluationRoom.Sniff(name, content.Utf8())?.Format);

    [Theory]
    [InlineData("step,loss\n1,2.0\n")]
    [InlineData("{\"step\":1,\"loss\":2.0}\n")]
    [InlineData("some text")]
    [InlineData("<html></html>")]
    public void Other_content_is_left_to_others(string content) =>
        Assert.Null(EvaluationRoom.Sniff("x", content.Utf8()));

    [Fact]
    public void Swe_bench_reports_of_both_versions_count_empty_patches_and_errors_apart()
    {
        var worse = SweBench
            .Replace(
                "\"resolved_ids\":[\"a__a-1\",\"a__a-2\"]",
                "\"resolved_ids\":[\"a__a-1\"]",
                StringComparison.Ordinal
            )
            .Replace("\"error_ids\":[\"c__c-6\"]", "\"error_ids\":[\"c__c-6\",\"a__a-2\"]", StringComparison.Ordinal);
        var summary = EvaluationRoom.Compare("run.json", worse, SweBench).Summary();
        Assert.Equal(
            (6L, 2 / 6.0, 1 / 6.0),
            (summary.Comparisons[0].N, summary.Comparisons[0].Baseline, summary.Comparisons[0].Candidate)
        );
        Assert.Contains(
            summary.Transitions,
            cell => cell is { From: SampleOutcome.Pass, To: SampleOutcome.HarnessError, Items: 1 }
        );
        Assert.Contains(
            summary.Transitions,
            cell => cell is { From: SampleOutcome.Empty, To: SampleOutcome.Empty, Items: 1 }
        );

        var old = EvaluationRoom.Compare("old.json", SweBenchOld, SweBenchOld).Summary();
        Assert.Equal((4L, 0.25), (old.Comparisons[0].N, old.Comparisons[0].Candidate));
        Assert.Contains(old.Transitions, cell => cell is { From: SampleOutcome.Timeout, To: SampleOutcome.Timeout });
    }

    [Fact]
    public void Instance_reports_of_a_folder_make_one_evaluation()
    {
        var reports = Enumerable
            .Range(0, 40)
            .Select(i =>
                (
                    $"run/{i}/report.json",
                    SweBenchInstance
                        .Replace("a__a-1", $"a__a-{i}", StringComparison.Ordinal)
                        .Replace(
                            "\"resolved\":false",
                            i < 30 ? "\"resolved\":true" : "\"resolved\":false",
                            StringComparison.Ordinal
                        )
                        .Utf8()
                )
            )
            .ToList();
        var comparison = EvaluationRoom.Compare(Flat(reports), Flat(reports)).Only();
        Assert.Equal((40L, 0.75), (comparison.N, comparison.Candidate));

        static List<(string, byte[])> Flat(List<(string Name, byte[] Content)> files) =>
            [
                .. files.Select(file =>
                    (file.Name.Replace("/report", "_report", StringComparison.Ordinal), file.Content)
                ),
            ];
    }

    [Fact]
    public void Test_reports_tell_failures_from_errors_and_time_outs()
    {
        var passing = JUnit
            .Replace(
                "<failure message=\"expected 3 but was 4\" type=\"AssertionError\">trace</failure>",
                "",
                StringComparison.Ordinal
            )
            .Replace("<error message=\"ConnectionError: refused\">trace</error>", "", StringComparison.Ordinal)
            .Replace("<error message=\"Timed out after 30 s\"/>", "", StringComparison.Ordinal);
        var summary = EvaluationRoom.Compare("unit.xml", JUnit, passing).Summary();
        Assert.Equal(
            ("unit", 4L, 0.25),
            (summary.Comparisons[0].Task, summary.Comparisons[0].N, summary.Comparisons[0].Candidate)
        );
        Assert.Equal(
            [
                (SampleOutcome.Pass, 1L),
                (SampleOutcome.Wrong, 1L),
                (SampleOutcome.Timeout, 1L),
                (SampleOutcome.HarnessError, 1L),
            ],
            summary.Transitions.Select(cell => (cell.To, cell.Items))
        );
        Assert.Equal(
            (2L, 0.5),
            (
                EvaluationRoom.Compare("unit.trx", Trx, Trx).Only() is var trx ? trx.N : 0,
                EvaluationRoom.Compare("unit.trx", Trx, Trx).Only().Candidate
            )
        );
    }

    [Fact]
    public void A_case_that_is_run_again_is_a_repeat()
    {
        static string Report(params string[] results) =>
            "<testsuite name=\"s\">"
            + string.Concat(
                results.SelectMany(result =>
                    Enumerable
                        .Range(0, 60)
                        .Select(id =>
                            $"<testcase "
                            + $"name=\"t{id}\">{(result == "flaky" && id == 0 ? "<failure message=\"x\"/>" : "")}</testcase>"
                        )
                )
            )
            + "</testsuite>";

        var summary = EvaluationRoom.Compare("s.xml", Report("", "flaky", ""), Report("", "")).Summary();
        Assert.Equal((1L, 60L), (Assert.Single(summary.Flaky).Flaky, summary.Flaky[0].Repeated));
    }

    [Fact]
    public void Old_and_new_lm_eval_keys_are_the_same_metric()
    {
        const string Old =
            """{"results":{"arc":{"acc":0.40,"acc_stderr":0.01,"acc_norm":0.5,"acc_norm_stderr":0.01}},"versions":{"arc":0},"config":{"num_fewshot":0}}""";
        const string New =
            """{"results":{"arc":{"alias":"arc","acc,none":0.41,"acc_stderr,none":0.01,"acc_norm,none":0.5,"acc_norm_stderr,none":"N/A"}},"versions":{"arc":0},"n-shot":{"arc":0},"higher_is_better":{"arc":{"acc":true}}}""";
        var comparisons = EvaluationRoom.Compare("r.json", New, Old).Summary().Comparisons;
        Assert.Equal(
            [("acc", ComparisonMethod.UnpairedZ), ("acc_norm", ComparisonMethod.None)],
            comparisons.Select(comparison => (comparison.Metric, comparison.Method))
        );
        Assert.Equal(Math.Sqrt(0.0002), comparisons[0].Stderr!.Value, 1e-12);
        Assert.Null(comparisons[1].P);
    }

    [Fact]
    public void Groups_are_left_to_their_subtasks()
    {
        const string Text =
            """{"results":{"mmlu":{"acc,none":0.5,"acc_stderr,none":0.01},"mmlu_law":{"acc,none":0.5,"acc_stderr,none":0.02}},"group_subtasks":{"mmlu":["mmlu_law"],"mmlu_law":[]},"versions":{}}""";
        Assert.Equal("mmlu_law", EvaluationRoom.Compare("r.json", Text, Text).Only().Task);
    }

    [Fact]
    public void Inspect_in_json_and_in_an_archive_say_the_same()
    {
        var samples = Enumerable.Range(0, 60).Select(id => ($"{id}", 1, id % 4 == 0 ? "I" : "C")).ToList();
        var text = EvaluationRoom.Inspect("success", samples);
        var log = System.Text.Json.Nodes.JsonNode.Parse(text)!;
        var archive = EvaluationRoom.Zip([
            (
                "header.json",
                new System.Text.Json.Nodes.JsonObject
                {
                    ["version"] = 2,
                    ["status"] = "success",
                    ["eval"] = log["eval"]!.DeepClone(),
                    ["results"] = log["results"]!.DeepClone(),
                }.ToJsonString()
            ),
            .. log["samples"]!
                .AsArray()
                .Select((sample, index) => ($"samples/{index}_epoch_1.json", sample!.ToJsonString())),
        ]);
        Assert.Equal("inspect-eval", EvaluationRoom.Sniff("x.eval", archive)?.Format);
        var comparison = EvaluationRoom.Compare([("x.eval", archive)], [("x.json", text.Utf8())]).Only();
        Assert.Equal((60L, 0.75, 0.0), (comparison.N, comparison.Candidate, comparison.Delta));
    }

    [Fact]
    public void Another_system_prompt_in_inspect_is_a_rendering_difference()
    {
        var samples = Enumerable.Range(0, 60).Select(id => ($"{id}", 1, id % 4 == 0 ? "I" : "C")).ToList();
        var summary = EvaluationRoom
            .Compare(
                "x.json",
                EvaluationRoom.Inspect("success", samples, system: "Answer yes or no."),
                EvaluationRoom.Inspect("success", samples)
            )
            .Summary();
        Assert.Equal(
            (RenderingClass.SystemPrompt, 60L),
            (summary.RenderDifferences[0].Class, summary.RenderDifferences[0].Items)
        );
        Assert.Equal(ComparisonVerdict.NotAttributable, summary.Overall);
    }

    [Fact]
    public void Quoted_fields_may_hold_commas_quotes_and_line_breaks()
    {
        const string Text = "id,score,input\n1,1,\"a, \"\"b\"\"\nc\"\n2,0,plain\n3,x,plain\n4,1\n";
        var summary = EvaluationRoom
            .Compare("t.csv", Text, Text.Replace("a, ", "a; ", StringComparison.Ordinal))
            .Summary();
        Assert.Equal(2, summary.Comparisons[0].N);
        Assert.Equal(("a, \"b\"\nc", 1L), (RenderedOf(summary), summary.RenderDifferences[0].Items));
        Assert.Equal(
            [(5L, "The score is not a number."), (6L, "The record has 2 fields, the header 3.")],
            summary
                .Rejections.Where(rejection => rejection.Line > 0)
                .Take(2)
                .Select(rejection => (rejection.Line, rejection.Reason))
        );

        static string RenderedOf(EvaluationSummary summary) =>
            summary.RenderDifferences[0].Candidate == "," ? "a, \"b\"\nc" : summary.RenderDifferences[0].Candidate;
    }

    [Fact]
    public void Folders_beside_each_other_are_a_history_and_the_last_one_is_the_candidate()
    {
        var files = Enumerable
            .Range(1, 8)
            .Select(i =>
                (
                    $"ckpt-step{i}000/task.csv",
                    EvaluationRoom.Csv(EvaluationRoom.Pair(2000, i <= 4 ? 0.6 : 0.7, 0, 0, (ulong)i).Baseline).Utf8()
                )
            )
            .Reverse()
            .ToList();
        var summary = EvaluationRoom.Compare(files, []).Summary();
        Assert.Equal(("ckpt-step8000", "ckpt-step7000"), (summary.Candidate!.Name, summary.Baseline!.Name));
        var change = Assert.Single(summary.History).Change!;
        Assert.Equal((4000L, 5000L), (change.AfterStep, change.BeforeStep));
        Assert.Equal(0.1, change.Delta, 0.001);
    }

    [Fact]
    public void Findings_of_training_between_two_checkpoints_are_joined_to_the_regression()
    {
        const string Training = """
            {"schema":"selfdev.report/1","artifact":{"name":"run7","kind":"training"},"findings":[
            {"id":"F1","kind":"loss-spike","severity":"error","title":"spike","from":{"line":1,"step":4200},"to":{"line":2,"step":4260}},
            {"id":"F2","kind":"data-loader","severity":"warning","title":"other","from":{"line":9,"step":9000},"to":{"line":9,"step":9000}}],"summary":{}}
            """;
        var (before, after) = EvaluationRoom.Pair(1000, 0.7, 120, 10);
        var analysis = EvaluationRoom.Compare(
            [
                ("step4000/t.csv", EvaluationRoom.Csv(before).Utf8()),
                ("step5000/t.csv", EvaluationRoom.Csv(after).Utf8()),
                ("report.json", Training.Utf8()),
            ],
            []
        );
        var happened = Assert.Single(analysis.Summary().TrainingBetween);
        Assert.Equal(("loss-spike", 4200L), (happened.Kind, happened.FromStep));
        Assert.Contains(
            "loss-spike at step 4200",
            Assert.Single(analysis.Of(FindingKinds.EvalRegression)).Title,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Effort_between_generations_has_intervals_and_claims_only_what_they_hold()
    {
        static string Log(double tokens, double seconds, Func<int, bool> solved) =>
            "id,score,tokens,seconds,cost\n"
            + string.Concat(
                Enumerable
                    .Range(0, 500)
                    .Select(id =>
                        FormattableString.Invariant(
                            $"q{id},{(solved(id) ? 1 : 0)},{tokens * (1 + (id % 7) / 10.0):0.0},{seconds * (1 + (id % 5) / 10.0):0.00},0.02\n"
                        )
                    )
            );

        var summary = EvaluationRoom
            .Compare("swe.csv", Log(400, 75, id => id % 100 < 57), Log(1000, 100, id => id % 100 < 52))
            .Summary();
        var tokens = summary.Generation.Single(line => line.Measure == "tokens per solved task");
        Assert.Equal(0.4 * 52 / 57, tokens.Ratio, 1e-6);
        Assert.Equal("less than half the tokens per solved task", tokens.Claim);
        var seconds = summary.Generation.Single(line => line.Measure == "seconds per task");
        Assert.Equal(0.75, seconds.Ratio, 1e-3);
        Assert.True(seconds.Ci95[0] < 0.7501 && seconds.Ci95[1] > 0.7499);
        Assert.Equal(1, summary.Generation.Single(line => line.Measure == "cost per solved task").Ratio, 0.1);
    }
}
