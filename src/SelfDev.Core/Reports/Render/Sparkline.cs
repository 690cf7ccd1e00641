using SelfDev.Core.Reports.Model;

namespace SelfDev.Core.Reports.Render;

/// <summary>A curve in one line of text, of eighth blocks: <c>▇▆▅▃█▂▁</c>.</summary>
public static class Sparkline
{
    private const string Blocks = "▁▂▃▄▅▆▇█";

    /// <summary>
    /// Draws a series over its x range. Each column shows the value in it that is farthest from the median, so that a
    /// spike of one step survives; a gap is a blank, a column with a NaN or an infinity is <c>×</c>.
    /// </summary>
    /// <param name="width">Columns, at least 1.</param>
    /// <param name="logarithmic">Values of 0 and below are gaps then.</param>
    public static string Draw(IReadOnlyList<ChartPoint> points, int width, bool logarithmic = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        var columns = new List<double>[width];
        var (from, to) = Range(points);
        foreach (var point in points)
        {
            if (Scale(point.Y, logarithmic) is { } value && Column(point.X, from, to, width) is { } column)
            {
                (columns[column] ??= []).Add(value);
            }
        }

        var finite = columns
            .Where(column => column is not null)
            .SelectMany(column => column)
            .Where(double.IsFinite)
            .Order()
            .ToArray();
        if (finite.Length == 0)
        {
            return string.Concat(columns.Select(column => column is null ? ' ' : '×'));
        }

        var median = finite[finite.Length / 2];
        var (low, high) = (finite[0], finite[^1]);
        return string.Concat(
            columns.Select(column =>
                column switch
                {
                    null => ' ',
                    _ when column.Exists(value => !double.IsFinite(value)) => '×',
                    _ => Blocks[Level(column.MaxBy(value => Math.Abs(value - median)), low, high)],
                }
            )
        );
    }

    /// <summary>Carets under the columns that the marks cover, of the same width as the curve.</summary>
    public static string DrawMarks(IReadOnlyList<ChartPoint> points, IEnumerable<ChartMark> marks, int width)
    {
        var carets = new char[width];
        Array.Fill(carets, ' ');
        var (from, to) = Range(points);
        foreach (var mark in marks)
        {
            if (
                mark.ToX >= from
                && mark.FromX <= to
                && Column(Math.Max(mark.FromX, from), from, to, width) is { } first
                && Column(Math.Min(mark.ToX, to), from, to, width) is { } last
            )
            {
                Array.Fill(carets, '^', first, last - first + 1);
            }
        }

        return new string(carets);
    }

    private static double? Scale(double? y, bool logarithmic) =>
        y is not { } value ? null
        : !logarithmic || !double.IsFinite(value) ? value
        : value > 0 ? Math.Log10(value)
        : null;

    private static (double From, double To) Range(IReadOnlyList<ChartPoint> points)
    {
        var (from, to) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (var point in points)
        {
            if (double.IsFinite(point.X))
            {
                from = Math.Min(from, point.X);
                to = Math.Max(to, point.X);
            }
        }

        return (from, to);
    }

    private static int? Column(double x, double from, double to, int width) =>
        !double.IsFinite(x) || from > to ? null
        : from == to ? 0
        : (int)Math.Min((x - from) / (to - from) * width, width - 1);

    private static int Level(double value, double low, double high) =>
        high == low ? 0 : (int)Math.Round((value - low) / (high - low) * (Blocks.Length - 1));
}
