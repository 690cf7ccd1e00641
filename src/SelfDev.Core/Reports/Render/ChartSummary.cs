using SelfDev.Core.Reports.Model;

namespace SelfDev.Core.Reports.Render;

/// <summary>What a chart says, for whoever cannot see it: a screen reader, Markdown, a terminal.</summary>
/// <param name="Count">Points with a value, non-finite ones included.</param>
/// <param name="NonFinite">Points whose value is NaN or an infinity.</param>
public sealed record ChartSummary(
    Series Series,
    int Count,
    int NonFinite,
    ChartPoint? First,
    ChartPoint? Last,
    ChartPoint? Lowest,
    ChartPoint? Highest
)
{
    /// <summary>Up to so many labelled values are all named; beyond, the extremes speak for them.</summary>
    private const int MostLabelsNamed = 20;

    public static ChartSummary Of(Series series)
    {
        var values = series.Points.Where(point => point.Y is not null).ToList();
        var finite = values.Where(point => double.IsFinite(point.Y!.Value)).ToList();
        return new ChartSummary(
            series,
            values.Count,
            values.Count - finite.Count,
            finite.FirstOrDefault(),
            finite.LastOrDefault(),
            finite.MinBy(point => point.Y),
            finite.MaxBy(point => point.Y)
        );
    }

    /// <summary>One sentence part, e.g. <c>first 10.9, last 3.2, lowest 3.1 at 4990, highest 12.4 at 310</c>.</summary>
    public string Words()
    {
        if (Lowest is null || Highest is null)
        {
            return Count == 0 ? "no values" : $"{Count} values, none finite";
        }

        var points = Series.Points;
        var words =
            points.Count <= MostLabelsNamed && points.All(point => point.Label is not null)
                ? string.Join(
                    ", ",
                    points.Where(point => point.Y is not null).Select(point => $"{point.Label} {Value(point)}")
                )
            : Lowest.Y == Highest.Y ? $"{Value(Lowest)} throughout"
            : $"first {Value(First!)}, last {Value(Last!)}, lowest {Value(Lowest)} at {Place(Lowest)}, highest "
                + $"{Value(Highest)} at {Place(Highest)}";
        return NonFinite == 0 ? words : $"{words}, {NonFinite} not finite";
    }

    /// <summary>What y is, empty where the chart's title has said it already.</summary>
    public static string Unit(Chart chart) =>
        string.Equals(chart.YLabel, chart.Title, StringComparison.OrdinalIgnoreCase) ? "" : chart.YLabel;

    /// <summary>The label, or the x value.</summary>
    public static string Place(ChartPoint point) => point.Label ?? ReportWording.Number(point.X);

    /// <summary>The value with its interval, if it has one.</summary>
    public static string Value(ChartPoint point)
    {
        var value = point.Y is { } y ? ReportWording.Number(y) : "";
        return point is { Low: { } low, High: { } high }
            ? $"{value} [{ReportWording.Number(low)}, {ReportWording.Number(high)}]"
            : value;
    }

    /// <summary>
    /// At most <paramref name="most"/> points of a series, in order: both ends, the extremes, what is not finite first
    /// of all, and evenly spaced ones.
    /// </summary>
    public static IReadOnlyList<ChartPoint> Thin(Series series, int most)
    {
        var points = series.Points;
        if (points.Count <= most)
        {
            return points;
        }

        var summary = Of(series);
        var keep = new SortedSet<int> { 0, points.Count - 1 };
        for (var index = 0; index < points.Count && keep.Count < most; index++)
        {
            if (ReferenceEquals(points[index], summary.Lowest) || ReferenceEquals(points[index], summary.Highest))
            {
                keep.Add(index);
            }
        }

        for (var index = 0; index < points.Count && keep.Count < most / 2; index++)
        {
            if (points[index].Y is { } y && !double.IsFinite(y))
            {
                keep.Add(index);
            }
        }

        var free = most - keep.Count;
        for (var slot = 0; slot < free; slot++)
        {
            keep.Add((int)((long)slot * (points.Count - 1) / free));
        }

        return [.. keep.Select(index => points[index])];
    }
}
