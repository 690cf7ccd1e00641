using SelfDev.Core.Statistics;

namespace SelfDev.Core.Scaling.Planning;

/// <summary>A point forecast with the quantiles of what it was off lately, and how well the bound of both did by
/// pinball loss (Koenker and Bassett 1978).</summary>
/// <param name="horizon">Samples ahead, at least 1.</param>
/// <param name="quantile">Share of outcomes that the judged bound should not be under.</param>
internal sealed class ForecastCandidate(string name, IForecast model, int horizon, double quantile)
{
    /// <summary>Outcomes by which it is judged before its residuals count and it can be chosen.</summary>
    private const int Enough = 16;

    /// <summary>Residuals that are kept: a quarter of an hour of the usual interval, since what a ramp was off says
    /// little about the level after it.</summary>
    private const int Kept = 64;

    /// <summary>Samples before the first forecast that is judged: what was foreseen from fewer says nothing about later
    /// ones.</summary>
    private const int WarmUp = 8;

    private readonly Queue<(int At, double Point, double Bound)> _open = new();
    private readonly Queue<double> _residuals = new();
    private readonly List<double> _sorted = [];
    private double _loss;
    private int _scored;
    private int _covered;

    public string Name { get; } = name;

    public IForecast Model { get; } = model;

    public bool IsJudged => _scored >= Enough;

    /// <value>NaN before the first outcome.</value>
    public double MeanLoss => _loss / _scored;

    /// <value>Share of outcomes that the bound covered; NaN before the first.</value>
    public double Coverage => (double)_covered / _scored;

    /// <summary>Holds the forecast that was made a horizon ago to its outcome.</summary>
    public void Judge(int seen, double outcome)
    {
        if (_open.Count == 0 || _open.Peek().At + horizon != seen)
        {
            return;
        }

        var (_, point, bound) = _open.Dequeue();
        var miss = outcome - bound;
        _loss += miss >= 0 ? quantile * miss : (quantile - 1) * miss;
        _scored++;
        _covered += miss <= 0 ? 1 : 0;
        Keep(outcome - point);
    }

    public void Foresee(int seen)
    {
        if (seen >= WarmUp)
        {
            _open.Enqueue((seen, Point, BoundAt(quantile)));
        }
    }

    public double BoundAt(double share) => Point + Margin(share);

    /// <summary>The same where a forecast that was too high lately counts as one that may be too low next: after a fall
    /// all residuals are negative, and say nothing about the rise.</summary>
    public double CautiousBoundAt(double share) => Point + Math.Max(Margin(share), -Margin(1 - share));

    private double Point => Model.Ahead(horizon * 3 / 4);

    /// <summary>Quantile of the residuals; until there are enough of them to have one, that of an error that is evenly
    /// spread over a fifth of the level.</summary>
    private double Margin(double share) =>
        _sorted.Count < Enough
            ? 0.2 * (share - 0.5) * Math.Max(0, Model.Ahead(0))
            : _sorted[Math.Clamp((int)Math.Ceiling(share * _sorted.Count) - 1, 0, _sorted.Count - 1)];

    private void Keep(double residual)
    {
        if (_residuals.Count == Kept)
        {
            _sorted.RemoveAt(_sorted.BinarySearch(_residuals.Dequeue()));
        }

        _residuals.Enqueue(residual);
        var at = _sorted.BinarySearch(residual);
        _sorted.Insert(at < 0 ? ~at : at, residual);
    }
}
