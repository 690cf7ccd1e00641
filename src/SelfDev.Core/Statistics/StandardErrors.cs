namespace SelfDev.Core.Statistics;

/// <summary>
/// Standard errors of a mean. Source: Miller, "Adding Error Bars to Evals" (arXiv 2411.00640): the central limit
/// theorem, and its correction for items that come in clusters (several questions about one text, several tries at one
/// question), which are alike and so say less than as many items of their own.
/// </summary>
public static class StandardErrors
{
    /// <summary>SE² = Σ(d − d̄)² / (n(n − 1)).</summary>
    /// <returns>NaN for fewer than two values.</returns>
    public static double OfMean(ReadOnlySpan<double> values)
    {
        if (values.Length < 2)
        {
            return double.NaN;
        }

        var mean = Mean(values);
        var squares = 0.0;
        foreach (var value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        return Math.Sqrt(squares / values.Length / (values.Length - 1));
    }

    /// <summary>SE² = SE²_CLT + n⁻² Σ_c Σ_{i≠j in c} (s_i − s̄)(s_j − s̄).</summary>
    /// <param name="clusters">The cluster of each value, by any number.</param>
    /// <returns>NaN for fewer than two values or fewer than two clusters.</returns>
    public static double Clustered(ReadOnlySpan<double> values, ReadOnlySpan<int> clusters)
    {
        if (values.Length != clusters.Length)
        {
            throw new ArgumentException("Every value needs its cluster.", nameof(clusters));
        }

        if (values.Length < 2)
        {
            return double.NaN;
        }

        var mean = Mean(values);
        var squares = 0.0;
        var sums = new Dictionary<int, double>();
        for (var i = 0; i < values.Length; i++)
        {
            var residual = values[i] - mean;
            squares += residual * residual;
            sums[clusters[i]] = sums.GetValueOrDefault(clusters[i]) + residual;
        }

        if (sums.Count < 2)
        {
            return double.NaN;
        }

        // Of each cluster the products of different members are the square of its sum less the squares.
        var products = sums.Values.Sum(sum => sum * sum) - squares;
        var n = (double)values.Length;
        return Math.Sqrt(Math.Max(0, (squares / (n * (n - 1))) + (products / (n * n))));
    }

    /// <summary>Of a mean of yes-or-no values: √(p(1 − p) / (n − 1)), which is <see cref="OfMean"/> for them.</summary>
    public static double OfProportion(double proportion, long n) =>
        n < 2 ? double.NaN : Math.Sqrt(proportion * (1 - proportion) / (n - 1));

    public static double Mean(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        return sum / values.Length;
    }
}
