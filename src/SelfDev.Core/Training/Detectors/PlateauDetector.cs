using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Statistics;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>
/// The loss has stopped falling while the learning rate has not: the confidence interval of the Theil-Sen slope over
/// the later half of the run includes zero, and the slope amounts to less than half a percent of the loss over that
/// half.
/// </summary>
/// <remarks>Sources: Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 1968; the limits are
/// our choice (ALGORITHMS: plateau).</remarks>
internal sealed class PlateauDetector(RunCharts charts) : IRunDetector
{
    public const int MinRows = 1000;
    private const double Share = 0.005;
    private const int MaxPoints = 300;

    /// <summary>Below this share of its highest value the learning rate has been wound down on purpose.</summary>
    private const double DecayedRate = 0.2;

    private double _highestRate;
    private double _rate = double.NaN;

    public void OnSegment(RunSegment segment, RunTimeline run)
    {
        if (segment.Start == SegmentStart.Gap)
        {
            _highestRate = 0;
            _rate = double.NaN;
        }
    }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        if (row.Carries(StepFields.LearningRate))
        {
            _rate = row.LearningRate;
            _highestRate = Math.Max(_highestRate, row.LearningRate);
        }
    }

    public void OnEvent(LogEvent noted, RunTimeline run) { }

    public void Finish(RunTimeline run)
    {
        if (
            run.Rows < MinRows
            || run.Segments.Count == 0
            || run.Segment.Rows < MinRows
            || _rate < DecayedRate * _highestRate
        )
        {
            return;
        }

        var from = ((run.Segment.First.Step ?? 0) + (run.Segment.Last.Step ?? 0)) / 2;
        var points = Thin([.. charts.Loss.Where(point => point.X >= from && point.Y > 0)]);
        if (points.Count < 64)
        {
            return;
        }

        var (slope, low, high) = TheilSen(points);
        var width = points[^1].X - points[0].X;
        var level = RobustBaseline.Median(points.Select(point => point.Y!.Value).ToArray());
        if (low > 0 || high < 0 || Math.Abs(slope) * width > Share * level)
        {
            return;
        }

        var draft = new FindingDraft
        {
            Kind = FindingKinds.Plateau,
            Severity = Severity.Warning,
            Title = string.Create(
                CultureInfo.InvariantCulture,
                $"Loss has not fallen since about step {from}: it stays at {level:0.####}"
            ),
            From = run.History.Position(run.Related - 1),
            To = run.History.Position(0),
            File = run.File,
        };
        for (var age = run.Related - 1; age >= 0; age -= Math.Max(1, run.Related / 10))
        {
            draft.Cite(run.History.Evidence(age));
        }

        draft.Metrics["sinceStep"] = from;
        draft.Metrics["slopePerStep"] = slope;
        draft.Metrics["level"] = level;
        run.Report(draft);
    }

    /// <summary>Median of the slopes of all pairs, and its 95 % interval by Kendall's variance
    /// n(n-1)(2n+5)/18.</summary>
    internal static (double Slope, double Low, double High) TheilSen(IReadOnlyList<ChartPoint> points)
    {
        var slopes = new List<double>(points.Count * (points.Count - 1) / 2);
        for (var i = 0; i < points.Count; i++)
        {
            for (var j = i + 1; j < points.Count; j++)
            {
                if (points[j].X != points[i].X)
                {
                    slopes.Add((points[j].Y!.Value - points[i].Y!.Value) / (points[j].X - points[i].X));
                }
            }
        }

        slopes.Sort();
        double n = points.Count;
        var spread = 1.96 * Math.Sqrt(n * (n - 1) * ((2 * n) + 5) / 18);
        var low = (int)Math.Clamp((slopes.Count - spread) / 2, 0, slopes.Count - 1);
        var high = (int)Math.Clamp(((slopes.Count + spread) / 2) + 1, 0, slopes.Count - 1);
        return (slopes[slopes.Count / 2], slopes[low], slopes[high]);
    }

    private static List<ChartPoint> Thin(List<ChartPoint> points)
    {
        var every = Math.Max(1, (int)Math.Ceiling(points.Count / (double)MaxPoints));
        // An odd distance, so that of the pairs of lowest and highest values not only one kind is taken.
        every += every > 1 && every % 2 == 0 ? 1 : 0;
        return [.. points.Where((_, index) => index % every == 0)];
    }
}
