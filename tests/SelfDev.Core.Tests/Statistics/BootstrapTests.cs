using SelfDev.Core.Statistics;

namespace SelfDev.Core.Tests.Statistics;

public class BootstrapTests
{
    private static readonly BootstrapOptions Quick = new(Resamples: 1000);

    [Fact]
    public void Same_seed_same_result_on_any_number_of_threads()
    {
        var random = new RandomStream(7, 0);
        var continuous = Enumerable.Range(0, 500).Select(_ => random.NextDouble() - 0.4).ToArray();
        var binary = Enumerable.Range(0, 500).Select(_ => (double)random.Below(3) - 1).ToArray();
        var ones = Enumerable.Repeat(1, 500).ToArray();
        foreach (var values in new[] { continuous, binary })
        {
            var alone = Estimate(values, ones, Quick);
            Assert.Equal(alone, Estimate(values, ones, Quick with { Threads = 4 }));
            Assert.NotEqual(alone.Interval, Estimate(values, ones, Quick with { Seed = 1 }).Interval);
        }
    }

    [Fact]
    public void Counts_by_binomials_give_the_distribution_of_single_draws()
    {
        // The tiny jitter makes every value distinct, so that the same numbers are drawn one by one.
        var values = Enumerable
            .Range(0, 2000)
            .Select(i =>
                i % 10 == 0 ? -1.0
                : i % 13 == 0 ? 1
                : 0
            )
            .ToArray();
        var jittered = values.Select((value, i) => value + (i * 1e-12)).ToArray();
        var ones = Enumerable.Repeat(1, values.Length).ToArray();
        var options = new BootstrapOptions(Resamples: 20_000);
        var counted = Estimate(values, ones, options);
        var drawn = Estimate(jittered, ones, options);
        Assert.Equal(drawn.Interval.Low, counted.Interval.Low, 0.0006);
        Assert.Equal(drawn.Interval.High, counted.Interval.High, 0.0006);
        Assert.Equal(
            counted.StandardError,
            (counted.Interval.High - counted.Interval.Low) / 3.92,
            counted.StandardError * 0.03
        );
    }

    [Theory]
    [InlineData(40, 0.02)]
    [InlineData(1000, 0.3)]
    [InlineData(1_000_000, 0.5)]
    [InlineData(200, 0.93)]
    public void Binomial_numbers_have_the_mean_and_variance_of_the_distribution(int trials, double probability)
    {
        var random = new RandomStream(11, 3);
        const int Draws = 40_000;
        var drawn = Enumerable
            .Range(0, Draws)
            .Select(_ => (double)BinomialSampler.Sample(ref random, trials, probability))
            .ToArray();
        var mean = trials * probability;
        var variance = mean * (1 - probability);
        Assert.All(drawn, value => Assert.InRange(value, 0, trials));
        Assert.Equal(mean, drawn.Average(), 4 * Math.Sqrt(variance / Draws));
        Assert.Equal(1, drawn.Average(value => (value - mean) * (value - mean)) / variance, 0.04);
    }

    [Fact]
    public void Clusters_are_drawn_whole()
    {
        // One hundred tries at each of twenty questions: the tries agree, so there are twenty facts, not two thousand.
        var sums = Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? 30.0 : -10).ToArray();
        var clustered = Estimate(sums, Enumerable.Repeat(100, 20).ToArray(), Quick);
        var single = Estimate(
            [.. sums.SelectMany(sum => Enumerable.Repeat(sum / 100, 100))],
            Enumerable.Repeat(1, 2000).ToArray(),
            Quick
        );
        Assert.Equal(single.Difference, clustered.Difference, 1e-12);
        Assert.True(clustered.StandardError > 9 * single.StandardError);
        Assert.True(clustered.PValue > 0.02);
        Assert.True(single.PValue < 1e-6);
    }

    [Fact]
    public void Too_few_clusters_give_no_verdict()
    {
        var one = Estimate([3], [4], Quick);
        Assert.Equal(0.75, one.Difference);
        Assert.True(double.IsNaN(one.PValue));
    }

    private static BootstrapEstimate Estimate(double[] sums, int[] sizes, BootstrapOptions options) =>
        PairedBootstrap.Estimate(sums, sizes, options, TestContext.Current.CancellationToken);
}
