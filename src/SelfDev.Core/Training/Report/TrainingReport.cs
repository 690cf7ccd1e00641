using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Text;
using SelfDev.Core.Training.Model;
using SelfDev.Core.Training.Reading;

namespace SelfDev.Core.Training.Report;

/// <summary>Verdict, figures and curves of a training artifact.</summary>
internal static class TrainingReport
{
    private const int MaxSegments = 64;

    public static TrainingSummary Summarise(
        IReadOnlyList<FileAnalysis> files,
        IReadOnlyList<Finding> findings,
        int leftOut,
        IReadOnlyList<RunAlignment> alignments
    ) =>
        new()
        {
            Verdict = Verdict(files, findings),
            RootFinding = Chief(findings)?.Id,
            Runs = [.. files.Select(Run)],
            FindingsLeftOut = leftOut,
            Alignments = alignments,
        };

    public static ReportDocument Document(
        IReadOnlyList<FileAnalysis> files,
        IReadOnlyList<FindingDraft> drafts,
        IReadOnlyList<Finding> findings,
        TrainingSummary summary
    )
    {
        var blocks = new List<ReportBlock>();
        foreach (var file in files.Where(file => file.Run.HasRows))
        {
            var title = files.Count > 1 ? SafeText.SingleLine(file.File.Name) + ": " : "";
            blocks.AddRange(
                file.Charts.Charts(
                    title,
                    Marks(
                        file,
                        drafts,
                        findings,
                        FindingKinds.LossSpike,
                        FindingKinds.NonFinite,
                        FindingKinds.Divergence,
                        FindingKinds.Plateau,
                        FindingKinds.ResumeDiscontinuity
                    ),
                    Marks(file, drafts, findings, FindingKinds.GradNormSurge),
                    Marks(
                        file,
                        drafts,
                        findings,
                        FindingKinds.SlowSteps,
                        FindingKinds.ThroughputDrop,
                        FindingKinds.Stall
                    )
                )
            );
        }

        blocks.Add(Figures(summary));
        if (summary.Alignments.Count > 0)
        {
            blocks.Add(Alignments(summary.Alignments));
        }

        foreach (var run in summary.Runs.Where(run => run.Segments.Count > 1))
        {
            blocks.Add(Segments(run));
        }

        return new ReportDocument("Training run diagnosis", summary.Verdict, blocks);
    }

    private static string Verdict(IReadOnlyList<FileAnalysis> files, IReadOnlyList<Finding> findings)
    {
        var chief = Chief(findings);
        var place = files.Any(file => file.Run.HasRows)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $" The log reaches step "
                    + $"{files.Where(file => file.Run.HasRows).Max(file => file.Run.Segments[^1].Last.Step)}."
            )
            : " The log holds no metric rows.";
        if (chief is null)
        {
            return "Nothing in the log asks for action." + place;
        }

        var effects = findings.Count(finding => Follows(finding, chief, findings));
        var at = chief.From.Step is { } step
            ? string.Create(CultureInfo.InvariantCulture, $" (line {chief.From.Line}, step {step})")
            : string.Create(CultureInfo.InvariantCulture, $" (line {chief.From.Line})");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{chief.Title}{at}.{(effects > 0 ? $" {effects} {(effects == 1 ? "finding follows" : "findings follow")} from it." : "")}{place}"
        );
    }

    /// <summary>The root to look at first: the most severe, then the one that explains most, then the
    /// earliest.</summary>
    private static Finding? Chief(IReadOnlyList<Finding> findings) =>
        findings
            .Where(finding => finding.Severity >= Severity.Warning && finding.Kind != FindingKinds.InsufficientData)
            .OrderBy(finding => finding.Role == FindingRole.Root ? 0 : 1)
            .ThenByDescending(finding => finding.Severity)
            .ThenByDescending(finding => findings.Count(other => Follows(other, finding, findings)))
            .ThenBy(finding => finding.From.Line)
            .FirstOrDefault();

    private static bool Follows(Finding finding, Finding root, IReadOnlyList<Finding> findings)
    {
        for (var depth = 0; finding.CausedBy is { } cause && depth < 8; depth++)
        {
            if (cause == root.Id)
            {
                return true;
            }

            if (findings.FirstOrDefault(other => other.Id == cause) is not { } next)
            {
                return false;
            }

            finding = next;
        }

        return false;
    }

    private static RunSummary Run(FileAnalysis file)
    {
        var run = file.Run;
        var loss = file.Charts.Loss;
        var checkpoint = run.LastCheckpoint;
        return new RunSummary
        {
            File = file.File.Name,
            Format = file.Format,
            Rows = run.Rows,
            EvaluationRows = run.EvalRows,
            FirstStep = run.HasRows ? run.Segments[0].First.Step : null,
            LastStep = run.HasRows ? run.Segments[^1].Last.Step : null,
            TotalSteps = run.TotalSteps > 0 ? run.TotalSteps : null,
            FirstLoss = loss.Count > 0 ? loss[0].Y : null,
            LastLoss = run.HasRows ? Finite(run.Segments[^1].LastLoss) : null,
            BestLoss = run.HasRows ? Finite(run.Segments.Min(segment => segment.MinLoss)) : null,
            UsualStepSeconds = Finite(file.Times.UsualSeconds),
            SlowStepSeconds = file.Times.SlowSeconds > 0 ? Math.Round(file.Times.SlowSeconds, 3) : null,
            SlowStepShare =
                file.Times.SlowSeconds > 0 ? Math.Round(file.Times.SlowSeconds / file.Times.TotalSeconds, 6) : null,
            StepsRepeated = file.Resumes.StepsLost,
            Duplicates = run.Duplicates,
            OutOfOrder = run.OutOfOrder,
            OtherRanks = run.OtherRanks,
            MinorLossOutliers = file.Spikes.MinorOutliers,
            LastCheckpointStep = double.IsNaN(checkpoint) ? null : (long)checkpoint,
            SilentAfterSeconds = Finite(file.Times.SilentAfterSeconds),
            LastTime = run.LastTicks > 0 ? new DateTimeOffset(run.LastTicks, TimeSpan.Zero) : null,
            Segments =
            [
                .. run
                    .Segments.Take(MaxSegments)
                    .Select(segment => new SegmentSummary(
                        segment.Start,
                        segment.First.Line,
                        segment.First.Step,
                        segment.Last.Line,
                        segment.Last.Step,
                        segment.Rows,
                        segment.RepeatedSteps,
                        Finite(segment.MinLoss)
                    )),
            ],
        };
    }

    private static Table Figures(TrainingSummary summary) =>
        new(
            "Runs",
            [
                "file",
                "format",
                "rows",
                "steps",
                "first loss",
                "best loss",
                "last loss",
                "step time (s)",
                "slow steps (s)",
                "steps repeated",
            ],
            [
                .. summary.Runs.Select(run =>
                    (IReadOnlyList<string>)
                        [
                            SafeText.SingleLine(run.File),
                            run.Format,
                            Text(run.Rows),
                            run.FirstStep is null ? "" : $"{Text(run.FirstStep)} to {Text(run.LastStep)}",
                            Text(run.FirstLoss),
                            Text(run.BestLoss),
                            Text(run.LastLoss),
                            Text(run.UsualStepSeconds),
                            Text(run.SlowStepSeconds),
                            Text(run.StepsRepeated),
                        ]
                ),
            ]
        )
        {
            NumericColumns = [2, 4, 5, 6, 7, 8, 9],
        };

    private static Table Alignments(IReadOnlyList<RunAlignment> alignments) =>
        new(
            "Loss spikes that runs share: the same data makes the same spikes, step for step",
            [
                "run",
                "other run",
                "verdict",
                "common steps",
                "spikes",
                "other's spikes",
                "shared",
                "expected by chance",
                "p",
            ],
            [
                .. alignments.Select(alignment =>
                    (IReadOnlyList<string>)
                        [
                            SafeText.SingleLine(alignment.RunA),
                            SafeText.SingleLine(alignment.RunB),
                            alignment.Verdict,
                            $"{Text(alignment.FromStep)} to {Text(alignment.ToStep)}",
                            Text(alignment.SpikesA),
                            Text(alignment.SpikesB),
                            Text(alignment.Shared),
                            Text(alignment.ExpectedShared),
                            alignment.PValue.ToString("0.##E0", CultureInfo.InvariantCulture),
                        ]
                ),
            ]
        )
        {
            NumericColumns = [4, 5, 6, 7, 8],
        };

    private static Table Segments(RunSummary run) =>
        new(
            $"Segments of {SafeText.SingleLine(run.File)}",
            ["begins as", "lines", "steps", "rows", "steps repeated", "best loss"],
            [
                .. run.Segments.Select(segment =>
                    (IReadOnlyList<string>)
                        [
                            segment.Start.ToString().ToLowerInvariant(),
                            $"{Text(segment.FirstLine)} to {Text(segment.LastLine)}",
                            $"{Text(segment.FirstStep)} to {Text(segment.LastStep)}",
                            Text(segment.Rows),
                            Text(segment.RepeatedSteps),
                            Text(segment.BestLoss),
                        ]
                ),
            ]
        )
        {
            NumericColumns = [3, 4, 5],
        };

    private static List<ChartMark> Marks(
        FileAnalysis file,
        IReadOnlyList<FindingDraft> drafts,
        IReadOnlyList<Finding> findings,
        params string[] kinds
    )
    {
        var marks = new List<ChartMark>();
        for (var i = 0; i < findings.Count; i++)
        {
            if (
                drafts[i].File == file.Run.File
                && kinds.Contains(findings[i].Kind)
                && findings[i].From.Step is { } from
            )
            {
                marks.Add(new ChartMark(from, findings[i].To.Step ?? from, findings[i].Id));
            }
        }

        return marks;
    }

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static string Text(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static string Text(double? value) => value?.ToString("0.####", CultureInfo.InvariantCulture) ?? "";
}
