using SelfDev.Core.Reports.Model;

namespace SelfDev.Core.Training.Model;

/// <summary>
/// Keeps the picture of an endless series in bounded memory: points are gathered in buckets of equal count that keep
/// their lowest and highest value; when there are too many buckets, neighbours merge. No extreme is ever lost.
/// </summary>
internal sealed class SeriesThinner
{
    private const int MaxBuckets = Series.MaxPoints / 2;

    private readonly List<Bucket> _buckets = [];
    private int _perBucket = 1;

    public void Add(double x, double y)
    {
        if (!double.IsFinite(y))
        {
            return;
        }

        if (_buckets.Count > 0 && _buckets[^1].Count < _perBucket)
        {
            _buckets[^1] = _buckets[^1].With(x, y);
            return;
        }

        if (_buckets.Count == MaxBuckets)
        {
            for (var i = 0; i < MaxBuckets / 2; i++)
            {
                _buckets[i] = _buckets[2 * i].With(_buckets[(2 * i) + 1]);
            }

            _buckets.RemoveRange(MaxBuckets / 2, MaxBuckets / 2);
            _perBucket *= 2;
        }

        _buckets.Add(new Bucket(1, x, y, x, y));
    }

    public IReadOnlyList<ChartPoint> Points()
    {
        var points = new List<ChartPoint>(_buckets.Count * 2);
        foreach (var bucket in _buckets)
        {
            if (bucket.Count == 1)
            {
                points.Add(new ChartPoint(bucket.LowX, bucket.Low));
            }
            else if (bucket.LowX <= bucket.HighX)
            {
                points.Add(new ChartPoint(bucket.LowX, bucket.Low));
                points.Add(new ChartPoint(bucket.HighX, bucket.High));
            }
            else
            {
                points.Add(new ChartPoint(bucket.HighX, bucket.High));
                points.Add(new ChartPoint(bucket.LowX, bucket.Low));
            }
        }

        return points;
    }

    private readonly record struct Bucket(int Count, double LowX, double Low, double HighX, double High)
    {
        public Bucket With(double x, double y) => With(new Bucket(1, x, y, x, y));

        public Bucket With(Bucket other) =>
            new(
                Count + other.Count,
                other.Low < Low ? other.LowX : LowX,
                Math.Min(Low, other.Low),
                other.High > High ? other.HighX : HighX,
                Math.Max(High, other.High)
            );
    }
}
