using SelfDev.Core.Statistics;

namespace SelfDev.Core.Scaling.Planning;

/// <summary>
/// Demand some time ahead: point forecasts by Holt's linear method with a damped trend (Gardner and McKenzie 1985), by
/// Holt-Winters with an additive season where one is known, and by (seasonal) naive, plus the empirical quantile of
/// what each of them was off before. The one with the smallest pinball loss so far is used.
/// </summary>
internal sealed class DemandForecast
{
    private readonly int _horizon;
    private readonly double _quantile;
    private readonly ForecastCandidate[] _candidates;
    private readonly Queue<double> _recent = new();
    private ForecastCandidate _chosen;
    private int _seen;

    /// <param name="horizon">Samples ahead, at least 1.</param>
    /// <param name="quantile">Share of outcomes that the bound should not be under, 0.5 to 1.</param>
    /// <param name="season">Samples of one season; 0 without.</param>
    public DemandForecast(int horizon, double quantile, int season = 0)
    {
        (_horizon, _quantile, Season) = (horizon, quantile, season);
        ForecastCandidate Candidate(string name, IForecast model) => new(name, model, horizon, quantile);
        _candidates =
            season > horizon
                ?
                [
                    Candidate("naive", new HoltWinters(0.15, 0, 0, 1)),
                    Candidate("holt", new HoltWinters(0.15, 0.03, 0, 0.97)),
                    Candidate("seasonal-naive", new SeasonalNaive(season)),
                    Candidate("holt-winters", new HoltWinters(0.15, 0.03, 0.2, 0.97, season)),
                ]
                :
                [
                    Candidate("naive", new HoltWinters(0.15, 0, 0, 1)),
                    Candidate("holt", new HoltWinters(0.15, 0.03, 0, 0.97)),
                ];
        _chosen = _candidates[0];
    }

    /// <value>Samples of one season; 0 without.</value>
    public int Season { get; }

    /// <value>Name of the candidate in use.</value>
    public string Chosen => _chosen.Name;

    /// <value>Whether enough outcomes were seen for the bound to be more than a guess.</value>
    public bool IsJudged => _chosen.IsJudged;

    /// <value>Mean pinball loss of each candidate's bound so far, and the share of outcomes that it covered; NaN before
    /// the first outcome.</value>
    public IEnumerable<(string Name, double Loss, double Coverage)> Scores =>
        _candidates.Select(candidate => (candidate.Name, candidate.MeanLoss, candidate.Coverage));

    /// <summary>Takes the next sample.</summary>
    public void Add(double value)
    {
        _seen++;
        _recent.Enqueue(value);
        if (_recent.Count > _horizon)
        {
            _recent.Dequeue();
        }

        var outcome = Outcome();
        foreach (var candidate in _candidates)
        {
            candidate.Judge(_seen, outcome);
            candidate.Model.Add(value);
            candidate.Foresee(_seen);
            if (candidate.IsJudged && (!_chosen.IsJudged || candidate.MeanLoss < _chosen.MeanLoss))
            {
                _chosen = candidate;
            }
        }
    }

    /// <summary>The bound: mean demand to expect late in the horizon, which is passed with probability 1 - quantile
    /// only.</summary>
    public double BoundAt(double quantile) => Math.Max(0, _chosen.BoundAt(quantile));

    /// <summary>The same for what is let go: a forecast that was too high lately may as well be too low next.</summary>
    public double CautiousBoundAt(double quantile) => Math.Max(0, _chosen.CautiousBoundAt(quantile));

    /// <summary>What matters is the load that a cold start could not have met any more: the mean of the horizon's later
    /// half.</summary>
    private double Outcome()
    {
        var (skip, sum, count) = (_recent.Count / 2, 0.0, 0);
        foreach (var value in _recent)
        {
            if (skip-- <= 0)
            {
                sum += value;
                count++;
            }
        }

        return sum / count;
    }
}
