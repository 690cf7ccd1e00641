using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Statistics;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>
/// Loss spikes by median and median absolute deviation (ALGORITHMS: loss spike (a)), with persistence and recovery: a
/// spike is an episode from its onset to the second row in a row that is back. Classes as in stas00/ml-engineering,
/// training-loss-patterns: fast-recovering, slow-recovering, not-recovering, resume-related. Besides, gradual
/// divergence: the smoothed loss leaves its best value and stays away.
/// </summary>
internal sealed class LossSpikeDetector(TrainingOptions options) : IRunDetector
{
    /// <summary>Share above the best smoothed loss, and rows, that make a divergence.</summary>
    private const double DivergenceShare = 0.2;
    private const int DivergenceRows = 64;

    /// <summary>One-row outliers that become findings of their own; weaker ones are only counted.</summary>
    private const double OutlierShare = 0.2;

    /// <summary>Rows before the onset that a finding cites.</summary>
    private const int CitedRows = 5;

    /// <summary>Rows after a resume in which a spike is put down to it.</summary>
    private const int ResumeRows = 32;

    private const int MaxSpikes = 20_000;

    private readonly RobustBaseline _baseline = new(options.Window, 16);
    private Episode? _episode;
    private double _best = double.PositiveInfinity;
    private long _rowsAboveBest;
    private FindingDraft? _divergence;
    private int _rising;
    private double _risingFrom;
    private double _previous = double.NaN;

    /// <value>Episodes that ended, for recovery forecasts and for the comparison of runs.</value>
    public List<SpikeRecord> Spikes { get; } = [];

    /// <value>The spike that the log ends in; null where the loss is on its course.</value>
    public FindingDraft? InProgress { get; private set; }

    /// <value>Outliers of one row, too weak to be findings.</value>
    public long MinorOutliers { get; private set; }

    public void OnSegment(RunSegment segment, RunTimeline run)
    {
        Close(run, recovered: false);
        _rising = 0;
        _previous = double.NaN;
        if (segment.Start != SegmentStart.Resume)
        {
            _baseline.Clear();
            _best = double.PositiveInfinity;
            _rowsAboveBest = 0;
            _divergence = null;
        }
    }

    public void OnEvent(LogEvent noted, RunTimeline run) { }

    public void OnRow(in StepRow row, RunTimeline run)
    {
        if (!row.Carries(StepFields.Loss) || !double.IsFinite(row.Loss))
        {
            return;
        }

        var loss = row.Loss;
        if (_episode is not null)
        {
            Continue(row, run);
            if (_episode is not null)
            {
                return;
            }
        }
        else if (IsSpike(loss, run, out var sigmas))
        {
            Open(row, run, sigmas);
            return;
        }

        Rise(row, run);
        _baseline.Add(loss);
        Diverge(row, run);
    }

    public void Finish(RunTimeline run)
    {
        var open = _episode is not null;
        Close(run, recovered: false);
        // The last draft is the spike that the log ends in, unless it was too weak to be one.
        InProgress = open
            ? run.Findings.FindLast(finding =>
                finding.Kind == FindingKinds.LossSpike && finding.Metrics["recovered"].ToString() == "false"
            )
            : null;
    }

    private bool IsSpike(double loss, RunTimeline run, out double sigmas)
    {
        sigmas = 0;
        var count = Math.Min(
            _baseline.Count,
            run.Segment.Start == SegmentStart.Resume ? _baseline.Count : run.Segment.Rows
        );
        var level = _baseline.Level;
        // The fewer rows know the level, the larger the jump must be; a single row knows nothing but a catastrophe.
        var (share, sigma, floor) = count switch
        {
            >= 64 => (options.SpikeShare, options.SpikeSigma, 0.0),
            >= 32 => (Math.Max(0.15, options.SpikeShare), options.SpikeSigma + 1, 0.0),
            >= 8 => (Math.Max(0.25, options.SpikeShare), options.SpikeSigma + 3, 0.0),
            >= 1 => (0.5, options.SpikeSigma + 3, 1.0),
            _ => (double.PositiveInfinity, 0, 0),
        };
        var excess = loss - level;
        if (!(excess > share * Math.Abs(level)) || excess < floor)
        {
            return false;
        }

        var noise = _baseline.Noise();
        sigmas = excess / noise;
        // Around zero a share says nothing: losses of reinforcement learning need more sigmas.
        return sigmas >= (Math.Abs(level) < 5 * noise ? 2 * sigma : sigma);
    }

    private void Open(in StepRow row, RunTimeline run, double sigmas)
    {
        var resumed = run.Segment.Start == SegmentStart.Resume && run.Segment.Rows <= ResumeRows;
        _episode = new Episode
        {
            Onset = row,
            Level = _baseline.Level,
            Noise = _baseline.Noise(),
            Sigmas = sigmas,
            Peak = row.Loss,
            PeakStep = row.Step,
            Last = RowHistory.PositionOf(row),
            LastStep = row.Step,
            Resumed = resumed,
            Rows = 1,
            Lead = GradNormLead.Find(run),
        };
        // The level that the finding states is the median of the rows that it cites.
        var cited = new List<double>();
        for (var age = run.Related - 1; age >= 1; age--)
        {
            if (
                age <= CitedRows + 2
                && cited.Count < CitedRows
                && run.History[age].Carries(StepFields.Loss)
                && double.IsFinite(run.History[age].Loss)
            )
            {
                cited.Add(run.History[age].Loss);
                _episode.Evidence.Add(run.History.Evidence(age));
            }
        }

        _episode.CitedLevel = cited.Count > 0 ? RobustBaseline.Median(cited.ToArray()) : _baseline.Level;
        _episode.Evidence.Add(run.History.Evidence(0));
        _rising = 0;
        _previous = double.NaN;
    }

    private void Continue(in StepRow row, RunTimeline run)
    {
        var episode = _episode!;
        var back = Math.Max(4 * episode.Noise, 0.05 * Math.Abs(episode.Level));
        if (row.Loss <= episode.Level + back)
        {
            episode.RowsBack++;
            if (episode.RowsBack == 1)
            {
                episode.Back = run.History.Evidence(0);
                episode.BackStep = row.Step;
            }

            if (episode.RowsBack >= 2 || episode.Rows == 1)
            {
                Close(run, recovered: true);
            }

            return;
        }

        episode.RowsBack = 0;
        episode.Rows++;
        episode.Last = RowHistory.PositionOf(row);
        episode.LastStep = row.Step;
        if (row.Loss > episode.Peak)
        {
            episode.Peak = row.Loss;
            episode.PeakStep = row.Step;
            episode.PeakEvidence = run.History.Evidence(0);
        }
        else if (episode.Evidence.Count < CitedRows + 3)
        {
            episode.Evidence.Add(run.History.Evidence(0));
        }

        episode.LastRow = run.History.Total - 1;
        if (episode.Rows >= options.NoRecoveryRows)
        {
            Close(run, recovered: false);
        }
    }

    private void Close(RunTimeline run, bool recovered)
    {
        if (_episode is not { } episode)
        {
            return;
        }

        _episode = null;
        recovered |= episode.RowsBack > 0;
        var share = (episode.Peak / episode.Level) - 1;
        if (Spikes.Count < MaxSpikes)
        {
            Spikes.Add(
                new SpikeRecord(
                    episode.Onset.Step,
                    episode.LastStep,
                    episode.Peak,
                    episode.Level,
                    episode.Sigmas,
                    episode.Rows,
                    recovered
                )
            );
        }

        if (!recovered)
        {
            // What comes after is judged by where the loss is now.
            _baseline.Clear();
        }

        if (recovered && episode.Rows == 1 && share < OutlierShare && episode.Lead is null)
        {
            MinorOutliers++;
            return;
        }

        run.Report(Draft(episode, recovered, run));
    }

    private FindingDraft Draft(Episode episode, bool recovered, RunTimeline run)
    {
        var kind =
            episode.Resumed ? "resume-related"
            : !recovered ? "not-recovering"
            : episode.Rows <= options.FastRecoveryRows ? "fast-recovering"
            : "slow-recovering";
        var severity = kind switch
        {
            "not-recovering" => Severity.Critical,
            "slow-recovering" => Severity.Warning,
            _ => episode.Rows >= 3 || episode.Lead is not null ? Severity.Warning : Severity.Info,
        };
        if (!recovered && episode.Rows < 3)
        {
            // The log ends on it: it may well recover.
            severity = Severity.Error;
        }

        var draft = new FindingDraft
        {
            Kind = FindingKinds.LossSpike,
            Severity = severity,
            Title = string.Create(
                CultureInfo.InvariantCulture,
                $"Loss rose from {episode.CitedLevel:0.####} to {episode.Peak:0.####} at step {episode.Onset.Step}, "
                    + $"{Words(kind, episode, recovered)}"
            ),
            From = RowHistory.PositionOf(episode.Onset),
            To = episode.Last,
            File = run.File,
        };
        foreach (var evidence in episode.Evidence)
        {
            draft.Cite(evidence);
        }

        foreach (var evidence in new[] { episode.PeakEvidence, run.History.EvidenceOf(episode.LastRow), episode.Back })
        {
            if (evidence is not null)
            {
                draft.Cite(evidence);
            }
        }

        draft.Metrics["class"] = kind;
        draft.Metrics["level"] = episode.CitedLevel;
        draft.Metrics["peak"] = episode.Peak;
        draft.Metrics["peakStep"] = episode.PeakStep;
        draft.Metrics["rows"] = episode.Rows;
        draft.Metrics["recovered"] = recovered;
        if (recovered && episode.Back is not null)
        {
            draft.Metrics["recoveredAtStep"] = episode.BackStep;
        }

        if (episode.Lead is { } lead)
        {
            var surge = lead.ToDraft(episode.Onset, run);
            surge.CausedBy = draft;
            run.Report(surge);
            draft.Metrics["gradNormLeadSteps"] = episode.Onset.Step - lead.Step;
        }

        return draft;
    }

    private static string Words(string kind, Episode episode, bool recovered) =>
        kind switch
        {
            "not-recovering" => "and has not come back",
            "resume-related" when !recovered => "just after a resume, and has not come back",
            "resume-related" => "just after a resume",
            "slow-recovering" => string.Create(
                CultureInfo.InvariantCulture,
                $"and took {episode.Rows} rows to come back"
            ),
            _ when episode.Rows == 1 => "for one row",
            _ => string.Create(CultureInfo.InvariantCulture, $"and came back after {episode.Rows} rows"),
        };

    /// <summary>A short log cannot show a baseline, yet three rises in a row by a third and more are no
    /// noise.</summary>
    private void Rise(in StepRow row, RunTimeline run)
    {
        if (row.Loss > _previous)
        {
            _risingFrom = _rising == 0 ? _previous : _risingFrom;
            _rising++;
        }
        else
        {
            _rising = 0;
        }

        _previous = row.Loss;
        if (_rising >= 3 && run.Segment.Rows <= 64 && row.Loss > 1.33 * _risingFrom && row.Loss - _risingFrom > 1)
        {
            StartOrExtendDivergence(row, run, _risingFrom, Math.Min(_rising, run.Related - 1));
        }
    }

    private void Diverge(in StepRow row, RunTimeline run)
    {
        if (_baseline.Count < 16)
        {
            return;
        }

        _best = Math.Min(_best, _baseline.Level);
        _rowsAboveBest = _best > 0 && _baseline.Level > _best * (1 + DivergenceShare) ? _rowsAboveBest + 1 : 0;
        if (_rowsAboveBest == 0)
        {
            _divergence = null;
        }
        else if (_rowsAboveBest >= DivergenceRows)
        {
            StartOrExtendDivergence(row, run, _best, Math.Min(DivergenceRows, run.Related - 1));
        }
    }

    private void StartOrExtendDivergence(in StepRow row, RunTimeline run, double from, int rowsBack)
    {
        if (_divergence is null)
        {
            _divergence = new FindingDraft
            {
                Kind = FindingKinds.Divergence,
                Severity = Severity.Error,
                Title = "",
                From = run.History.Position(rowsBack),
                To = RowHistory.PositionOf(row),
                File = run.File,
            };
            _divergence.TitleOf = draft =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Loss has been climbing away from {from:0.####} since step {draft.From.Step}, to "
                        + $"{draft.Metrics["to"].Number:0.####} at step {draft.To.Step}"
                );
            _divergence.Metrics["class"] = "gradual";
            _divergence.Metrics["from"] = from;
            for (var age = rowsBack; age >= 0; age -= Math.Max(1, rowsBack / 5))
            {
                _divergence.Cite(run.History.Evidence(age));
            }

            run.Report(_divergence);
        }

        _divergence.To = RowHistory.PositionOf(row);
        if (_divergence.HasRoomForEvidence)
        {
            _divergence.Cite(run.History.Evidence(0));
        }

        _divergence.Metrics["to"] = row.Loss;
    }

    private sealed class Episode
    {
        public required StepRow Onset { get; init; }

        public required double Level { get; init; }

        public required double Noise { get; init; }

        public required double Sigmas { get; init; }

        public required bool Resumed { get; init; }

        public double CitedLevel { get; set; }

        public double Peak { get; set; }

        public long PeakStep { get; set; }

        public required Position Last { get; set; }

        public long LastStep { get; set; }

        public int Rows { get; set; }

        public int RowsBack { get; set; }

        public long BackStep { get; set; }

        public GradNormLead? Lead { get; init; }

        public List<Evidence> Evidence { get; } = [];

        public Evidence? PeakEvidence { get; set; }

        public long LastRow { get; set; } = -1;

        public Evidence? Back { get; set; }
    }
}
