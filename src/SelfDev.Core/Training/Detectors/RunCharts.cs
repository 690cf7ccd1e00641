using SelfDev.Core.Reports.Model;
using SelfDev.Core.Text;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>The curves of a run, thinned as they come.</summary>
internal sealed class RunCharts : IRunDetector
{
    private readonly SeriesThinner _loss = new();
    private readonly SeriesThinner _norm = new();
    private readonly SeriesThinner _rate = new();
    private readonly SeriesThinner _seconds = new();
    private readonly SeriesThinner _throughput = new();
    private readonly SortedDictionary<string, SeriesThinner> _evaluation = new(StringComparer.Ordinal);
    private double _elapsed = double.NaN;
    private long _elapsedStep;

    public IReadOnlyList<ChartPoint> Loss => _loss.Points();

    public void OnSegment(RunSegment segment, RunTimeline run) => _elapsed = double.NaN;

    public void OnEvent(LogEvent noted, RunTimeline run) { }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        Add(_loss, row, StepFields.Loss, row.Loss);
        Add(_norm, row, StepFields.GradNorm, row.GradNorm);
        Add(_rate, row, StepFields.LearningRate, row.LearningRate);
        Add(_seconds, row, StepFields.StepSeconds, row.StepSeconds);
        Add(_throughput, row, StepFields.Throughput, row.Throughput);
        if (row.Carries(StepFields.EvalLoss))
        {
            var split = row.EvalSplit ?? "held-out";
            if (
                _evaluation.TryGetValue(split, out var series)
                || (_evaluation.Count < 12 && _evaluation.TryAdd(split, series = new SeriesThinner()))
            )
            {
                series!.Add(row.Step, row.EvalLoss);
            }
        }

        if (row.Carries(StepFields.ElapsedSeconds) && !row.Carries(StepFields.EvalLoss))
        {
            if (row.ElapsedSeconds > _elapsed && row.Step > _elapsedStep && run.Segment.Rows > 2)
            {
                _seconds.Add(row.Step, (row.ElapsedSeconds - _elapsed) / (row.Step - _elapsedStep));
            }

            _elapsed = row.ElapsedSeconds;
            _elapsedStep = row.Step;
        }
    }

    public void Finish(RunTimeline run) { }

    /// <param name="title">Put before the charts' titles where several runs are shown; may be empty.</param>
    public IEnumerable<Chart> Charts(
        string title,
        IReadOnlyList<ChartMark> lossMarks,
        IReadOnlyList<ChartMark> normMarks,
        IReadOnlyList<ChartMark> timeMarks
    )
    {
        var losses = new List<Series>();
        AddSeries(losses, "training loss", _loss);
        foreach (var (split, series) in _evaluation)
        {
            AddSeries(losses, $"{SafeText.SingleLine(split)} loss", series);
        }

        if (losses.Count > 0)
        {
            yield return new Chart(title + "Loss", ChartForm.Line, "step", "loss", losses) { Marks = lossMarks };
        }

        foreach (
            var (name, series, marks) in new[]
            {
                ("Gradient norm", _norm, normMarks),
                ("Learning rate", _rate, []),
                ("Step time in seconds", _seconds, timeMarks),
                ("Throughput", _throughput, timeMarks),
            }
        )
        {
            var points = series.Points();
            if (points.Count > 1)
            {
                yield return new Chart(
                    title + name,
                    ChartForm.Line,
                    "step",
                    name.ToLowerInvariant(),
                    [new Series(name, points)]
                )
                {
                    Marks = marks,
                };
            }
        }
    }

    private static void AddSeries(List<Series> all, string name, SeriesThinner series)
    {
        var points = series.Points();
        if (points.Count > 0)
        {
            all.Add(new Series(name, points));
        }
    }

    private static void Add(SeriesThinner series, in StepRow row, StepFields field, double value)
    {
        if (row.Carries(field))
        {
            series.Add(row.Step, value);
        }
    }
}
