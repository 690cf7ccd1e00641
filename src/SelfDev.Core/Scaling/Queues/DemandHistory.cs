using System.Runtime.InteropServices;
using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Scaling.Queues;

/// <summary>
/// What a fleet's samples have told so far, in bounded memory: demand as work (seconds of a replica's time asked for in
/// a second, prefill and decode), the mean request, and how the fleet did under it.
/// </summary>
public sealed class DemandHistory
{
    /// <summary>Samples that are kept: 17 hours of the usual interval.</summary>
    private const int Kept = 4096;

    /// <summary>Requests after which older ones have faded to a third, for the mean request: long enough for a mean,
    /// short enough to follow a change.</summary>
    private const double MixMemory = 1000;

    /// <summary>The same for misses: the service level allows one in a hundred, and a burst may take many of
    /// them.</summary>
    private const double MissMemory = 4000;

    /// <summary>The same for what happens just now: enough requests to tell one in a hundred from three.</summary>
    private const double LatelyMemory = 500;

    /// <summary>Change of the mean request under which the capacity model is kept.</summary>
    private const double MixTolerance = 0.03;

    private readonly FleetSpecification _fleet;
    private readonly List<double> _work = [];
    private double _requestWeight;
    private double _prefill;
    private double _prefillSquared;
    private double _completionWeight;
    private double _output;
    private double _missed;
    private double _missedLately;
    private double _answeredLately;
    private double _ready = double.NaN;
    private int _sameReady;

    public DemandHistory(FleetSpecification fleet) => _fleet = fleet;

    /// <value>Erlangs, oldest first.</value>
    public ReadOnlySpan<double> Work => CollectionsMarshal.AsSpan(_work);

    /// <value>The capacity model for the mean request; null until one was seen from arrival to end.</value>
    public Staffing? Staffing { get; private set; }

    /// <value>Highest load of a minute, in erlangs a replica, under which the service level was held; 0 where none was
    /// seen.</value>
    public double ProvenLoad { get; private set; }

    /// <value>
    /// Misses over the requests that they are remembered for; 0 where nobody says. At the start it is low whatever the
    /// first burst did, since what the service level allows for all of those requests is still there.
    /// </value>
    public double MissShare => _missed / MissMemory;

    /// <value>Share of requests that missed the service level lately, over some hundred of them; 0 where nobody
    /// says.</value>
    public double RecentMissShare => _answeredLately < 1 ? 0 : _missedLately / _answeredLately;

    /// <value>The most replicas that served; 0 where nobody says.</value>
    public double MostReady { get; private set; }

    /// <value>Samples that carried demand, all in all.</value>
    public int Samples { get; private set; }

    /// <value>Length of the last sample.</value>
    public double SampleSeconds { get; private set; }

    public double LastTime { get; private set; } = double.NegativeInfinity;

    /// <summary>Takes the next sample.</summary>
    /// <returns>False where it tells no demand: unknown is not zero.</returns>
    public bool Add(in DemandSample sample)
    {
        if (
            !(sample.Seconds > 0)
            || !double.IsFinite(sample.Requests)
            || !double.IsFinite(sample.Time)
            || sample.Time <= LastTime
        )
        {
            return false;
        }

        (LastTime, SampleSeconds) = (sample.Time, sample.Seconds);
        LearnMix(sample);
        if (Staffing is null)
        {
            return false;
        }

        Samples++;
        MostReady = Math.Max(MostReady, double.IsFinite(sample.Ready) ? sample.Ready : 0);
        // The prompt tokens are those of these very requests, their answers are still to come: of those the mean
        // counts.
        var decode = Staffing.WorkSeconds - (_fleet.Replica.PrefillTokenSeconds * Staffing.Mix.PrefillTokens);
        var prefill = double.IsFinite(sample.PrefillTokens)
            ? sample.PrefillTokens
            : sample.Requests * Staffing.Mix.PrefillTokens;
        if (_work.Count == 2 * Kept)
        {
            _work.RemoveRange(0, Kept);
        }

        _work.Add(((_fleet.Replica.PrefillTokenSeconds * prefill) + (sample.Requests * decode)) / sample.Seconds);
        Judge(sample);
        return true;
    }

    private void LearnMix(in DemandSample sample)
    {
        if (double.IsFinite(sample.PrefillTokens))
        {
            var fade = Math.Exp(-sample.Requests / MixMemory);
            // Where nobody tells the squares, lengths are taken as exponentially distributed.
            var squares =
                double.IsFinite(sample.PrefillTokensSquared) ? sample.PrefillTokensSquared
                : sample.Requests > 0 ? 2 * sample.PrefillTokens * sample.PrefillTokens / sample.Requests
                : 0;
            (_requestWeight, _prefill, _prefillSquared) = (
                (_requestWeight * fade) + sample.Requests,
                (_prefill * fade) + sample.PrefillTokens,
                (_prefillSquared * fade) + squares
            );
        }

        if (double.IsFinite(sample.OutputTokens))
        {
            var ended = double.IsFinite(sample.Completions) ? sample.Completions : sample.Requests;
            var fade = Math.Exp(-ended / MixMemory);
            (_completionWeight, _output) = ((_completionWeight * fade) + ended, (_output * fade) + sample.OutputTokens);
        }

        if (_requestWeight < 1 || _completionWeight < 1)
        {
            return;
        }

        var mean = Math.Max(1, _prefill / _requestWeight);
        var mix = new TrafficMix(
            mean,
            Math.Max(0, (_prefillSquared / _requestWeight / (mean * mean)) - 1),
            Math.Max(1, _output / _completionWeight)
        );
        if (
            Staffing is null
            || Differs(mix.PrefillTokens, Staffing.Mix.PrefillTokens)
            || Differs(mix.OutputTokens, Staffing.Mix.OutputTokens)
        )
        {
            Staffing = new Staffing(_fleet.Replica, _fleet.ServiceLevel, mix);
        }

        static bool Differs(double one, double other) => Math.Abs(one - other) > MixTolerance * other;
    }

    /// <summary>How the fleet did: misses, and the highest load that it stood.</summary>
    private void Judge(in DemandSample sample)
    {
        if (!double.IsFinite(sample.Misses) || !double.IsFinite(sample.Completions))
        {
            return;
        }

        var allowed = 1 - _fleet.ServiceLevel.Attainment;
        _missed = Faded(_missed, MissMemory, sample.Completions) + sample.Misses;
        _missedLately = Faded(_missedLately, LatelyMemory, sample.Completions) + sample.Misses;
        _answeredLately = Faded(_answeredLately, LatelyMemory, sample.Completions) + sample.Completions;
        _sameReady = sample.Ready == _ready ? _sameReady + 1 : 0;
        _ready = sample.Ready;
        var minute = Math.Max(1, (int)Math.Round(60 / sample.Seconds));
        if (!(sample.Ready >= 1) || _sameReady < minute || _work.Count < minute)
        {
            return;
        }

        var load = Mean(Work[^minute..]) / sample.Ready;
        if (_missedLately <= allowed * _answeredLately)
        {
            ProvenLoad = Math.Max(ProvenLoad, load);
        }
        else if (_missedLately > 2 * allowed * _answeredLately)
        {
            ProvenLoad = Math.Min(ProvenLoad, load);
        }
    }

    private static double Faded(double sum, double memory, double answered) => sum * Math.Exp(-answered / memory);

    /// <summary>The largest of values that are 0 and up; 0 without any.</summary>
    public static double Highest(ReadOnlySpan<double> values)
    {
        var highest = 0.0;
        foreach (var value in values)
        {
            highest = Math.Max(highest, value);
        }

        return highest;
    }

    public static double Mean(ReadOnlySpan<double> values)
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += value;
        }

        return values.IsEmpty ? 0 : sum / values.Length;
    }
}
