using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Simulation;

/// <summary>What a simulation counts while it runs: for the whole trace, and since the last decision.</summary>
internal sealed class SimulationRecord(ServiceLevel level, int requests)
{
    private readonly float[] _firstTokens = new float[requests];
    private int _firstTokenCount;
    private double _intervalFirstTokenSum;
    private long _intervalFirstTokens;
    private double _intervalInterTokenSum;
    private long _intervalInterTokens;

    public long Attained { get; private set; }

    public long Completed { get; private set; }

    /// <value>Where the seconds to each whole answer are put, for who needs them.</value>
    public List<double>? Latencies { get; init; }

    public double WorstQueueSeconds { get; set; }

    public long IntervalCompletions { get; private set; }

    public long IntervalOutputTokens { get; private set; }

    public long IntervalMisses { get; private set; }

    public double IntervalFirstToken =>
        _intervalFirstTokens == 0 ? double.NaN : _intervalFirstTokenSum / _intervalFirstTokens;

    public double IntervalInterToken =>
        _intervalInterTokens == 0 ? double.NaN : _intervalInterTokenSum / _intervalInterTokens;

    public void Begin(double waited) => WorstQueueSeconds = Math.Max(WorstQueueSeconds, waited);

    public void FirstToken(double seconds)
    {
        _firstTokens[_firstTokenCount++] = (float)seconds;
        _intervalFirstTokenSum += seconds;
        _intervalFirstTokens++;
    }

    public void Complete(in TrafficRequest request, double waited, double firstToken, double interToken)
    {
        Completed++;
        IntervalCompletions++;
        IntervalOutputTokens += request.OutputTokens;
        Latencies?.Add(firstToken + (interToken * (request.OutputTokens - 1)));
        if (request.OutputTokens > 1)
        {
            _intervalInterTokenSum += interToken;
            _intervalInterTokens++;
        }

        if (
            firstToken <= level.TimeToFirstTokenSeconds
            && interToken <= level.InterTokenSeconds
            && waited <= level.QueueSeconds
        )
        {
            Attained++;
        }
        else
        {
            IntervalMisses++;
        }
    }

    public void StartInterval() =>
        (
            IntervalCompletions,
            IntervalOutputTokens,
            IntervalMisses,
            _intervalFirstTokenSum,
            _intervalFirstTokens,
            _intervalInterTokenSum,
            _intervalInterTokens
        ) = (0, 0, 0, 0, 0, 0, 0);

    /// <summary>Quantiles of time to first token over all requests of the trace; one that never got a token counts as
    /// infinite.</summary>
    public double[] FirstTokenQuantiles(params ReadOnlySpan<double> shares)
    {
        Array.Sort(_firstTokens, 0, _firstTokenCount);
        var quantiles = new double[shares.Length];
        for (var i = 0; i < shares.Length; i++)
        {
            var rank = Math.Max(0, (int)Math.Ceiling(shares[i] * _firstTokens.Length) - 1);
            quantiles[i] = rank < _firstTokenCount ? _firstTokens[rank] : double.PositiveInfinity;
        }

        return quantiles;
    }
}
