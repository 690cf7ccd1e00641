namespace SelfDev.Core.Serving.Model;

/// <summary>What engines themselves say about their prefix caches, summed over lines and scrapes.</summary>
internal sealed class EngineMetrics
{
    private double _rateSum;
    private long _rates;
    private double? _lastRate;
    private long _newTokens;
    private long _cachedTokens;
    private bool _hasBatches;
    private double? _peakUse;
    private double? _peakWaiting;

    public long LogLines { get; private set; }

    public long Scrapes { get; set; }

    /// <value>The line of the first figure.</value>
    public long FirstLine { get; private set; }

    public long LastLine { get; private set; }

    public CounterSeries Queries { get; } = new();

    public CounterSeries Hits { get; } = new();

    public void NoteRate(double rate, double? use, double? waiting, long line)
    {
        _rateSum += rate;
        _rates++;
        _lastRate = rate;
        LogLines++;
        NoteUse(use, waiting, line);
    }

    public void NoteBatch(long newTokens, long cachedTokens, double? use, double? waiting, long line)
    {
        _newTokens += newTokens;
        _cachedTokens += cachedTokens;
        _hasBatches = true;
        LogLines++;
        NoteUse(use, waiting, line);
    }

    public void NoteUse(double? use, double? waiting, long line)
    {
        _peakUse = Max(_peakUse, use);
        _peakWaiting = Max(_peakWaiting, waiting);
        FirstLine = FirstLine == 0 ? line : FirstLine;
        LastLine = line;
    }

    /// <summary>Null where nothing was noted.</summary>
    public EngineSummary? Summarise()
    {
        if (LogLines == 0 && Scrapes == 0)
        {
            return null;
        }

        double? queried =
            Queries.Any ? Queries.Increase
            : _hasBatches ? _newTokens + _cachedTokens
            : null;
        double? hits =
            Hits.Any ? Hits.Increase
            : _hasBatches ? _cachedTokens
            : null;
        return new EngineSummary(
            LogLines,
            Scrapes,
            Math.Max(Queries.Resets, Hits.Resets),
            queried,
            hits,
            queried > 0 && hits is not null ? Math.Round(hits.Value / queried.Value, 6) : null,
            _rates > 0 ? Math.Round(_rateSum / _rates, 6) : null,
            _lastRate,
            _hasBatches ? _newTokens : null,
            _hasBatches ? _cachedTokens : null,
            _peakUse,
            _peakWaiting
        );
    }

    private static double? Max(double? known, double? value) =>
        value is null ? known
        : known is null ? value
        : Math.Max(known.Value, value.Value);
}

/// <summary>
/// The increase of a counter over scrapes, all its label sets together. A value below the one before means that the
/// process began again at 0: what it shows is then all new (Prometheus, "rate() then sum()", and <c>increase()</c>).
/// </summary>
internal sealed class CounterSeries
{
    private const int MaxSeries = 10_000;

    private readonly Dictionary<UInt128, double> _last = [];

    public double Increase { get; private set; }

    public long Resets { get; private set; }

    public bool Any { get; private set; }

    public void Note(UInt128 series, double value)
    {
        if (_last.TryGetValue(series, out var before))
        {
            Any = true;
            Resets += value < before ? 1 : 0;
            Increase += value < before ? value : value - before;
            _last[series] = value;
        }
        else if (_last.Count < MaxSeries)
        {
            _last.Add(series, value);
        }
    }
}
