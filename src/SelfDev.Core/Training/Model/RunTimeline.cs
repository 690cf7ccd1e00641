using SelfDev.Core.Artifacts;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Training.Model;

/// <summary>Sees a run row by row, in order of the log, and says at the end what it found.</summary>
internal interface IRunDetector
{
    /// <summary>A row of whatever rank, before it is known whether it is one of the run.</summary>
    /// <param name="text">The line, valid for this call.</param>
    void OnAnyRank(in StepRow row, ReadOnlySpan<byte> text, RunTimeline run) { }

    /// <summary>A row of the run; it is already the newest of <see cref="RunTimeline.History"/>.</summary>
    void OnRow(in StepRow row, RunTimeline run);

    /// <summary>A new segment begins with the row that follows.</summary>
    void OnSegment(RunSegment segment, RunTimeline run);

    /// <summary>A line that is no row.</summary>
    void OnEvent(LogEvent noted, RunTimeline run);

    void Finish(RunTimeline run);
}

/// <summary>
/// One file as the course of a run: rows of one rank in rising steps, folded into segments. Repeated and out-of-order
/// rows are counted and left out; a step that falls back and goes on from there begins a segment.
/// </summary>
internal sealed class RunTimeline(int file, string? name, IReadOnlyList<IRunDetector> detectors)
{
    private const int MaxPendingText = 1200;
    private const int MaxFindings = 2000;
    private const int MaxSegments = 4096;

    private readonly byte[] _pendingText = new byte[MaxPendingText];
    private StepRow _pending;
    private int _pendingLength;
    private bool _hasPending;
    private StepRow _last;
    private long _sinceGap;
    private int _primaryRank = int.MinValue;

    /// <value>Index of the file in the request.</value>
    public int File { get; } = file;

    /// <value>The file's name for evidence; null where it is the only one.</value>
    public string? Name { get; } = name;

    public RowHistory History { get; } = new(name);

    public List<RunSegment> Segments { get; } = [];

    public RunSegment Segment => Segments[^1];

    public List<FindingDraft> Findings { get; } = [];

    /// <value>Findings and segments that were dropped to keep memory bounded; the least severe and the oldest
    /// ones.</value>
    public int FindingsLeftOut { get; private set; }

    public long SegmentsLeftOut { get; private set; }

    public long Rows { get; private set; }

    /// <value>Rows of <see cref="History"/> that belong to this run and not to what stood before a gap.</value>
    public int Related => (int)Math.Min(_sinceGap, History.Count);

    public long EvalRows { get; private set; }

    public long Duplicates { get; private set; }

    public long OutOfOrder { get; private set; }

    public long OtherRanks { get; private set; }

    public long TotalSteps { get; private set; }

    public double LastCheckpoint { get; private set; } = double.NaN;

    /// <value>UTC of the first and last line with a time.</value>
    public long FirstTicks { get; private set; }

    public long LastTicks { get; private set; }

    public SortedSet<int> Ranks { get; } = [];

    /// <summary>Whether anything tells the order of this run at all.</summary>
    public bool HasRows => Rows > 0;

    /// <summary>Takes in a block's rows and events in order of line.</summary>
    public void Add(BlockScan scan, TextBlock block)
    {
        var events = 0;
        for (var i = 0; i < scan.Rows.Count; i++)
        {
            var row = scan.Rows[i];
            while (events < scan.Events.Count && scan.Events[events].Line < row.Line)
            {
                AddEvent(scan.Events[events++]);
            }

            AddRow(row, block.Bytes.Slice((int)(row.Offset - block.Offset), row.Length));
        }

        while (events < scan.Events.Count)
        {
            AddEvent(scan.Events[events++]);
        }
    }

    public void AddEvent(LogEvent noted)
    {
        if (noted.Type == LogEventType.CheckpointSaved)
        {
            var step = double.IsNaN(noted.Value) ? _last.Step : noted.Value;
            LastCheckpoint = step;
        }

        if (noted.Rank >= 0 && Ranks.Count < 65536)
        {
            Ranks.Add(noted.Rank);
        }

        Clock(noted.HasNoYear ? 0 : noted.TimeTicks);
        foreach (var detector in detectors)
        {
            detector.OnEvent(noted, this);
        }
    }

    public void AddRow(StepRow row, ReadOnlySpan<byte> text)
    {
        if (row.Rank >= 0 && Ranks.Count < 65536)
        {
            Ranks.Add(row.Rank);
        }

        if (!row.Carries(StepFields.Step))
        {
            // Printouts without a step are numbered as they come.
            row.Step = _last.Has == 0 ? 1 : _last.Step + 1;
            row.Has |= StepFields.Step;
        }

        Clock(row.Carries(StepFields.Time) ? row.TimeTicks : 0);
        if (row.Carries(StepFields.EvalLoss) && !row.Carries(StepFields.Loss))
        {
            EvalRows++;
            _sinceGap++;
            History.Add(row, text);
            Dispatch(row);
            return;
        }

        foreach (var detector in detectors)
        {
            detector.OnAnyRank(row, text, this);
        }

        if (_primaryRank == int.MinValue)
        {
            _primaryRank = row.Rank;
        }
        else if (row.Rank != _primaryRank && row.Rank >= 0 && _primaryRank >= 0)
        {
            OtherRanks++;
            return;
        }

        if (_hasPending)
        {
            _hasPending = false;
            if (
                row.Step > _last.Step
                && row.Step - _last.Step <= 4 * Segment.Stride
                && row.Step > _pending.Step + (4 * Segment.Stride)
            )
            {
                // The row before was a straggler: the run goes on where it was.
                OutOfOrder++;
            }
            else
            {
                Begin(SegmentStart.Resume, _pending);
                Accept(_pending, _pendingText.AsSpan(0, _pendingLength));
            }
        }

        if (Segments.Count == 0)
        {
            Begin(SegmentStart.Beginning, row);
        }
        else if (row.Step == _last.Step && row.Carries(StepFields.Step))
        {
            if (IsOtherValue(row))
            {
                // The same step with another outcome: it was trained again.
                Begin(
                    row.Carries(StepFields.TotalSteps) && row.TotalSteps != TotalSteps
                        ? SegmentStart.Gap
                        : SegmentStart.Resume,
                    row
                );
            }
            else
            {
                Duplicates++;
                return;
            }
        }
        else if (row.Carries(StepFields.TotalSteps) && TotalSteps > 0 && row.TotalSteps != TotalSteps)
        {
            Begin(SegmentStart.Gap, row);
        }
        else if (row.Step < _last.Step)
        {
            _pending = row;
            _pendingLength = Math.Min(text.Length, MaxPendingText);
            text[.._pendingLength].CopyTo(_pendingText);
            _hasPending = true;
            return;
        }
        else if (Segment.Rows >= 2 && row.Step - _last.Step > Math.Max(50, 20 * Segment.Stride))
        {
            Begin(SegmentStart.Gap, row);
        }

        Accept(row, text);
    }

    public void Finish()
    {
        if (_hasPending)
        {
            _hasPending = false;
            Begin(SegmentStart.Resume, _pending);
            Accept(_pending, _pendingText.AsSpan(0, _pendingLength));
        }

        foreach (var detector in detectors)
        {
            detector.Finish(this);
        }
    }

    /// <summary>Keeps a finding; of too many, the more severe ones stay.</summary>
    public void Report(FindingDraft finding)
    {
        if (Findings.Count >= MaxFindings)
        {
            FindingsLeftOut++;
            var weaker = Findings.FindIndex(kept => kept.Severity < finding.Severity);
            if (weaker < 0)
            {
                return;
            }

            Findings.RemoveAt(weaker);
        }

        Findings.Add(finding);
    }

    public Evidence Cite(LogEvent noted) => new(noted.Line, noted.Offset, noted.Text) { File = Name };

    /// <summary>An event's time, with the year of the run where the line has none.</summary>
    public DateTimeOffset? TimeOf(LogEvent noted)
    {
        if (noted.TimeTicks == 0)
        {
            return null;
        }

        if (!noted.HasNoYear)
        {
            return new DateTimeOffset(noted.TimeTicks, TimeSpan.Zero);
        }

        if (LastTicks == 0)
        {
            return null;
        }

        var time = new DateTime(noted.TimeTicks);
        var year = new DateTime(LastTicks).Year;
        return time is { Month: 2, Day: 29 } && !DateTime.IsLeapYear(year)
            ? null
            : new DateTimeOffset(new DateTime(year, time.Month, time.Day) + time.TimeOfDay, TimeSpan.Zero);
    }

    private bool IsOtherValue(in StepRow row) =>
        (row.Carries(StepFields.Loss) && _last.Carries(StepFields.Loss) && !row.Loss.Equals(_last.Loss))
        || (
            row.Carries(StepFields.StepSeconds)
            && _last.Carries(StepFields.StepSeconds)
            && row.StepSeconds != _last.StepSeconds
        );

    private void Begin(SegmentStart start, in StepRow row)
    {
        var repeated = start == SegmentStart.Resume ? Math.Max(0, _last.Step - row.Step + 1) : 0;
        var segment = new RunSegment
        {
            Start = start,
            First = RowHistory.PositionOf(row),
            Last = RowHistory.PositionOf(row),
            RepeatedSteps = repeated,
        };
        if (Segments.Count >= MaxSegments)
        {
            Segments.RemoveAt(1);
            SegmentsLeftOut++;
        }

        Segments.Add(segment);
        _sinceGap = start == SegmentStart.Gap ? 0 : _sinceGap;
        foreach (var detector in detectors)
        {
            detector.OnSegment(segment, this);
        }
    }

    private void Accept(in StepRow row, ReadOnlySpan<byte> text)
    {
        var segment = Segment;
        if (segment.Rows > 0)
        {
            // The smallest distance seen lately: a lost line doubles one distance, it does not change the stride.
            var distance = Math.Max(1, row.Step - _last.Step);
            segment.Stride = segment.Rows == 1 ? distance : Math.Max(1, Math.Min(distance, segment.Stride * 2));
        }

        segment.Rows++;
        segment.Last = RowHistory.PositionOf(row);
        if (row.Carries(StepFields.Loss) && double.IsFinite(row.Loss))
        {
            segment.MinLoss = Math.Min(segment.MinLoss, row.Loss);
            segment.LastLoss = row.Loss;
        }

        if (row.Carries(StepFields.TotalSteps))
        {
            TotalSteps = row.TotalSteps;
        }

        Rows++;
        _sinceGap++;
        History.Add(row, text);
        Dispatch(row);
        _last = row;
        _last.Has |= StepFields.Step;
    }

    private void Dispatch(in StepRow row)
    {
        foreach (var detector in detectors)
        {
            detector.OnRow(row, this);
        }
    }

    private void Clock(long ticks)
    {
        if (ticks > 0)
        {
            FirstTicks = FirstTicks == 0 ? ticks : FirstTicks;
            LastTicks = ticks;
        }
    }
}
