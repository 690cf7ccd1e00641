using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Evaluation;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Findings;
using SelfDev.Core.Rendering;
using SelfDev.Core.Tests.Findings;
using SelfDev.Testing;

namespace SelfDev.Core.Tests.Evaluation;

/// <summary>The evaluations that ship with the project tell what their generator says they tell.</summary>
public class SampleTests
{
    [Fact]
    public void The_child_checkpoint_got_worse_at_carrying()
    {
        var analysis = Compare("step-5000");
        var comparison = analysis.Only();
        Assert.Equal(
            (ComparisonVerdict.Regressed, ComparisonMethod.McNemarExact, 240L),
            (comparison.Verdict, comparison.Method, comparison.N)
        );
        Assert.Equal("carry", analysis.Summary().AttributeClusters[0].Value);
        Assert.Empty(analysis.Summary().Rejections);
    }

    [Fact]
    public void The_checkpoint_with_two_begin_tokens_cannot_be_judged()
    {
        var analysis = Compare("step-6000");
        Assert.Equal((ComparisonVerdict.NotAttributable, "hold"), (analysis.Only().Verdict, analysis.Summary().Gate));
        Assert.All(
            analysis.Summary().RenderDifferences,
            difference => Assert.Equal(RenderingClass.BeginOfSequence, difference.Class)
        );
        Assert.Empty(analysis.Of(FindingKinds.EvalRegression));
    }

    private static Analysis Compare(string checkpoint)
    {
        using var theirs = LocalArtifact.Open(
            Path.Combine(SharedData.RepositoryRoot(), "samples/evals", checkpoint),
            ReadLimits.Default
        );
        using var ours = LocalArtifact.Open(
            Path.Combine(SharedData.RepositoryRoot(), "samples/evals/step-4000"),
            ReadLimits.Default
        );
        return new EvaluationCapability()
            .Analyze(new AnalysisRequest(theirs.Files) { Baseline = ours.Files }, TestContext.Current.CancellationToken)
            .KeepingToTheCatalog();
    }
}
