using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Statistics;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>
/// Slow steps with their triage (periodic, random, drifting), lasting drops of throughput, and stalls: silence far
/// longer than the run's own rhythm.
/// </summary>
internal sealed class StepTimeDetector(TrainingOptions options) : IRunDetector
{
    /// <summary>Rows of a segment that are start-up: compilation, caches, first batches.</summary>
    private const int WarmUpRows = 12;
    private const int MaxSlowRows = 100_000;

    /// <summary>Rows that a changed step time must last to be a drop of throughput.</summary>
    private const int DropRows = 48;

    private readonly RobustBaseline _baseline = new(options.Window, 64);
    private readonly RobustBaseline _recent = new(DropRows, DropRows);
    private readonly List<SlowRow> _slow = [];
    private readonly List<(double Excess, Evidence Evidence, Position Position)> _worst = [];
    private readonly RobustBaseline _gap = new(options.Window, 64);
    private double _previousElapsed = double.NaN;
    private long _previousTicks;
    private long _previousStep = -1;
    private double _reference = double.NaN;
    private double _batch = double.NaN;
    private FindingDraft? _drop;
    private StepRow _lastTimed;
    private long _lastRow = -1;
    private Evidence? _firstSlow;

    /// <value>Seconds of all steps that have a time.</value>
    public double TotalSeconds { get; private set; }

    public double SlowSeconds { get; private set; }

    /// <value>Median seconds of a step, NaN where no row tells.</value>
    public double UsualSeconds => _baseline.Level;

    /// <value>What the slow steps have in common.</value>
    public SlowStepTriage? Triage { get; private set; }

    /// <value>Silence after which the run counts as stalled, in seconds; NaN while its rhythm is unknown.</value>
    public double SilentAfterSeconds { get; private set; } = double.NaN;

    public void OnSegment(RunSegment segment, RunTimeline run)
    {
        _previousElapsed = double.NaN;
        _previousTicks = 0;
        _previousStep = -1;
        if (segment.Start == SegmentStart.Gap)
        {
            _baseline.Clear();
            _gap.Clear();
        }

        _recent.Clear();
        _reference = double.NaN;
        _drop = null;
    }

    public void OnEvent(LogEvent noted, RunTimeline run)
    {
        // A line of any kind shows that the run is alive.
        if (!noted.HasNoYear && noted.TimeTicks > _previousTicks && noted.Type == LogEventType.CheckpointSaved)
        {
            _previousTicks = noted.TimeTicks;
        }
    }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        if (!row.Carries(StepFields.Loss) && !row.Carries(StepFields.StepSeconds) && !row.Carries(StepFields.LossScale))
        {
            // Evaluation takes its own time: neither this gap nor the next says anything of steps.
            _previousElapsed = double.NaN;
            _previousTicks = row.Carries(StepFields.Time) ? row.TimeTicks : 0;
            return;
        }

        Silence(row, run);
        var seconds = Seconds(row);
        if (row.Carries(StepFields.BatchSize))
        {
            if (!double.IsNaN(_batch) && row.BatchSize != _batch)
            {
                // A larger batch takes longer: start over.
                _baseline.Clear();
                _recent.Clear();
                _reference = double.NaN;
            }

            _batch = row.BatchSize;
        }

        if (double.IsFinite(seconds) && seconds > 0)
        {
            Step(seconds, row, run);
        }
    }

    public void Finish(RunTimeline run)
    {
        if (_gap.Count >= 8)
        {
            var at = RowHistory.PositionOf(_lastTimed);
            var last = at.Time!.Value;
            SilentAfterSeconds = Math.Max(options.StallSeconds, options.StallFactor * _gap.Level);
            if (
                options.Now is { } now
                && (now - last).TotalSeconds > SilentAfterSeconds
                && !(run.TotalSteps > 0 && _previousStep >= run.TotalSteps)
            )
            {
                AddStall(
                    at,
                    at,
                    (now - last).TotalSeconds,
                    "and the log is silent since",
                    [run.History.EvidenceOf(_lastRow) ?? run.History.Evidence(0)],
                    run,
                    Severity.Critical
                );
            }
        }

        if (_slow.Count > 0)
        {
            Triage = SlowStepTriage.Of(_slow);
            ReportSlow(run);
        }
    }

    private double Seconds(in StepRow row)
    {
        if (row.Carries(StepFields.StepSeconds))
        {
            return row.StepSeconds;
        }

        var seconds = double.NaN;
        if (row.Carries(StepFields.ElapsedSeconds))
        {
            if (row.ElapsedSeconds >= _previousElapsed && row.Step > _previousStep)
            {
                seconds = (row.ElapsedSeconds - _previousElapsed) / (row.Step - _previousStep);
            }

            _previousElapsed = row.ElapsedSeconds;
            _previousStep = row.Step;
        }

        return seconds;
    }

    private void Silence(in StepRow row, RunTimeline run)
    {
        if (!row.Carries(StepFields.Time))
        {
            return;
        }

        if (_previousTicks > 0)
        {
            var gap = (row.TimeTicks - _previousTicks) / (double)TimeSpan.TicksPerSecond;
            if (gap >= 0)
            {
                var limit = Math.Max(options.StallSeconds, options.StallFactor * _gap.Level);
                if (_gap.Count >= 8 && gap > limit)
                {
                    AddStall(
                        RowHistory.PositionOf(_lastTimed),
                        RowHistory.PositionOf(row),
                        gap,
                        "between two rows",
                        [run.History.EvidenceOf(_lastRow) ?? run.History.Evidence(0), run.History.Evidence(0)],
                        run,
                        Severity.Error
                    );
                }
                else
                {
                    _gap.Add(gap);
                }
            }
        }

        _previousTicks = row.TimeTicks;
        _lastTimed = row;
        _lastRow = run.History.Total - 1;
        if (!row.Carries(StepFields.ElapsedSeconds))
        {
            _previousStep = row.Step;
        }
    }

    private void AddStall(
        Position from,
        Position to,
        double seconds,
        string where,
        Evidence[] evidence,
        RunTimeline run,
        Severity severity
    )
    {
        var draft = new FindingDraft
        {
            Kind = FindingKinds.Stall,
            Severity = severity,
            Title = string.Create(
                CultureInfo.InvariantCulture,
                $"No progress for {seconds / 60:0.#} minutes after step {from.Step}, {where}; rows usually come every "
                    + $"{_gap.Level:0.##} s"
            ),
            From = from,
            To = to,
            File = run.File,
        };
        foreach (var line in evidence)
        {
            draft.Cite(line);
        }

        draft.Metrics["seconds"] = Math.Round(seconds, 3);
        draft.Metrics["usualSeconds"] = Math.Round(_gap.Level, 3);
        run.Report(draft);
    }

    private void Step(double seconds, in StepRow row, RunTimeline run)
    {
        var stride = Math.Max(1, run.Segment.Stride);
        TotalSeconds += seconds * stride;
        if (run.Segment.Rows <= WarmUpRows && run.Segment.Start != SegmentStart.Gap && _baseline.Count < 16)
        {
            _baseline.Add(seconds);
            return;
        }

        var usual = _baseline.Level;
        if (_baseline.Count >= 8 && seconds > options.SlowFactor * usual && seconds - usual > 6 * _baseline.Noise())
        {
            NoteSlow(seconds, usual, stride, row, run);
        }
        else
        {
            _baseline.Add(seconds);
        }

        Drop(seconds, row, run);
    }

    private void NoteSlow(double seconds, double usual, long stride, in StepRow row, RunTimeline run)
    {
        var excess = (seconds - usual) * stride;
        SlowSeconds += excess;
        if (_slow.Count < MaxSlowRows)
        {
            _slow.Add(new SlowRow(row.Step, excess, seconds, usual));
        }

        _firstSlow ??= run.History.Evidence(0);
        if (_worst.Count < 8 || excess > _worst[^1].Excess)
        {
            _worst.Add((excess, run.History.Evidence(0), RowHistory.PositionOf(row)));
            _worst.Sort((a, b) => b.Excess.CompareTo(a.Excess));
            if (_worst.Count > 8)
            {
                _worst.RemoveAt(8);
            }
        }
    }

    private void Drop(double seconds, in StepRow row, RunTimeline run)
    {
        _recent.Add(seconds);
        if (_recent.Count < DropRows)
        {
            return;
        }

        if (double.IsNaN(_reference))
        {
            _reference = _recent.Level;
            return;
        }

        if (_recent.Level > options.ThroughputFactor * _reference)
        {
            if (_drop is null)
            {
                var back = Math.Min((DropRows / 2) + 2, run.History.Count - 1);
                _drop = new FindingDraft
                {
                    Kind = FindingKinds.ThroughputDrop,
                    Severity = Severity.Warning,
                    Title = "",
                    From = run.History.Position(back),
                    To = RowHistory.PositionOf(row),
                    File = run.File,
                };
                for (var age = back; age >= 0; age -= Math.Max(1, back / 6))
                {
                    _drop.Cite(run.History.Evidence(age));
                }

                _drop.Metrics["usualSeconds"] = _reference;
                _drop.TitleOf = draft =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"Steps take {draft.Metrics["seconds"].Number:0.###} s instead of "
                            + $"{draft.Metrics["usualSeconds"].Number:0.###} s since about step {draft.From.Step}: "
                            + $"{(1 - (draft.Metrics["usualSeconds"].Number / draft.Metrics["seconds"].Number)) * 100:0} "
                            + $"% of the throughput is gone"
                    );
                run.Report(_drop);
                // The slow rows so far were the beginning of this, not single steps.
                _slow.RemoveAll(slow => slow.Step >= _drop.From.Step);
                _baseline.Clear();
            }

            _drop.To = RowHistory.PositionOf(row);
            _drop.Metrics["seconds"] = _recent.Level;
        }
        else
        {
            _drop = null;
            // Follows slow improvement, never slow decay: decay is what it is there to see.
            _reference = Math.Min(_reference, _recent.Level);
        }
    }

    private void ReportSlow(RunTimeline run)
    {
        var triage = Triage!;
        var share = TotalSeconds > 0 ? SlowSeconds / TotalSeconds : 0;
        var first = _worst.MinBy(worst => worst.Position.Line);
        var last = _worst.MaxBy(worst => worst.Position.Line);
        var draft = new FindingDraft
        {
            Kind = FindingKinds.SlowSteps,
            Severity = share >= 0.05 && triage.Pattern != SlowStepTriage.Periodic ? Severity.Warning : Severity.Info,
            Title = string.Create(
                CultureInfo.InvariantCulture,
                $"{_slow.Count} slow {(_slow.Count == 1 ? "step" : "steps")} ({triage.Describe()}) cost "
                    + $"{SlowSeconds:0.#} s, {share * 100:0.##} % of the step time"
            ),
            From = first.Position,
            To = last.Position,
            File = run.File,
        };
        if (_firstSlow is not null)
        {
            draft.Cite(_firstSlow);
        }

        foreach (var worst in _worst)
        {
            draft.Cite(worst.Evidence);
        }

        draft.Metrics["count"] = _slow.Count;
        draft.Metrics["pattern"] = triage.Pattern;
        if (triage.Period > 0)
        {
            draft.Metrics["periodSteps"] = triage.Period;
        }

        draft.Metrics["secondsLost"] = Math.Round(SlowSeconds, 3);
        draft.Metrics["shareLost"] = Math.Round(share, 6);
        draft.Metrics["usualSeconds"] = Math.Round(_slow[^1].Usual, 6);
        run.Report(draft);
    }
}
