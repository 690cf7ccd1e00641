using System.Globalization;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Evaluation.Findings;

/// <summary>The actions that follow from a comparison, with the numbers that speak for them.</summary>
/// <param name="subject">The checkpoint that the intake path names; null outside the pipeline.</param>
internal sealed class EvaluationProposals(string? subject)
{
    public const string AllowGate = "allow";
    public const string BlockGate = "block";
    public const string HoldGate = "hold";

    /// <summary>An evaluation should be back within a working day's pause; so many GPUs are asked for.</summary>
    private const double HoursToAnswer = 2;

    /// <summary>GPUs of one instance of the usual scale set sizes for this work (Azure ND series).</summary>
    private const int GpusPerNode = 8;

    private const int MaxNodes = 64;

    /// <summary>What a gate does: a checkpoint that was not measured on everything the baseline was measured on does
    /// not pass.</summary>
    public static string Gate(ComparisonVerdict overall, int missingTasks) =>
        overall switch
        {
            ComparisonVerdict.Regressed => BlockGate,
            ComparisonVerdict.Improved or ComparisonVerdict.Tied when missingTasks == 0 => AllowGate,
            _ => HoldGate,
        };

    public Proposal Block(int regressions, EvaluationSummary summary) =>
        new(
            new BlockPromotion(regressions) { Checkpoint = subject },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{regressions} of {summary.Comparisons.Count} comparisons are significantly worse after Holm's "
                    + $"correction."
            )
        )
        {
            ExpectedOutcome = "The checkpoint is not promoted; the one in service stays.",
            Risk = "A good checkpoint waits, if the regression is one that does not matter.",
        };

    public Proposal Allow(EvaluationSummary summary) =>
        new(
            new AllowPromotion(summary.Comparisons.Count) { Checkpoint = subject },
            string.Create(
                CultureInfo.InvariantCulture,
                $"None of {summary.Comparisons.Count} comparisons is significantly worse, "
                    + $"{summary.Counts?.Improved ?? 0} are better, and every one is attributable."
            )
        )
        {
            ExpectedOutcome = "The checkpoint may be promoted.",
            Risk = "What these tasks do not measure may have become worse.",
        };

    public Proposal Rerun(long? samples, string why) =>
        new(new RerunEvaluation(samples) { Checkpoint = subject }, Sentence(why))
        {
            ExpectedOutcome = "A comparison that can be decided.",
        };

    public IReadOnlyList<Proposal> ForMoreSamples(long? samples, double? gpuHours)
    {
        if (samples is not { } needed)
        {
            return
            [
                Rerun(null, "the harness reported no standard errors and no samples; log samples, then compare again"),
            ];
        }

        var rerun = Rerun(
            needed,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{needed} samples on both checkpoints would tell a change of the margin from none"
            )
        ) with
        {
            Cost = gpuHours is { } cost ? string.Create(CultureInfo.InvariantCulture, $"{cost:0.##} GPU-hours") : null,
        };
        var nodes = gpuHours is { } hours
            ? (int)Math.Min(MaxNodes, Math.Ceiling(hours / HoursToAnswer / GpusPerNode))
            : 0;
        return nodes > 1
            ?
            [
                rerun,
                new Proposal(
                    new ScaleFleet(null, nodes),
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{gpuHours:0.#} GPU-hours of evaluation in {HoursToAnswer:0} hours take {nodes} more "
                            + $"instances with {GpusPerNode} GPUs."
                    )
                )
                {
                    ExpectedOutcome = "The evaluation is back in time.",
                    Cost = string.Create(CultureInfo.InvariantCulture, $"{gpuHours:0.#} GPU-hours"),
                },
            ]
            : [rerun];
    }

    public Proposal FixRendering(RenderDifference difference) =>
        new(
            new FixHarness(EvaluationDetector.Word(difference.Class), difference.Place.Line)
            {
                Checkpoint = subject,
                Offset = difference.Offset,
                BaselineLength = difference.Lengths.Baseline,
                CandidateLength = difference.Lengths.Candidate,
            },
            string.Create(
                CultureInfo.InvariantCulture,
                $"{difference.Items} items were rendered differently for the two checkpoints "
                    + $"({EvaluationDetector.Word(difference.Class)})."
            )
        )
        {
            ExpectedOutcome = "Both checkpoints see the same prompt, and the difference of scores is theirs.",
        };

    public Proposal FixHarness(HarnessDifference difference) =>
        new(
            new FixHarness(difference.Fact.Replace(' ', '-'), difference.Place.Line) { Checkpoint = subject },
            $"The two evaluations were run with another {difference.Fact}."
        )
        {
            ExpectedOutcome = "Both evaluations are run alike, and the difference of scores is the checkpoint's.",
        };

    private static string Sentence(string why) => char.ToUpperInvariant(why[0]) + why[1..] + ".";
}
