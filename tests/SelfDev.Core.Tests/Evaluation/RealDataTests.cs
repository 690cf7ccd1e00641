using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Evaluation;

/// <summary>Public evaluation files (see the README of the shared data).</summary>
public class RealDataTests
{
    private static readonly int[] Steps = [3000, .. Enumerable.Range(0, 14).Select(i => 13_000 + (10_000 * i))];

    /// <summary>
    /// The sums were computed by a program of its own (Python, math.erfc and Holm written out) over the same files:
    /// worse where a metric whose direction is "lower" rises, every other metric falls.
    /// </summary>
    [Fact]
    public void Adjacent_pythia_checkpoints_have_as_many_significant_drops_as_an_independent_program_counts()
    {
        var counts = Steps
            .Zip(Steps.Skip(1))
            .Select(pair => Pythia(pair.Second, pair.First).Summary().Counts!)
            .ToList();
        Assert.Equal(2408, counts.Sum(count => count.Comparisons));
        Assert.Equal(1117, counts.Sum(count => count.Drops));
        Assert.Equal(13, counts.Sum(count => count.DropsBelowAlpha));
        Assert.Equal(1, counts.Sum(count => count.DropsBelowAlphaHolm));
    }

    /// <summary>As above, for readers who look at accuracies only.</summary>
    [Theory]
    [InlineData("acc", 910, 420, 2, 0)]
    [InlineData("acc,acc_norm", 1778, 815, 2, 0)]
    public void Of_the_accuracies_alone_no_drop_survives_the_correction(
        string metrics,
        int comparisons,
        int drops,
        int belowAlpha,
        int belowAlphaHolm
    )
    {
        var counts = Steps
            .Zip(Steps.Skip(1))
            .Select(pair => Pythia(pair.Second, pair.First, ("metrics", metrics)).Summary().Counts!)
            .ToList();
        Assert.Equal(
            (comparisons, drops, belowAlpha, belowAlphaHolm),
            (
                counts.Sum(count => count.Comparisons),
                counts.Sum(count => count.Drops),
                counts.Sum(count => count.DropsBelowAlpha),
                counts.Sum(count => count.DropsBelowAlphaHolm)
            )
        );
    }

    [Fact]
    public void Counts_by_metric_add_up_and_a_metric_that_nobody_has_is_said()
    {
        var summary = Pythia(13_000, 3000).Summary();
        Assert.Equal(summary.Counts!.Comparisons, summary.CountsByMetric!.Values.Sum(count => count.Comparisons));
        Assert.Equal(65, summary.CountsByMetric["acc"].Comparisons);
        Assert.Contains(
            "'metrics' (bleu)",
            Assert.Throws<ArtifactUnreadableException>(() => Pythia(13_000, 3000, ("metrics", "bleu"))).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void One_pythia_comparison_in_full()
    {
        var summary = Pythia(13_000, 3000).Summary();
        var winogrande = summary.Comparisons.Single(comparison =>
            comparison is { Task: "lambada_openai", Metric: "acc" }
        );
        Assert.Equal(
            (5153L, ComparisonMethod.UnpairedZ, ComparisonVerdict.Improved),
            (winogrande.N, winogrande.Method, winogrande.Verdict)
        );
        Assert.Equal(0.07219, winogrande.Delta, 1e-5);
        Assert.Equal((3000L, 13_000L), (summary.Baseline!.Step!.Value, summary.Candidate!.Step!.Value));
        Assert.Equal(
            ComparisonVerdict.Improved,
            summary.Comparisons.Single(comparison => comparison is { Task: "lambada_openai", Metric: "ppl" }).Verdict
        );
    }

    [Fact]
    public void All_pythia_checkpoints_together_are_a_history_in_order_of_steps()
    {
        var folder = SharedData.Require("pythia-evals/160m_step0.json") is var first
            ? Path.GetDirectoryName(first)!
            : "";
        using var artifact = LocalArtifact.Open(folder, ReadLimits.Default);
        var summary = new EvaluationCapability()
            .Analyze(new AnalysisRequest(artifact.Files), TestContext.Current.CancellationToken)
            .Summary();
        var lambada = summary.History.Single(history => history.Task == "lambada_openai");
        Assert.Equal(27, lambada.Points.Count);
        Assert.Equal(lambada.Points.Select(point => point.Step).Order(), lambada.Points.Select(point => point.Step));
        Assert.Equal(143_000, summary.Candidate!.Step);
        Assert.Equal(133_000, summary.Baseline!.Step);
        Assert.NotNull(lambada.Change);
        Assert.Contains(summary.Rejections, rejection => rejection.File == "LICENSE");
    }

    [Theory]
    [InlineData("2025-05-12T20-28-13-04-00_popularity.json", 3)]
    [InlineData("2025-05-12T20-27-36-04-00_browser.json", 1)]
    [InlineData("log_formats.json", 1)]
    [InlineData("log_formats.eval", 1)]
    [InlineData("log_streaming.eval", 4)]
    public void Inspect_logs_are_read_to_the_last_sample(string name, int samples)
    {
        var summary = Analyze(SharedData.Require($"inspect-logs/{name}")).Summary();
        Assert.Equal(samples, summary.Candidate!.Samples);
        Assert.Empty(summary.Rejections);
    }

    [Fact]
    public void A_log_whose_samples_were_not_scored_says_so()
    {
        var path = SharedData.Require("inspect-logs/2025-02-11T15-17-00-05-00_popularity_dPiJifoWeEQBrfWsAopzWr.eval");
        Assert.Contains(
            "The sample has no score",
            Assert.Throws<ArtifactUnreadableException>(() => Analyze(path)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Epochs_of_an_archive_are_tries_at_the_same_items()
    {
        var path = SharedData.Require("inspect-logs/log_streaming.eval");
        var comparison = Compare(path, path).Only();
        Assert.Equal((2L, 0.75, 0.0), (comparison.N, comparison.Candidate, comparison.Delta));
        Assert.Equal(ComparisonVerdict.Underpowered, comparison.Verdict);
    }

    [Fact]
    public void A_cancelled_log_and_a_score_of_nan_are_said()
    {
        var cancelled = SharedData.Require("inspect-logs/2025-05-12T20-28-13-04-00_popularity.json");
        Assert.Equal(ComparisonVerdict.NotAttributable, Compare(cancelled, cancelled).Only().Verdict);
        var nan = SharedData.Require("inspect-logs/log_with_nan.txt");
        var refused = Assert.Throws<ArtifactUnreadableException>(() => Analyze(nan));
        Assert.Contains("NaN", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tr1_Tr1-13B-harness-eval.json")]
    [InlineData("tr11_bloom_bslmeval.json")]
    public void Older_harness_files_are_read(string name)
    {
        var path = SharedData.Require($"bigscience/{name}");
        var summary = Compare(path, path).Summary();
        Assert.True(summary.Comparisons.Count > 10);
        Assert.All(summary.Comparisons, comparison => Assert.Equal(0, comparison.Delta));
    }

    private static Analysis Pythia(int candidate, int baseline, params (string Name, string Value)[] options) =>
        Compare(
            SharedData.Require($"pythia-evals/160m_step{candidate}.json"),
            SharedData.Require($"pythia-evals/160m_step{baseline}.json"),
            options
        );

    private static Analysis Compare(string candidate, string baseline, params (string Name, string Value)[] options)
    {
        using var theirs = LocalArtifact.Open(candidate, ReadLimits.Default);
        using var ours = LocalArtifact.Open(baseline, ReadLimits.Default);
        return new EvaluationCapability().Analyze(
            new AnalysisRequest(theirs.Files)
            {
                Baseline = ours.Files,
                Options = options.ToDictionary(option => option.Name, option => option.Value),
            },
            TestContext.Current.CancellationToken
        );
    }

    private static Analysis Analyze(string path)
    {
        using var artifact = LocalArtifact.Open(path, ReadLimits.Default);
        return new EvaluationCapability().Analyze(
            new AnalysisRequest(artifact.Files),
            TestContext.Current.CancellationToken
        );
    }
}
