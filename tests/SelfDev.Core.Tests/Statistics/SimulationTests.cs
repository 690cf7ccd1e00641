using SelfDev.Core.Statistics;

namespace SelfDev.Core.Tests.Statistics;

/// <summary>
/// Long-run promises, simulated: no more false alarms than alpha, and intervals that hold the truth 95 times of 100.
/// Seeds are fixed; the margins are three standard errors of the simulation itself.
/// </summary>
public class SimulationTests
{
    private const int Runs = 3000;
    private static readonly double FalseAlarms = 0.05 + (3 * Math.Sqrt(0.05 * 0.95 / Runs));
    private static readonly double Coverage = 0.95 - (3 * Math.Sqrt(0.05 * 0.95 / Runs));

    [Theory]
    [InlineData(100, 0.1)]
    [InlineData(1000, 0.02)]
    [InlineData(400, 0.4)]
    public void McNemar_stays_under_alpha_and_its_interval_covers(int n, double disagree)
    {
        var alarms = 0;
        var covered = 0;
        for (var run = 0; run < Runs; run++)
        {
            var random = new RandomStream(1, (ulong)run);
            var discordant = BinomialSampler.Sample(ref random, n, disagree);
            var lost = BinomialSampler.Sample(ref random, discordant, 0.5);
            alarms += McNemarTest.PValue(lost, discordant - lost) < 0.05 ? 1 : 0;
            covered += PairedProportions.Interval(lost, discordant - lost, n).Contains(0) ? 1 : 0;
        }

        Assert.True(alarms <= Runs * 0.05, $"{alarms} false alarms in {Runs} runs");
        Assert.True(covered >= Runs * Coverage, $"{covered} of {Runs} intervals hold the truth");
    }

    [Fact]
    public void Interval_of_a_real_difference_covers_it()
    {
        const double Lost = 0.08;
        const double Won = 0.05;
        var covered = 0;
        for (var run = 0; run < Runs; run++)
        {
            var random = new RandomStream(2, (ulong)run);
            var lost = BinomialSampler.Sample(ref random, 500, Lost);
            var won = BinomialSampler.Sample(ref random, 500 - lost, Won / (1 - Lost));
            covered += PairedProportions.Interval(lost, won, 500).Contains(Won - Lost) ? 1 : 0;
        }

        Assert.InRange(covered, Runs * Coverage, Runs * 0.97);
    }

    [Theory]
    [InlineData(30, 1)]
    [InlineData(30, 5)]
    [InlineData(200, 3)]
    public void Bootstrap_on_clusters_stays_at_alpha_and_covers(int clusters, int size)
    {
        const int BootstrapRuns = 1500;
        var alarms = 0;
        var covered = 0;
        var naive = 0;
        for (var run = 0; run < BootstrapRuns; run++)
        {
            var random = new RandomStream(3, (ulong)run);
            var sums = new double[clusters];
            var items = new List<double>();
            for (var cluster = 0; cluster < clusters; cluster++)
            {
                // What the tries of one question share is as large as what they do not.
                var shared = Gaussian(ref random);
                for (var item = 0; item < size; item++)
                {
                    var value = shared + Gaussian(ref random);
                    sums[cluster] += value;
                    items.Add(value);
                }
            }

            var estimate = Estimate(
                sums,
                Enumerable.Repeat(size, clusters).ToArray(),
                new BootstrapOptions(Resamples: 1000, Seed: (ulong)run)
            );
            alarms += estimate.PValue < 0.05 ? 1 : 0;
            covered += estimate.Interval.Contains(0) ? 1 : 0;
            naive += NormalTest.PValue(estimate.Difference, StandardErrors.OfMean(items.ToArray())) < 0.05 ? 1 : 0;
        }

        var error = 3 * Math.Sqrt(0.05 * 0.95 / BootstrapRuns);
        Assert.True(alarms <= BootstrapRuns * (0.05 + error), $"{alarms} false alarms in {BootstrapRuns} runs");
        Assert.True(
            covered >= BootstrapRuns * (0.95 - error),
            $"{covered} of {BootstrapRuns} intervals hold the truth"
        );
        Assert.True(
            size == 1 || naive > 3 * alarms / 2,
            "without clusters the same data must raise more false alarms, or this shows nothing"
        );
    }

    [Fact]
    public void Holm_keeps_the_chance_of_any_false_alarm_among_many_tasks()
    {
        var families = 0;
        var uncorrected = 0;
        const int Tasks = 40;
        for (var run = 0; run < Runs; run++)
        {
            var random = new RandomStream(4, (ulong)run);
            var pValues = Enumerable.Range(0, Tasks).Select(_ => NormalTest.PValue(Gaussian(ref random), 1)).ToArray();
            families += HolmCorrection.Adjust(pValues).Any(p => p < 0.05) ? 1 : 0;
            uncorrected += pValues.Any(p => p < 0.05) ? 1 : 0;
        }

        Assert.True(families <= Runs * FalseAlarms, $"{families} of {Runs} families raised an alarm");
        Assert.True(uncorrected > Runs * 0.8);
    }

    [Fact]
    public void Needed_samples_give_the_promised_power()
    {
        var needed = (int)SampleSize.Needed(0.1, 0.02);
        var seen = 0;
        for (var run = 0; run < Runs; run++)
        {
            var random = new RandomStream(5, (ulong)run);
            var lost = BinomialSampler.Sample(ref random, needed, 0.0602);
            var won = BinomialSampler.Sample(ref random, needed - lost, 0.0402 / (1 - 0.0602));
            seen += McNemarTest.PValue(lost, won) < 0.05 ? 1 : 0;
        }

        Assert.InRange((double)seen / Runs, 0.76, 0.84);
    }

    private static double Gaussian(ref RandomStream random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static BootstrapEstimate Estimate(double[] sums, int[] sizes, BootstrapOptions options) =>
        PairedBootstrap.Estimate(sums, sizes, options, TestContext.Current.CancellationToken);
}
