using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Scaling.Model;

/// <summary>Demand by interval, each with the line that it begins at. Memory is bounded: where a trace is too long for
/// its intervals, they are doubled.</summary>
public sealed class DemandTimeline(double intervalSeconds)
{
    /// <summary>Intervals at most; 3.5 days of 15 s.</summary>
    public const int MaxIntervals = 20_000;

    private readonly List<(DemandSample Sample, Evidence Line)> _samples = [];
    private Dictionary<long, Bucket> _buckets = [];

    /// <value>Seconds of an interval; those of samples are their own.</value>
    public double IntervalSeconds { get; private set; } = intervalSeconds;

    /// <summary>Counts a request.</summary>
    internal void Add(double time, long prefillTokens, long outputTokens, in TextLine line)
    {
        var at = (long)Math.Floor(time / IntervalSeconds);
        if (!_buckets.TryGetValue(at, out var bucket))
        {
            if (_buckets.Count == MaxIntervals)
            {
                Coarsen();
                Add(time, prefillTokens, outputTokens, line);
                return;
            }

            bucket = new Bucket(line.ToEvidence());
            _buckets.Add(at, bucket);
        }

        bucket.Requests++;
        bucket.Prefill += prefillTokens;
        bucket.PrefillSquared += (double)prefillTokens * prefillTokens;
        bucket.Output += outputTokens;
    }

    /// <summary>Takes a sample as it is.</summary>
    /// <returns>False where there are too many already.</returns>
    internal bool Add(in DemandSample sample, in TextLine line)
    {
        if (_samples.Count == 10 * MaxIntervals)
        {
            return false;
        }

        _samples.Add((sample, line.ToEvidence()));
        return true;
    }

    /// <summary>
    /// All intervals in order of time, each with the line it begins at; those without a request between the first and
    /// the last are there with zero requests and the line before. Very long silences (more than <see
    /// cref="MaxIntervals"/>) are left out.
    /// </summary>
    public IReadOnlyList<(DemandSample Sample, Evidence Line)> Intervals()
    {
        if (_samples.Count > 0)
        {
            return [.. _samples.OrderBy(sample => sample.Sample.Time)];
        }

        var intervals = new List<(DemandSample, Evidence)>();
        var before = long.MaxValue;
        foreach (var (at, bucket) in _buckets.OrderBy(bucket => bucket.Key))
        {
            for (
                var idle = before + 1;
                before != long.MaxValue && idle < at && intervals.Count < 2 * MaxIntervals;
                idle++
            )
            {
                intervals.Add(
                    (
                        new DemandSample
                        {
                            Time = (idle + 1) * IntervalSeconds,
                            Seconds = IntervalSeconds,
                            Requests = 0,
                            PrefillTokens = 0,
                            OutputTokens = 0,
                            Completions = 0,
                        },
                        intervals[^1].Item2
                    )
                );
            }

            intervals.Add(
                (
                    new DemandSample
                    {
                        Time = (at + 1) * IntervalSeconds,
                        Seconds = IntervalSeconds,
                        Requests = bucket.Requests,
                        PrefillTokens = bucket.Prefill,
                        PrefillTokensSquared = bucket.PrefillSquared,
                        OutputTokens = bucket.Output,
                        Completions = bucket.Requests,
                        Line = bucket.Line.Line,
                    },
                    bucket.Line
                )
            );
            before = at;
        }

        return intervals;
    }

    private void Coarsen()
    {
        IntervalSeconds *= 2;
        var coarse = new Dictionary<long, Bucket>();
        foreach (var (at, bucket) in _buckets.OrderBy(bucket => bucket.Key))
        {
            var twice = (long)Math.Floor(at / 2.0);
            if (coarse.TryGetValue(twice, out var first))
            {
                first.Requests += bucket.Requests;
                first.Prefill += bucket.Prefill;
                first.PrefillSquared += bucket.PrefillSquared;
                first.Output += bucket.Output;
            }
            else
            {
                coarse.Add(twice, bucket);
            }
        }

        _buckets = coarse;
    }

    private sealed class Bucket(Evidence line)
    {
        public Evidence Line { get; } = line;

        public long Requests { get; set; }

        public double Prefill { get; set; }

        public double PrefillSquared { get; set; }

        public double Output { get; set; }
    }
}
