using System.Globalization;
using System.Text;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Tests.Evaluation;

/// <summary>The room as a whole on checkpoints that are equally good: false alarms at or under alpha, intervals that
/// hold zero 95 times of 100, within three standard errors of the simulation.</summary>
public class LongRunTests
{
    [Theory]
    [InlineData(1500, 80, 1, 1, ComparisonMethod.McNemarExact)]
    [InlineData(1000, 40, 3, 1, ComparisonMethod.PairedBootstrap)]
    [InlineData(1000, 60, 1, 4, ComparisonMethod.PairedBootstrap)]
    public void Equal_checkpoints_raise_alarms_no_more_often_than_alpha(
        int tasks,
        int clusters,
        int size,
        int epochs,
        ComparisonMethod method
    )
    {
        var sides = new[] { 1UL, 2UL }.Select(side => Rows(side, tasks, clusters, size, epochs)).ToArray();
        var comparisons = EvaluationRoom
            .Compare("t.csv", sides[1], sides[0], ("resamples", "1000"))
            .Summary()
            .Comparisons;

        Assert.Equal(tasks, comparisons.Count);
        Assert.All(comparisons, comparison => Assert.Equal(method, comparison.Method));
        var error = 3 * Math.Sqrt(0.05 * 0.95 / tasks);
        Assert.InRange(comparisons.Count(comparison => comparison.P < 0.05), 0, tasks * (0.05 + error));
        Assert.True(
            comparisons.Count(comparison => comparison.Ci95![0] <= 0 && 0 <= comparison.Ci95[1])
                >= tasks * (0.95 - error)
        );
        // One family of so many comparisons: after Holm's correction an alarm would be one chance in twenty, and this
        // seed raises none.
        Assert.DoesNotContain(
            comparisons,
            comparison => comparison.Verdict is ComparisonVerdict.Regressed or ComparisonVerdict.Improved
        );
    }

    /// <summary>What the items of one cluster share, and what an item has of its own in every try, is drawn anew for
    /// each side; how hard an item is, is not.</summary>
    private static string Rows(ulong side, int tasks, int clusters, int size, int epochs)
    {
        var text = new StringBuilder("id,task,score,epoch,").AppendLine(size > 1 ? "cluster" : "note");
        for (var task = 0; task < tasks; task++)
        {
            var own = new RandomStream(100 + side, (ulong)task);
            var common = new RandomStream(50, (ulong)task);
            for (var cluster = 0; cluster < clusters; cluster++)
            {
                var shared = own.NextDouble();
                for (var item = 0; item < size; item++)
                {
                    var difficulty = common.NextDouble();
                    for (var epoch = 1; epoch <= epochs; epoch++)
                    {
                        var passes = difficulty + (size > 1 ? shared : 0) + own.NextDouble() < (size > 1 ? 1.5 : 1);
                        text.AppendLine(
                            CultureInfo.InvariantCulture,
                            $"q{cluster}-{item},t{task},{(passes ? 1 : 0)},{epoch},c{cluster}"
                        );
                    }
                }
            }
        }

        return text.ToString();
    }
}
