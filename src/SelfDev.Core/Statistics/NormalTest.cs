using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace SelfDev.Core.Statistics;

/// <summary>Tests and intervals of an estimate with a standard error.</summary>
public static class NormalTest
{
    /// <summary>Two-sided p value of an estimate against zero, normal approximation: erfc(|x / se| / √2).</summary>
    /// <returns>NaN where the standard error is zero or no number: nothing can be said then.</returns>
    public static double PValue(double estimate, double standardError) =>
        standardError > 0 && double.IsFinite(estimate)
            ? SpecialFunctions.Erfc(Math.Abs(estimate / standardError) / Math.Sqrt(2))
            : double.NaN;

    /// <summary>As <see cref="PValue"/> with Student's t distribution.</summary>
    /// <param name="degreesOfFreedom">Above 0: of clusters or items, one less than there are.</param>
    public static double StudentPValue(double estimate, double standardError, double degreesOfFreedom) =>
        standardError > 0 && double.IsFinite(estimate) && degreesOfFreedom > 0
            ? Math.Min(1, 2 * StudentT.CDF(0, 1, degreesOfFreedom, -Math.Abs(estimate / standardError)))
            : double.NaN;

    public static Interval Interval(double estimate, double standardError, double confidence = 0.95)
    {
        var reach = Quantile(0.5 + (confidence / 2)) * standardError;
        return new Interval(estimate - reach, estimate + reach);
    }

    /// <summary>The standard error of a difference of two independent estimates: √(a² + b²).</summary>
    public static double Unpaired(double standardErrorA, double standardErrorB) =>
        Math.Sqrt((standardErrorA * standardErrorA) + (standardErrorB * standardErrorB));

    /// <summary>Quantile of the standard normal distribution.</summary>
    public static double Quantile(double probability) => Normal.InvCDF(0, 1, probability);
}
