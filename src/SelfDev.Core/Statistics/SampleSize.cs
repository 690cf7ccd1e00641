namespace SelfDev.Core.Statistics;

/// <summary>How many samples a difference takes to be seen. Source: Miller, "Adding Error Bars to Evals" (arXiv
/// 2411.00640), section 5.</summary>
public static class SampleSize
{
    public const double DefaultAlpha = 0.05;
    public const double DefaultPower = 0.8;

    /// <summary>n = (z_{α/2} + z_β)² (ω² + σ_A²/K_A + σ_B²/K_B) / δ².</summary>
    /// <param name="betweenItems">ω²: variance over items of the difference of their expected scores.</param>
    /// <param name="withinA">σ_A²: mean variance of one item's score when A answers it again; 0 where answers do not
    /// vary.</param>
    /// <param name="repeatsA">K_A: answers of A an item.</param>
    /// <param name="delta">δ: the smallest difference worth seeing, not 0.</param>
    /// <returns>Items, at least 1; <see cref="long.MaxValue"/> where it exceeds that.</returns>
    public static long Needed(
        double betweenItems,
        double withinA,
        int repeatsA,
        double withinB,
        int repeatsB,
        double delta,
        double alpha = DefaultAlpha,
        double power = DefaultPower
    ) => Needed(betweenItems + (withinA / repeatsA) + (withinB / repeatsB), delta, alpha, power);

    /// <summary>As above for a known variance of the observed difference of one item: n·SE² of what was
    /// measured.</summary>
    public static long Needed(double variance, double delta, double alpha = DefaultAlpha, double power = DefaultPower)
    {
        ArgumentOutOfRangeException.ThrowIfZero(delta);
        var z = NormalTest.Quantile(1 - (alpha / 2)) + NormalTest.Quantile(power);
        var needed = Math.Ceiling(z * z * variance / (delta * delta));
        return needed >= long.MaxValue ? long.MaxValue : Math.Max(1, (long)needed);
    }

    /// <summary>The chance that a difference is seen at the two-sided level alpha with this standard error; the far
    /// tail is left out.</summary>
    public static double Power(double delta, double standardError, double alpha = DefaultAlpha) =>
        MathNet.Numerics.Distributions.Normal.CDF(
            0,
            1,
            (Math.Abs(delta) / standardError) - NormalTest.Quantile(1 - (alpha / 2))
        );
}
