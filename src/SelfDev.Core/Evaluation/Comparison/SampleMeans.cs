using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>A metric of one task's samples.</summary>
/// <param name="StandardError">Clustered: tries at one item, and items of one cluster, count together.</param>
internal readonly record struct SampleMeans(double Mean, double StandardError, long Items)
{
    public static SampleMeans Of(SampleColumns samples, string metric)
    {
        var values = new List<double>(samples.Count);
        var clusters = new List<int>(samples.Count);
        var numbers = new Dictionary<ulong, int>();
        for (var row = 0; row < samples.Count; row++)
        {
            var score = samples.Score(metric, row);
            if (double.IsNaN(score))
            {
                continue;
            }

            var cluster = samples.Cluster(row);
            if (!numbers.TryGetValue(cluster, out var number))
            {
                numbers.Add(cluster, number = numbers.Count);
            }

            values.Add(score);
            clusters.Add(number);
        }

        return values.Count == 0
            ? new SampleMeans(double.NaN, double.NaN, 0)
            : new SampleMeans(
                StandardErrors.Mean(values.ToArray()),
                StandardErrors.Clustered(values.ToArray(), clusters.ToArray()),
                numbers.Count
            );
    }
}
