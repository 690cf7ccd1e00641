namespace SelfDev.Core.Statistics;

/// <summary>The difference of two proportions on the same items.</summary>
public static class PairedProportions
{
    /// <summary>(won − lost) / n.</summary>
    public static double Difference(long lost, long won, long n) => (double)(won - lost) / n;

    /// <summary>SE² = Σ(d − d̄)² / (n(n − 1)) of differences that are −1, 0 or 1.</summary>
    public static double StandardError(long lost, long won, long n)
    {
        if (n < 2)
        {
            return double.NaN;
        }

        var mean = Difference(lost, won, n);
        return Math.Sqrt(Math.Max(0, lost + won - (n * mean * mean)) / n / (n - 1));
    }

    /// <summary>
    /// Adjusted Wald interval. Source: Bonett and Price, "Adjusted Wald confidence interval for a difference of
    /// binomial proportions based on paired data", Journal of Educational and Behavioral Statistics 37 (2012): one item
    /// is added to either kind of disagreement, which keeps the coverage near nominal at every n and leaves no interval
    /// of width zero where nothing disagreed.
    /// </summary>
    public static Interval Interval(long lost, long won, long n, double confidence = 0.95)
    {
        var up = (won + 1.0) / (n + 2);
        var down = (lost + 1.0) / (n + 2);
        var difference = up - down;
        var reach =
            NormalTest.Quantile(0.5 + (confidence / 2)) * Math.Sqrt((up + down - (difference * difference)) / (n + 2));
        return new Interval(Math.Max(-1, difference - reach), Math.Min(1, difference + reach));
    }
}
