using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Findings;
using SelfDev.Core.Rendering;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Tests.Evaluation;

/// <summary>Regressions and harness faults that were planted, each with the verdict that it must get.</summary>
public class PlantedCaseTests
{
    [Fact]
    public void Double_bos_is_shown_and_not_put_down_to_the_checkpoint()
    {
        var (baseline, candidate) = EvaluationRoom.Pair(400, 0.7, 40, 5);
        var analysis = EvaluationRoom.Compare(
            "samples_arc_2026-01-31T12-00-00.123456.jsonl",
            EvaluationRoom.LmEvalSamples(candidate, id => $"<s><s>Question {id}: which one?\nAnswer:"),
            EvaluationRoom.LmEvalSamples(baseline, id => $"<s>Question {id}: which one?\nAnswer:")
        );

        var comparison = analysis.Only();
        Assert.Equal(
            ("arc", "exact_match", ComparisonVerdict.NotAttributable),
            (comparison.Task, comparison.Metric, comparison.Verdict)
        );
        Assert.Null(comparison.PHolm);
        Assert.Equal(-35 / 400.0, comparison.Delta, 1e-12);
        Assert.Equal(ComparisonVerdict.NotAttributable, analysis.Summary().Overall);
        var difference = analysis.Summary().RenderDifferences[0];
        Assert.Equal(
            (RenderingClass.BeginOfSequence, 400L, 400L),
            (difference.Class, difference.Items, difference.Compared)
        );
        var finding = Assert.Single(analysis.Of(FindingKinds.RenderDifference));
        Assert.Equal(Severity.Error, finding.Severity);
        var fix = Assert.IsType<FixHarness>(Assert.Single(finding.Proposals).Action);
        Assert.Equal(
            ("begin-of-sequence", 3),
            (fix.Fault, Math.Max(fix.BaselineLength!.Value, fix.CandidateLength!.Value))
        );
        Assert.Empty(analysis.Of(FindingKinds.EvalRegression));
    }

    [Fact]
    public void Without_the_rendering_difference_the_same_scores_are_a_regression()
    {
        var (baseline, candidate) = EvaluationRoom.Pair(400, 0.7, 40, 5);
        var analysis = EvaluationRoom.Compare(
            "samples_arc_2026-01-31T12-00-00.123456.jsonl",
            EvaluationRoom.LmEvalSamples(candidate, id => $"<s>Question {id}"),
            EvaluationRoom.LmEvalSamples(baseline, id => $"<s>Question {id}")
        );

        var comparison = analysis.Only();
        Assert.Equal(
            (ComparisonVerdict.Regressed, ComparisonMethod.McNemarExact, 40L, 5L),
            (comparison.Verdict, comparison.Method, comparison.Lost, comparison.Won)
        );
        Assert.Equal(McNemarTest.PValue(40, 5), comparison.P!.Value, 1e-12);
        Assert.Equal("block", analysis.Summary().Gate);
        Assert.Contains(
            analysis.Of(FindingKinds.EvalRegression)[0].Proposals,
            proposal => proposal.Action is BlockPromotion { Regressions: 1 }
        );
    }

    [Fact]
    public void Files_that_name_no_task_are_the_same_task_whatever_they_are_called()
    {
        static string Rows(IEnumerable<bool> scores, string begin) =>
            string.Concat(
                scores.Select(
                    (score, id) =>
                        $$"""{"id":{{id}},"score":{{(score ? 1 : 0)}},"input":"{{begin}}Question {{id}}","target":"x"}"""
                        + "\n"
                )
            );
        var (baseline, candidate) = EvaluationRoom.Pair(400, 0.7, 40, 5);
        var analysis = EvaluationRoom.Compare(
            [("candidate.jsonl", Rows(candidate, "<s><s>").Utf8())],
            [("baseline.jsonl", Rows(baseline, "<s>").Utf8())]
        );
        Assert.Equal(
            ("candidate", 400L, ComparisonVerdict.NotAttributable),
            (analysis.Only().Task, analysis.Only().N, analysis.Only().Verdict)
        );
        Assert.Equal(RenderingClass.BeginOfSequence, analysis.Summary().RenderDifferences[0].Class);
        analysis = EvaluationRoom.Compare(
            [("candidate.csv", EvaluationRoom.Csv(candidate).Utf8())],
            [("baseline.csv", EvaluationRoom.Csv(baseline).Utf8())]
        );
        Assert.Equal(ComparisonVerdict.Regressed, analysis.Only().Verdict);
        Assert.NotEmpty(analysis.Summary().FailureClusters);

        // Where they do say it, other tasks are not compared.
        static string Named(string task, IEnumerable<bool> scores) =>
            "id,score,task\n" + string.Concat(scores.Select((score, id) => $"q{id},{(score ? 1 : 0)},{task}\n"));
        var other = EvaluationRoom.Compare(
            [("c.csv", Named("gsm8k", candidate).Utf8())],
            [("b.csv", Named("mmlu", baseline).Utf8())]
        );
        Assert.Equal(("hold", 0), (other.Summary().Gate, other.Summary().Comparisons.Count));
    }

    [Fact]
    public void Another_number_of_shots_is_not_attributable()
    {
        var analysis = EvaluationRoom.Compare(
            "results_2026.json",
            EvaluationRoom.LmEvalResults("gsm8k", 0.41, 0.0135, 0, 1319),
            EvaluationRoom.LmEvalResults("gsm8k", 0.62, 0.0134, 5, 1319)
        );

        var comparison = analysis.Only();
        Assert.Equal(ComparisonVerdict.NotAttributable, comparison.Verdict);
        Assert.Contains(
            comparison.Reasons,
            reason => reason.Contains("n-shot differs: 5 against 0", StringComparison.Ordinal)
        );
        var finding = Assert.Single(analysis.Of(FindingKinds.HarnessMismatch));
        Assert.Equal("n-shot", Assert.IsType<FixHarness>(finding.Proposals[0].Action).Fault);
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("error")]
    [InlineData("started")]
    public void A_log_that_did_not_end_well_is_never_compared_as_if_whole(string status)
    {
        var samples = Enumerable.Range(0, 100).Select(id => ($"{id}", 1, id % 3 == 0 ? "I" : "C")).ToList();
        var analysis = EvaluationRoom.Compare(
            "log.json",
            EvaluationRoom.Inspect(status, samples.Take(30).Select(sample => (sample.Item1, 1, "I"))),
            EvaluationRoom.Inspect("success", samples)
        );

        var comparison = analysis.Only();
        Assert.Equal((ComparisonVerdict.NotAttributable, (double?)null), (comparison.Verdict, comparison.P));
        Assert.Equal("hold", analysis.Summary().Gate);
        var finding = Assert.Single(analysis.Of(FindingKinds.EvalIncomplete));
        Assert.Contains(finding.Evidence, line => line.Text.Contains("status", StringComparison.Ordinal));
    }

    [Fact]
    public void A_log_that_lacks_samples_is_partial_whatever_its_status_says()
    {
        var samples = Enumerable.Range(0, 100).Select(id => ($"{id}", 1, id % 3 == 0 ? "I" : "C")).ToList();
        var incomplete = EvaluationRoom.Compare(
            "log.json",
            EvaluationRoom.Inspect("success", samples.Take(80), total: 100),
            EvaluationRoom.Inspect("success", samples)
        );
        Assert.Equal(ComparisonVerdict.NotAttributable, incomplete.Only().Verdict);
        var silent = EvaluationRoom.Compare(
            "log.json",
            EvaluationRoom.Inspect("success", samples.Take(80)),
            EvaluationRoom.Inspect("success", samples)
        );
        Assert.Contains(
            silent.Only().Reasons,
            reason => reason.Contains("lacks 20 of the baseline's 100 samples", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Three_percent_of_flaky_items_are_flaky_and_not_a_regression()
    {
        static string Log(ulong seed)
        {
            var random = new RandomStream(seed, 9);
            var rows = new List<string> { "id,score,epoch" };
            for (var id = 0; id < 1000; id++)
            {
                for (var epoch = 1; epoch <= 4; epoch++)
                {
                    var passes = id < 30 ? random.Below(2) == 0 : id % 10 < 7;
                    rows.Add($"t{id},{(passes ? 1 : 0)},{epoch}");
                }
            }

            return string.Join('\n', rows) + "\n";
        }

        var analysis = EvaluationRoom.Compare("unit.csv", Log(2), Log(1));
        var comparison = analysis.Only();
        Assert.Equal(
            (ComparisonVerdict.Tied, ComparisonMethod.PairedBootstrap, 1000L),
            (comparison.Verdict, comparison.Method, comparison.N)
        );
        var flaky = Assert.Single(analysis.Summary().Flaky);
        Assert.InRange(flaky.Flaky, 25, 30);
        Assert.Equal(0, flaky.Broken);
        Assert.Equal(Severity.Warning, Assert.Single(analysis.Of(FindingKinds.FlakySamples)).Severity);
    }

    [Fact]
    public void Broken_items_are_told_from_flaky_ones()
    {
        static string Log(Func<int, int, bool> passes) =>
            "id,score,epoch\n"
            + string.Concat(
                Enumerable
                    .Range(0, 200)
                    .SelectMany(id =>
                        Enumerable.Range(1, 3).Select(epoch => $"t{id},{(passes(id, epoch) ? 1 : 0)},{epoch}\n")
                    )
            );

        var analysis = EvaluationRoom.Compare(
            "unit.csv",
            Log((id, epoch) => id >= 20 && !(id < 30 && epoch == 2)),
            Log((_, _) => true)
        );
        var flaky = Assert.Single(analysis.Summary().Flaky);
        Assert.Equal((10L, 20L, 200L), (flaky.Flaky, flaky.Broken, flaky.Repeated));
        Assert.Equal(ComparisonVerdict.Regressed, analysis.Only().Verdict);
    }

    [Fact]
    public void A_real_two_point_regression_needs_more_than_a_thousand_samples()
    {
        // 6 % of the items change sides, two points net: enough, as most items tell nothing. Of 20 % it is not.
        var (baseline, candidate) = EvaluationRoom.Pair(1000, 0.7, 40, 20, seed: 4);
        var few = EvaluationRoom.Compare(
            "task.csv",
            EvaluationRoom.Csv(candidate),
            EvaluationRoom.Csv(baseline),
            ("margin", "0.02"),
            ("seconds-per-sample", "30"),
            ("gpus", "8")
        );
        Assert.Equal(-0.02, few.Only().Delta, 1e-12);
        Assert.Equal(ComparisonVerdict.Regressed, few.Only().Verdict);

        (baseline, candidate) = EvaluationRoom.Pair(1000, 0.7, 110, 90, seed: 4);
        var underpowered = EvaluationRoom.Compare(
            "task.csv",
            EvaluationRoom.Csv(candidate),
            EvaluationRoom.Csv(baseline),
            ("seconds-per-sample", "30"),
            ("gpus", "8")
        );
        var comparison = underpowered.Only();
        Assert.Equal(ComparisonVerdict.Underpowered, comparison.Verdict);
        Assert.Equal(
            SampleSize.Needed(comparison.N!.Value * comparison.Stderr!.Value * comparison.Stderr.Value, 0.02),
            comparison.NeededSamples
        );
        Assert.InRange(comparison.NeededSamples!.Value, 3500, 4500);
        Assert.Equal(2.0 * comparison.NeededSamples.Value * 30 * 8 / 3600, comparison.NeededGpuHours!.Value, 0.001);
        var proposals = Assert.Single(underpowered.Of(FindingKinds.EvalUnderpowered)).Proposals;
        Assert.Contains(
            proposals,
            proposal => proposal.Action is RerunEvaluation rerun && rerun.Samples == comparison.NeededSamples
        );
        Assert.Contains(proposals, proposal => proposal.Action is ScaleFleet { RestoreNodes: > 1 });

        (baseline, candidate) = EvaluationRoom.Pair(10_000, 0.7, 1100, 900, seed: 4);
        Assert.Equal(
            ComparisonVerdict.Regressed,
            EvaluationRoom
                .Compare("task.csv", EvaluationRoom.Csv(candidate), EvaluationRoom.Csv(baseline))
                .Only()
                .Verdict
        );
    }

    [Fact]
    public void A_checkpoint_that_was_not_measured_on_all_tasks_passes_no_gate()
    {
        var scores = EvaluationRoom.Csv(EvaluationRoom.Pair(10_000, 0.7, 0, 0).Baseline).Utf8();
        var analysis = EvaluationRoom.Compare([("a.csv", scores)], [("a.csv", scores), ("b.csv", scores)]);
        Assert.Equal((ComparisonVerdict.Tied, "hold"), (analysis.Summary().Overall, analysis.Summary().Gate));
        var finding = Assert.Single(analysis.Of(FindingKinds.EvalIncomplete));
        Assert.Contains(
            "not measured on 1 of the 2 tasks of the baseline (b)",
            finding.Title,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            analysis.Findings.SelectMany(found => found.Proposals),
            proposal => proposal.Action is AllowPromotion
        );
    }

    [Fact]
    public void The_same_checkpoint_twice_is_tied_at_ten_thousand_samples_and_passes()
    {
        var (baseline, candidate) = EvaluationRoom.Pair(10_000, 0.7, 300, 290);
        var analysis = EvaluationRoom.Compare("task.csv", EvaluationRoom.Csv(candidate), EvaluationRoom.Csv(baseline));
        Assert.Equal((ComparisonVerdict.Tied, "allow"), (analysis.Only().Verdict, analysis.Summary().Gate));
        Assert.IsType<AllowPromotion>(Assert.Single(Assert.Single(analysis.Of(FindingKinds.EvalTie)).Proposals).Action);
    }

    [Fact]
    public void Items_of_one_cluster_count_as_one()
    {
        // Sixty items in three clusters fall together: three facts, not sixty.
        static string Log(bool worse) =>
            "id,score,cluster\n"
            + string.Concat(
                Enumerable.Range(0, 600).Select(id => $"q{id},{(worse && id / 20 < 3 ? 0 : 1)},c{id / 20}\n")
            );

        var clustered = EvaluationRoom.Compare("task.csv", Log(worse: true), Log(worse: false)).Only();
        Assert.Equal(
            (ComparisonMethod.PairedBootstrap, ComparisonVerdict.Underpowered),
            (clustered.Method, clustered.Verdict)
        );
        var single = EvaluationRoom
            .Compare(
                "task.csv",
                Log(worse: true).Replace("cluster", "other", StringComparison.Ordinal),
                Log(worse: false).Replace("cluster", "other", StringComparison.Ordinal)
            )
            .Only();
        Assert.Equal((ComparisonMethod.McNemarExact, ComparisonVerdict.Regressed), (single.Method, single.Verdict));
    }

    [Fact]
    public void Harness_errors_are_told_from_wrong_answers_and_clustered()
    {
        static string Log(bool broken) =>
            string.Concat(
                Enumerable
                    .Range(0, 300)
                    .Select(id =>
                        broken && id % 10 == 0
                            ? $$"""{"id":{{id}},"score":0,"input":"q{{id}}","target":"x","error":"ConnectionError: sandbox {{id}} refused after {{id * 7}} ms","subject":"net"}"""
                                + "\n"
                            : $$"""{"id":{{id}},"score":{{(id % 3 == 1 ? 0 : 1)}},"input":"q{{id}}","target":"x","output":"y","subject":"{{(id % 2 == 0 ? "a" : "b")}}"}"""
                                + "\n"
                    )
            );

        var analysis = EvaluationRoom.Compare("agent.jsonl", Log(broken: true), Log(broken: false));
        var finding = Assert.Single(analysis.Of(FindingKinds.HarnessErrors));
        Assert.Equal(30, finding.Metrics["errors"].Number);
        var cluster = analysis.Summary().FailureClusters[0];
        Assert.Equal(SampleOutcome.HarnessError, cluster.Outcome);
        Assert.Equal("ConnectionError: sandbox <*> refused after <*> ms", cluster.Template);
        Assert.Equal(3, cluster.Exemplars.Count);
        Assert.Contains(
            analysis.Summary().AttributeClusters,
            attribute => attribute is { Attribute: "subject", Value: "net" }
        );
        Assert.Contains(
            analysis.Summary().Transitions,
            cell => cell is { From: SampleOutcome.Pass, To: SampleOutcome.HarnessError }
        );
        Assert.All(
            analysis.Of(FindingKinds.FailureCluster).Where(found => found.Metrics.ContainsKey("outcome")),
            found => Assert.Equal(finding.Id, found.CausedBy)
        );
    }

    [Fact]
    public void Same_seed_same_report_on_any_number_of_cores()
    {
        var random = new RandomStream(3, 3);
        var rows = string.Concat(Enumerable.Range(0, 500).Select(id => $"q{id},{random.NextDouble():0.000}\n"));
        var others = string.Concat(Enumerable.Range(0, 500).Select(id => $"q{id},{random.NextDouble():0.000}\n"));
        TaskComparison Run(string cores, string seed) =>
            EvaluationRoom
                .Compare("task.csv", "id,score\n" + rows, "id,score\n" + others, ("cores", cores), ("seed", seed))
                .Only();
        Assert.Equivalent(Run("1", "5"), Run("4", "5"), strict: true);
        Assert.NotEqual(Run("1", "5").Ci95, Run("1", "6").Ci95);
    }
}
