using FsCheck;
using FsCheck.Fluent;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Tests.Statistics;

/// <summary>Known values, and definitions written out the slow way.</summary>
public class TestVectorTests
{
    [Theory]
    [InlineData(10, 2, 0.038574)]
    [InlineData(2, 10, 0.038574)]
    [InlineData(15, 5, 0.041389)]
    [InlineData(5, 0, 0.0625)]
    [InlineData(0, 0, 1)]
    [InlineData(7, 7, 1)]
    public void McNemar_gives_the_published_p_values(long lost, long won, double expected) =>
        Assert.Equal(expected, McNemarTest.PValue(lost, won), 0.0000005);

    [Fact]
    public void McNemar_equals_the_sum_of_exact_binomials() =>
        Prop.ForAll(
                Gen.Choose(0, 25).Two().ToArbitrary(),
                pair =>
                {
                    var (lost, won) = pair;
                    var n = lost + won;
                    var sum = 0.0;
                    for (var i = 0; i <= Math.Min(lost, won); i++)
                    {
                        sum += Choose(n, i) / Math.Pow(2, n);
                    }

                    Assert.Equal(Math.Min(1, 2 * sum), McNemarTest.PValue(lost, won), 1e-12);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void McNemar_of_a_million_items_agrees_with_the_normal_approximation()
    {
        var exact = McNemarTest.PValue(501_000, 499_000);
        var corrected = NormalTest.PValue(1999, 1000);
        Assert.InRange(exact / corrected, 0.999, 1.001);
    }

    [Fact]
    public void Clustered_error_is_the_double_sum_of_its_definition() =>
        Prop.ForAll(
                (
                    from values in Gen.Choose(-50, 50).ArrayOf(30)
                    from clusters in Gen.Choose(0, 6).ArrayOf(30)
                    select (values, clusters)
                ).ToArbitrary(),
                sample =>
                {
                    var values = sample.values.Select(value => value / 10.0).ToArray();
                    var clusters = sample.clusters;
                    if (clusters.Distinct().Count() < 2)
                    {
                        return;
                    }

                    var n = values.Length;
                    var mean = values.Average();
                    var squared = values.Sum(value => (value - mean) * (value - mean)) / (n * (n - 1.0));
                    for (var i = 0; i < n; i++)
                    {
                        for (var j = 0; j < n; j++)
                        {
                            squared +=
                                i != j && clusters[i] == clusters[j]
                                    ? (values[i] - mean) * (values[j] - mean) / ((double)n * n)
                                    : 0;
                        }
                    }

                    Assert.Equal(Math.Sqrt(Math.Max(0, squared)), StandardErrors.Clustered(values, clusters), 1e-7);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Items_of_their_own_make_the_clustered_error_the_plain_one()
    {
        double[] values = [1, 0, 0, 1, 1, 0, 1];
        Assert.Equal(StandardErrors.OfMean(values), StandardErrors.Clustered(values, [0, 1, 2, 3, 4, 5, 6]), 1e-12);
        Assert.Equal(StandardErrors.OfMean(values), StandardErrors.OfProportion(4 / 7.0, 7), 1e-12);
    }

    [Fact]
    public void Asking_one_question_many_times_is_one_question()
    {
        double[] once = [1, 0, 0, 1, 1, 0, 1, 0];
        var often = once.SelectMany(value => Enumerable.Repeat(value, 50)).ToArray();
        var clusters = Enumerable.Range(0, often.Length).Select(i => i / 50).ToArray();
        var naive = StandardErrors.OfMean(often);
        var clustered = StandardErrors.Clustered(often, clusters);
        Assert.InRange(clustered / StandardErrors.OfMean(once), 0.9, 1);
        Assert.True(naive < clustered / 6);
    }

    [Fact]
    public void Holm_steps_down_and_leaves_gaps_alone()
    {
        Assert.Equal(
            [0.03, 0.06, 0.06, double.NaN, 0.02],
            HolmCorrection.Adjust([0.01, 0.04, 0.03, double.NaN, 0.005]),
            Tolerant
        );
        Assert.Equal([1, 1], HolmCorrection.Adjust([0.6, 0.9]), Tolerant);
        Assert.Empty(HolmCorrection.Adjust([]));
    }

    [Fact]
    public void Needed_samples_follow_the_power_formula()
    {
        // (1.959964 + 0.841621)² = 7.848880; Miller's example: ω² = 1/9, σ² = 1/6 each, one answer an item, δ = 0.03.
        Assert.Equal(
            (long)Math.Ceiling(7.848880 * ((1 / 9.0) + (1 / 6.0) + (1 / 6.0)) / 0.0009),
            SampleSize.Needed(1 / 9.0, 1 / 6.0, 1, 1 / 6.0, 1, 0.03)
        );
        Assert.Equal(SampleSize.Needed(0.2, 0.03), SampleSize.Needed(0.1, 0.2, 4, 0.1, 2, 0.03));
        var needed = SampleSize.Needed(0.2, 0.03);
        Assert.InRange(SampleSize.Power(0.03, Math.Sqrt(0.2 / needed)), 0.799, 0.802);
    }

    [Fact]
    public void Student_and_normal_p_values_meet_published_quantiles()
    {
        Assert.Equal(0.05, NormalTest.PValue(1.959964, 1), 1e-7);
        Assert.Equal(0.05, NormalTest.StudentPValue(-2.228139, 1, 10), 1e-7);
        Assert.True(double.IsNaN(NormalTest.PValue(1, 0)));
    }

    private static readonly IEqualityComparer<double> Tolerant = EqualityComparer<double>.Create(
        (a, b) => (double.IsNaN(a) && double.IsNaN(b)) || Math.Abs(a - b) < 1e-12
    );

    private static double Choose(int n, int k) =>
        Enumerable.Range(0, k).Aggregate(1.0, (product, i) => product * (n - i) / (i + 1));
}
