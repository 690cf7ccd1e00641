using System.Globalization;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Training;

/// <summary>
/// Audits every resume: consumed samples and tokens, learning rate and loss must go on where they were at that step. Steps lost are those trained twice.
/// </summary>
internal sealed class ResumeDetector : IRunDetector
{
    /// <summary>Rows after the resume whose median is compared with the rows before it.</summary>
    private const int BumpRows = 8;

    /// <summary>Rise of that median that counts as a bump.</summary>
    private const double BumpShare = 0.1;

    private readonly List<Point> _before = [];
    private readonly List<double> _after = [];
    private Point? _expected;
    private Evidence? _lastBefore;
    private RunSegment? _segment;
    private double _lossBefore = double.NaN;
    private FindingDraft? _draft;
    private bool _first;

    /// <value>Steps that had to be trained again after resumes.</value>
    public long StepsLost { get; private set; }

    public void OnSegment(RunSegment segment, RunTimeline run)
    {
        Bump(run);
        _segment = segment;
        _draft = null;
        _expected = null;
        _after.Clear();
        _first = segment.Start == SegmentStart.Resume;
        if (segment.Start != SegmentStart.Resume)
        {
            _before.Clear();
            return;
        }

        StepsLost += segment.RepeatedSteps;
        _lastBefore = run.History.Count > 0 ? run.History.Evidence(0) : null;
        _lossBefore = RobustBaseline.Median(_before.Where(point => point.Step <= (segment.First.Step ?? 0)).TakeLast(BumpRows).Select(point => point.Loss).Where(double.IsFinite).ToArray());
        _expected = _before.LastOrDefault(point => point.Step <= (segment.First.Step ?? 0));
    }

    public void OnEvent(LogEvent noted, RunTimeline run)
    {
    }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        if (!row.Carries(StepFields.Loss) && !row.Carries(StepFields.Samples))
        {
            return;
        }

        if (_first)
        {
            _first = false;
            if (_expected is { } expected)
            {
                Continuity(row, expected, run);
            }
        }

        else if (_before.Count > 0 && row.Carries(StepFields.Samples) && _before[^1].Samples > 0 && row.Samples < _before[^1].Samples && row.Step >= _before[^1].Step)
        {
            // The counter went back although the steps go on: data will be seen again, schedules by samples start over.
            _draft = null;
            Open(row, run, string.Create(CultureInfo.InvariantCulture, $"consumed samples fell from {_before[^1].Samples} to {row.Samples} while the steps went on"), Severity.Error, _before[^1]);
            _draft!.Metrics["samples"] = row.Samples;
            _draft.Metrics["samplesBefore"] = _before[^1].Samples;
            _draft = null;
        }

        if (_segment?.Start == SegmentStart.Resume && _after.Count < BumpRows && row.Carries(StepFields.Loss))
        {
            _after.Add(row.Loss);
        }

        _before.Add(new Point(
            row.Step, row.Carries(StepFields.Samples) ? row.Samples : -1, row.Carries(StepFields.Tokens) ? row.Tokens : -1,
            row.Carries(StepFields.LearningRate) ? row.LearningRate : double.NaN, row.Carries(StepFields.Loss) ? row.Loss : double.NaN,
            row.Carries(StepFields.BatchSize) ? row.BatchSize : double.NaN, run.History.Evidence(0)));
        if (_before.Count > 2 * RowHistory.Capacity)
        {
            _before.RemoveRange(0, RowHistory.Capacity);
        }
    }

    public void Finish(RunTimeline run) => Bump(run);

    private void Continuity(in StepRow row, Point expected, RunTimeline run)
    {
        var steps = row.Step - expected.Step;
        if (expected.Samples >= 0 && row.Carries(StepFields.Samples) && row.Carries(StepFields.BatchSize))
        {
            // Batches may have grown in between: anything from the smaller to the larger batch a step is continuous.
            var low = Math.Min(expected.Batch, row.BatchSize) * steps;
            var high = Math.Max(expected.Batch, row.BatchSize) * steps;
            var difference = row.Samples - expected.Samples;
            if (difference < low - row.BatchSize || difference > high + row.BatchSize)
            {
                Open(row, run, string.Create(CultureInfo.InvariantCulture, $"consumed samples are {row.Samples}, expected about {expected.Samples + (long)((low + high) / 2)}"), Severity.Error, expected);
                _draft!.Metrics["samples"] = row.Samples;
                _draft.Metrics["samplesBefore"] = expected.Samples;
            }
        }

        if (steps <= 2 && double.IsFinite(expected.LearningRate) && row.Carries(StepFields.LearningRate) && expected.LearningRate > 0
            && Math.Abs((row.LearningRate / expected.LearningRate) - 1) > 0.05)
        {
            Open(row, run, string.Create(CultureInfo.InvariantCulture, $"the learning rate is {row.LearningRate:0.###E0}, was {expected.LearningRate:0.###E0}"), Severity.Warning, expected);
            _draft!.Metrics["learningRate"] = row.LearningRate;
            _draft.Metrics["learningRateBefore"] = expected.LearningRate;
        }
    }

    private void Bump(RunTimeline run)
    {
        if (_segment?.Start != SegmentStart.Resume || _after.Count < 3 || double.IsNaN(_lossBefore) || _lossBefore <= 0)
        {
            _after.Clear();
            return;
        }

        var after = RobustBaseline.Median(_after.ToArray());
        _after.Clear();
        if (after > _lossBefore * (1 + BumpShare) && !run.Findings.Exists(finding => finding.Kind == FindingKinds.LossSpike && finding.From.Line >= _segment.First.Line))
        {
            var row = run.History[Math.Min(run.History.Count - 1, BumpRows)];
            Open(row, run, string.Create(CultureInfo.InvariantCulture, $"the loss is {after:0.####}, was {_lossBefore:0.####}"), Severity.Warning, null);
        }

        if (_draft is not null)
        {
            _draft.Metrics["lossBefore"] = _lossBefore;
            _draft.Metrics["lossAfter"] = after;
        }
    }

    private void Open(in StepRow row, RunTimeline run, string what, Severity severity, Point? expected)
    {
        if (_draft is null)
        {
            _draft = new FindingDraft
            {
                Kind = FindingKinds.ResumeDiscontinuity,
                Severity = severity,
                Title = string.Create(CultureInfo.InvariantCulture, $"The run did not go on where it was at step {row.Step}: {what}"),
                From = _first || _after.Count == 0 ? RowHistory.PositionOf(row) : _segment!.First,
                To = RowHistory.PositionOf(row),
                File = run.File,
            };
            _draft.Metrics["stepsRepeated"] = _segment?.RepeatedSteps ?? 0;
            if (expected is not null)
            {
                _draft.Cite(expected.Evidence);
            }

            if (_lastBefore is not null)
            {
                _draft.Cite(_lastBefore);
            }

            _draft.Cite(run.History.Evidence(0));
            run.Findings.Add(_draft);
            return;
        }

        _draft.Title += "; " + what;
        _draft.Severity = severity > _draft.Severity ? severity : _draft.Severity;
        _draft.Cite(run.History.Evidence(0));
    }

    private sealed record Point(long Step, long Samples, long Tokens, double LearningRate, double Loss, double Batch, Evidence Evidence);
}
