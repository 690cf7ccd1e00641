using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Statistics;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>
/// Audits every resume: consumed samples and tokens, learning rate and loss must go on where they were at that step.
/// Steps lost are those trained twice.
/// </summary>
internal sealed class ResumeDetector : IRunDetector
{
    /// <summary>Rows after the resume whose median is compared with the rows before it.</summary>
    private const int BumpRows = 8;

    /// <summary>Rise of that median that counts as a bump.</summary>
    private const double BumpShare = 0.1;

    private readonly Queue<Point> _before = new();
    private readonly List<double> _after = [];
    private Point? _expected;
    private Point? _last;
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
            _last = null;
            return;
        }

        StepsLost += segment.RepeatedSteps;
        _lossBefore = RobustBaseline.Median(
            _before
                .Where(point => point.Step <= (segment.First.Step ?? 0))
                .TakeLast(BumpRows)
                .Select(point => point.Loss)
                .Where(double.IsFinite)
                .ToArray()
        );
        _expected = _before
            .Where(point => point.Step <= (segment.First.Step ?? 0))
            .Select(point => (Point?)point)
            .LastOrDefault();
    }

    public void OnEvent(LogEvent noted, RunTimeline run) { }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        if (!row.Carries(StepFields.Loss) && !row.Carries(StepFields.Samples))
        {
            return;
        }

        if (_first)
        {
            _first = false;
            Continuity(row, run);
        }
        else if (
            _last is { Samples: > 0 } last
            && row.Carries(StepFields.Samples)
            && row.Samples < last.Samples
            && row.Step >= last.Step
        )
        {
            // The counter went back although the steps go on: data will be seen again, schedules by samples start over.
            _draft = null;
            Open(
                row,
                run,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"consumed samples fell from {last.Samples} to {row.Samples} while the steps went on"
                ),
                Severity.Error,
                last
            );
            _draft!.Metrics["samples"] = row.Samples;
            _draft.Metrics["samplesBefore"] = last.Samples;
            _draft = null;
        }

        if (_segment?.Start == SegmentStart.Resume && _after.Count < BumpRows && row.Carries(StepFields.Loss))
        {
            _after.Add(row.Loss);
        }

        var point = new Point(
            row.Step,
            row.Carries(StepFields.Samples) ? row.Samples : -1,
            row.Carries(StepFields.LearningRate) ? row.LearningRate : double.NaN,
            row.Carries(StepFields.Loss) ? row.Loss : double.NaN,
            row.Carries(StepFields.BatchSize) ? row.BatchSize : double.NaN,
            run.History.Total - 1
        );
        _last = point;
        _before.Enqueue(point);
        if (_before.Count > 4 * RowHistory.Capacity)
        {
            _before.Dequeue();
        }
    }

    public void Finish(RunTimeline run) => Bump(run);

    private void Continuity(in StepRow row, RunTimeline run)
    {
        if (
            _last is { Samples: >= 0 } last
            && row.Carries(StepFields.Samples)
            && row.Carries(StepFields.BatchSize)
            && double.IsFinite(last.Batch)
        )
        {
            // Counted back from the last row before the restart. Batches may have grown in between: anything from the
            // smaller to the larger batch a step is continuous.
            var steps = last.Step - row.Step;
            var one = last.Samples - (last.Batch * steps);
            var other = last.Samples - (row.BatchSize * steps);
            if (
                row.Samples < Math.Min(one, other) - row.BatchSize
                || row.Samples > Math.Max(one, other) + row.BatchSize
            )
            {
                Open(
                    row,
                    run,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"consumed samples are {row.Samples}, expected about {(one + other) / 2:0}"
                    ),
                    Severity.Error,
                    last
                );
                _draft!.Metrics["samples"] = row.Samples;
                _draft.Metrics["samplesBefore"] = last.Samples;
            }
        }

        if (
            _expected is { LearningRate: > 0 } expected
            && row.Step - expected.Step <= 2
            && row.Carries(StepFields.LearningRate)
            && Math.Abs((row.LearningRate / expected.LearningRate) - 1) > 0.05
        )
        {
            Open(
                row,
                run,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the learning rate is {row.LearningRate:0.###E0}, was {expected.LearningRate:0.###E0}"
                ),
                Severity.Warning,
                expected
            );
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
        if (
            after > _lossBefore * (1 + BumpShare)
            && !run.Findings.Exists(finding =>
                finding.Kind == FindingKinds.LossSpike && finding.From.Line >= _segment.First.Line
            )
        )
        {
            var row = run.History[Math.Min(run.History.Count - 1, BumpRows)];
            Open(
                row,
                run,
                string.Create(CultureInfo.InvariantCulture, $"the loss is {after:0.####}, was {_lossBefore:0.####}"),
                Severity.Warning,
                null
            );
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
                Title = string.Create(
                    CultureInfo.InvariantCulture,
                    $"The run did not go on where it was at step {row.Step}: {what}"
                ),
                From = _first || _after.Count == 0 ? RowHistory.PositionOf(row) : _segment!.First,
                To = RowHistory.PositionOf(row),
                File = run.File,
            };
            _draft.Metrics["stepsRepeated"] = _segment?.RepeatedSteps ?? 0;
            foreach (var point in new[] { expected, _last })
            {
                if (point is { } known && run.History.EvidenceOf(known.Row) is { } evidence)
                {
                    _draft.Cite(evidence);
                }
            }

            _draft.Cite(run.History.Evidence(0));
            run.Report(_draft);
            return;
        }

        _draft.Title += "; " + what;
        _draft.Severity = severity > _draft.Severity ? severity : _draft.Severity;
        _draft.Cite(run.History.Evidence(0));
    }

    /// <param name="Row">Number of the row in the history.</param>
    private readonly record struct Point(
        long Step,
        long Samples,
        double LearningRate,
        double Loss,
        double Batch,
        long Row
    );
}
