namespace SelfDev.Core.Statistics;

internal interface IForecast
{
    void Add(double value);

    /// <summary>Expected value <paramref name="steps"/> samples after the last one.</summary>
    double Ahead(int steps);
}

/// <summary>
/// Holt-Winters with additive season and damped trend: l = a(y - s[t-m]) + (1-a)(l + d b); b = g(l - l') + (1-g) d b; s
/// = c(y - l' - d b) + (1-c)s[t-m]; forecast = l + (d + d^2 + ... + d^h) b + s. Without a season Holt's method, without
/// a trend simple exponential smoothing.
/// </summary>
internal sealed class HoltWinters(double level, double trend, double seasonal, double damping, int season = 0)
    : IForecast
{
    private readonly double[] _season = new double[Math.Max(1, season)];
    private double _level;
    private double _trend;
    private int _seen;

    public void Add(double value)
    {
        var at = season > 0 ? _seen % season : 0;
        if (_seen++ == 0)
        {
            _level = value;
        }
        else
        {
            // The first samples count evenly, so that the start does not weigh more than the rest.
            var weight = Math.Max(level, 1.0 / _seen);
            var before = _level;
            var expected = _level + (damping * _trend);
            var offset = _seen > season && season > 0 ? _season[at] : 0;
            _level = (weight * (value - offset)) + ((1 - weight) * expected);
            _trend = (trend * (_level - before)) + ((1 - trend) * damping * _trend);
            _season[at] =
                season > 0 && _seen > season ? (seasonal * (value - expected)) + ((1 - seasonal) * _season[at]) : 0;
        }

        if (_seen <= season)
        {
            Begin(at, value);
        }
    }

    /// <summary>The first season gives the level and what each of its samples is off it (Hyndman and Athanasopoulos,
    /// Forecasting: Principles and Practice, 8.3).</summary>
    private void Begin(int at, double value)
    {
        _season[at] = value;
        if (_seen < season)
        {
            return;
        }

        (_level, _trend) = (_season.Average(), 0);
        for (var i = 0; i < season; i++)
        {
            _season[i] -= _level;
        }
    }

    public double Ahead(int steps)
    {
        var reach = damping >= 1 ? steps : damping * (1 - Math.Pow(damping, steps)) / (1 - damping);
        return _level + (reach * _trend) + (season > 0 && _seen >= season ? _season[(_seen - 1 + steps) % season] : 0);
    }
}

/// <summary>What was one season ago.</summary>
internal sealed class SeasonalNaive(int season) : IForecast
{
    private readonly double[] _values = new double[season];
    private int _seen;

    public void Add(double value) => _values[_seen++ % season] = value;

    public double Ahead(int steps) =>
        _seen == 0 ? 0 : _values[(_seen >= season ? _seen - 1 + steps : _seen - 1) % season];
}
