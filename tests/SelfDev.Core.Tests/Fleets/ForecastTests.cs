using SelfDev.Core.Scaling.Planning;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Tests.Fleets;

public sealed class ForecastTests
{
    [Fact]
    public void Without_trend_and_season_it_is_simple_exponential_smoothing()
    {
        var smoothing = new HoltWinters(0.5, 0, 0, 1);
        foreach (var value in new[] { 10.0, 20, 40 })
        {
            smoothing.Add(value);
        }

        // The second sample weighs a half, the third a half: 0.5 * 40 + 0.5 * 15.
        Assert.Equal(27.5, smoothing.Ahead(1), 9);
        Assert.Equal(27.5, smoothing.Ahead(9), 9);
    }

    [Fact]
    public void Holt_follows_a_line()
    {
        var holt = new HoltWinters(0.5, 0.3, 0, 1);
        for (var i = 0; i < 200; i++)
        {
            holt.Add(5 + (2 * i));
        }

        Assert.Equal(5 + (2 * (199 + 10)), holt.Ahead(10), 3);
    }

    [Fact]
    public void Holt_Winters_knows_the_season_that_comes()
    {
        var forecast = new HoltWinters(0.2, 0.02, 0.3, 0.97, 24);
        for (var i = 0; i < 24 * 40; i++)
        {
            forecast.Add(Wave(i));
        }

        for (var ahead = 1; ahead <= 24; ahead++)
        {
            Assert.Equal(Wave((24 * 40) - 1 + ahead), forecast.Ahead(ahead), 0.5);
        }

        static double Wave(int i) => 20 + (10 * Math.Sin(i * Math.PI / 12));
    }

    [Fact]
    public void After_a_fall_the_cautious_bound_covers_a_rise_as_fast()
    {
        var forecast = new DemandForecast(12, 0.6);
        for (var i = 0; i < 200; i++)
        {
            forecast.Add(i < 100 ? 100 : Math.Max(20, 100 - (i - 100)));
        }

        // All that the forecast was off lately is above what came.
        Assert.InRange(forecast.BoundAt(0.95), 0, 22);
        Assert.InRange(forecast.CautiousBoundAt(0.95), 24, 60);
    }

    [Fact]
    public void On_a_noisy_season_it_beats_seasonal_naive_by_pinball_loss()
    {
        var forecast = new DemandForecast(12, 0.9, 96);
        var random = new Random(3);
        for (var i = 0; i < 96 * 12; i++)
        {
            forecast.Add(
                Math.Max(0, 20 + (0.02 * i) + (8 * Math.Sin(i * 2 * Math.PI / 96)) + (random.NextDouble() * 12))
            );
        }

        var scores = forecast.Scores.ToDictionary(score => score.Name, score => score.Loss);
        Assert.True(
            scores["holt-winters"] < scores["seasonal-naive"],
            $"holt-winters {scores["holt-winters"]}, seasonal-naive {scores["seasonal-naive"]}"
        );
        Assert.Equal(scores.MinBy(score => score.Value).Key, forecast.Chosen);
    }

    [Fact]
    public void On_a_season_of_steps_that_no_smoothing_follows_seasonal_naive_is_chosen()
    {
        var forecast = new DemandForecast(4, 0.9, 40);
        for (var i = 0; i < 40 * 20; i++)
        {
            forecast.Add(i % 40 < 5 ? 50 : 1);
        }

        Assert.Equal("seasonal-naive", forecast.Chosen);
    }

    [Theory]
    [InlineData(0.9)]
    [InlineData(0.75)]
    public void The_bound_covers_the_share_that_was_asked_for(double quantile)
    {
        var forecast = new DemandForecast(11, quantile);
        var random = new Random(5);
        for (var i = 0; i < 4000; i++)
        {
            forecast.Add(10 + (random.NextDouble() * 4));
        }

        Assert.All(forecast.Scores, score => Assert.Equal(quantile, score.Coverage, 0.05));
    }
}
