namespace SelfDev.Core.Statistics;

/// <summary>
/// What a value usually is and how much it usually strays: a running median as level and the median absolute deviation
/// of the residuals from it as noise, so that neither outliers nor a falling trend count as noise.
/// </summary>
internal sealed class RobustBaseline(int window, int levelWindow)
{
    /// <summary>Makes the median absolute deviation an estimate of the standard deviation of normal values.</summary>
    public const double MadToSigma = 1.4826;

    private readonly double[] _values = new double[levelWindow];
    private readonly double[] _sorted = new double[levelWindow];
    private readonly double[] _residuals = new double[window];
    private long _count;
    private long _residualCount;
    private double _level = double.NaN;

    public long Count => _count;

    /// <value>Median of the last values; NaN while there are none.</value>
    public double Level => _level;

    /// <param name="value">Finite.</param>
    public void Add(double value)
    {
        if (_count > 0)
        {
            _residuals[_residualCount++ % window] = Math.Abs(value - _level);
        }

        var known = (int)Math.Min(_count, levelWindow);
        var slot = (int)(_count++ % levelWindow);
        if (known == levelWindow)
        {
            var leaves = LowerBound(_sorted.AsSpan(0, known), _values[slot]);
            _sorted.AsSpan(leaves + 1, known - leaves - 1).CopyTo(_sorted.AsSpan(leaves));
            known--;
        }

        _values[slot] = value;
        var enters = LowerBound(_sorted.AsSpan(0, known), value);
        _sorted.AsSpan(enters, known - enters).CopyTo(_sorted.AsSpan(enters + 1));
        _sorted[enters] = value;
        known++;
        var middle = known / 2;
        _level = known % 2 == 1 ? _sorted[middle] : (_sorted[middle - 1] + _sorted[middle]) / 2;
    }

    /// <summary>1.4826 times the median absolute residual, at least 0.1 % of the level, so that a constant value has
    /// some.</summary>
    public double Noise() =>
        Math.Max(
            _residualCount == 0 ? 0 : MadToSigma * Median(_residuals.AsSpan(0, (int)Math.Min(_residualCount, window))),
            Math.Max(1e-3 * Math.Abs(_level), 1e-12)
        );

    public void Clear()
    {
        _count = 0;
        _residualCount = 0;
        _level = double.NaN;
    }

    /// <summary>Index of the first value that is not smaller. The framework's search goes through a comparer, which
    /// costs more than the search.</summary>
    private static int LowerBound(ReadOnlySpan<double> sorted, double value)
    {
        var low = 0;
        var high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (sorted[middle] < value)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    public static double Median(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
        {
            return double.NaN;
        }

        Span<double> sorted = values.Length <= 512 ? stackalloc double[values.Length] : new double[values.Length];
        values.CopyTo(sorted);
        sorted.Sort();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
