namespace SelfDev.Core.Fleets;

/// <summary>
/// Demand some time ahead: point forecasts by Holt's linear method with a damped trend (Gardner and McKenzie 1985), by Holt-Winters with an additive season where one is known, and by
/// (seasonal) naive, plus the empirical quantile of what each of them was off before. The one with the smallest pinball loss so far is used.
/// </summary>
internal sealed class DemandForecast
{
    private const int Kept = 128;

    /// <summary>Samples before the first forecast that is judged: what was foreseen from fewer says nothing about later ones.</summary>
    private const int WarmUp = 8;

    /// <summary>Outcomes by which a candidate is judged before its residuals count and it can be chosen.</summary>
    public const int Enough = 16;

    private readonly int _horizon;
    private readonly double _quantile;
    private readonly List<Candidate> _candidates;
    private readonly Queue<double> _recent = new();
    private int _seen;

    /// <param name="horizon">Samples ahead, at least 1.</param>
    /// <param name="quantile">Share of outcomes that the bound should not be under, 0.5 to 1.</param>
    /// <param name="season">Samples of one season; 0 without.</param>
    public DemandForecast(int horizon, double quantile, int season = 0)
    {
        (_horizon, _quantile, Season) = (horizon, quantile, season);
        _candidates =
        [
            new Candidate("naive", new HoltWinters(0.15, 0, 0, 1)),
            new Candidate("holt", new HoltWinters(0.15, 0.03, 0, 0.97)),
        ];
        if (season > horizon)
        {
            _candidates.Add(new Candidate("seasonal-naive", new SeasonalNaive(season)));
            _candidates.Add(new Candidate("holt-winters", new HoltWinters(0.15, 0.03, 0.2, 0.97, season)));
        }
    }

    /// <value>Samples of one season; 0 without.</value>
    public int Season { get; }

    /// <value>Name of the candidate in use.</value>
    public string Chosen { get; private set; } = "naive";

    /// <value>Outcomes that the candidate in use was judged by.</value>
    public int Judged => Current.Scored;

    /// <value>Mean pinball loss of each candidate's bound so far; NaN before the first outcome.</value>
    public IEnumerable<(string Name, double Loss, double Coverage)> Scores =>
        _candidates.Select(candidate => (candidate.Name, candidate.Scored == 0 ? double.NaN : candidate.Loss / candidate.Scored, candidate.Scored == 0 ? double.NaN : candidate.Covered / (double)candidate.Scored));

    /// <summary>Takes the next sample.</summary>
    public void Add(double value)
    {
        _seen++;
        _recent.Enqueue(value);
        if (_recent.Count > _horizon)
        {
            _recent.Dequeue();
        }

        foreach (var candidate in _candidates)
        {
            candidate.Judge(_seen, _horizon, _quantile, _recent);
            candidate.Model.Add(value);
            candidate.Foresee(_seen, _horizon, _quantile);
        }

        var best = _candidates.Where(candidate => candidate.Scored >= Enough).MinBy(candidate => candidate.Loss / candidate.Scored);
        Chosen = best?.Name ?? Chosen;
    }

    /// <summary>The bound: the highest mean demand to expect inside the horizon, which is passed with probability 1 - quantile only.</summary>
    public double Bound => Math.Max(0, Current.Bound);

    private Candidate Current => _candidates.Find(candidate => candidate.Name == Chosen)!;

    /// <summary>The bound for another share of outcomes.</summary>
    public double BoundAt(double quantile) => Math.Max(0, Current.BoundAt(_horizon, quantile));

    private sealed class Candidate(string name, IForecast model)
    {
        private readonly Queue<(int At, double Point, double Bound)> _open = new();
        private readonly Queue<double> _residuals = new();

        public string Name { get; } = name;

        public IForecast Model { get; } = model;

        public double Loss { get; private set; }

        public int Scored { get; private set; }

        public int Covered { get; private set; }

        public double Bound { get; private set; }

        public void Judge(int seen, int horizon, double quantile, Queue<double> recent)
        {
            if (_open.Count == 0 || _open.Peek().At + horizon != seen)
            {
                return;
            }

            var (_, point, bound) = _open.Dequeue();
            // What matters is the load that a cold start could not have met any more: the mean of the horizon's later half.
            var outcome = recent.Skip(recent.Count / 2).Average();
            var miss = outcome - bound;
            Loss += miss >= 0 ? quantile * miss : (quantile - 1) * miss;
            Scored++;
            Covered += miss <= 0 ? 1 : 0;
            _residuals.Enqueue(outcome - point);
            if (_residuals.Count > Kept)
            {
                _residuals.Dequeue();
            }
        }

        public void Foresee(int seen, int horizon, double quantile)
        {
            var point = Model.Ahead(horizon * 3 / 4);
            Bound = BoundAt(horizon, quantile);
            if (seen >= WarmUp)
            {
                _open.Enqueue((seen, point, Bound));
            }
        }

        public double BoundAt(int horizon, double quantile) => Model.Ahead(horizon * 3 / 4) + Margin(quantile, Model.Ahead(0));

        /// <summary>Quantile of the residuals; until there are enough of them to have one, that of an error that is evenly spread over a fifth of the level.</summary>
        private double Margin(double quantile, double level)
        {
            if (_residuals.Count < Enough)
            {
                return 0.2 * (quantile - 0.5) * Math.Max(0, level);
            }

            var sorted = _residuals.Order().ToList();
            return sorted[Math.Clamp((int)Math.Ceiling(quantile * sorted.Count) - 1, 0, sorted.Count - 1)];
        }
    }
}

internal interface IForecast
{
    void Add(double value);

    /// <summary>Expected value <paramref name="steps"/> samples after the last one.</summary>
    double Ahead(int steps);
}

/// <summary>
/// Holt-Winters with additive season and damped trend: l = a(y - s[t-m]) + (1-a)(l + d b); b = g(l - l') + (1-g) d b; s = c(y - l' - d b) + (1-c)s[t-m];
/// forecast = l + (d + d^2 + ... + d^h) b + s. Without a season Holt's method, without a trend simple exponential smoothing.
/// </summary>
internal sealed class HoltWinters(double level, double trend, double seasonal, double damping, int season = 0) : IForecast
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
            _season[at] = season > 0 && _seen > season ? (seasonal * (value - expected)) + ((1 - seasonal) * _season[at]) : 0;
        }

        if (_seen <= season)
        {
            Begin(at, value);
        }
    }

    /// <summary>The first season gives the level and what each of its samples is off it (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 8.3).</summary>
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

    public double Ahead(int steps) => _seen == 0 ? 0 : _values[(_seen >= season ? _seen - 1 + steps : _seen - 1) % season];
}
