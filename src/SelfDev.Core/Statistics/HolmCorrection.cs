namespace SelfDev.Core.Statistics;

/// <summary>
/// P values of several tests made together, so that the chance of any false alarm among them stays at alpha. Source:
/// Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).
/// </summary>
public static class HolmCorrection
{
    /// <returns>Adjusted p values in the given order: max over the smaller ones of min(1, (m − rank)·p). NaN stays NaN
    /// and counts for no test.</returns>
    public static double[] Adjust(IReadOnlyList<double> pValues)
    {
        var adjusted = new double[pValues.Count];
        Array.Fill(adjusted, double.NaN);
        var order = Enumerable
            .Range(0, pValues.Count)
            .Where(i => !double.IsNaN(pValues[i]))
            .OrderBy(i => pValues[i])
            .ToList();
        var largest = 0.0;
        for (var rank = 0; rank < order.Count; rank++)
        {
            largest = Math.Max(largest, Math.Min(1, (order.Count - rank) * pValues[order[rank]]));
            adjusted[order[rank]] = largest;
        }

        return adjusted;
    }
}
