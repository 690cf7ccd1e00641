using System.Globalization;
using SelfDev.Core.Capabilities;
using SelfDev.Core.Findings;
using SelfDev.Core.Statistics;
using SelfDev.Core.Training.Model;

namespace SelfDev.Core.Training.Detectors;

/// <summary>A climb of the gradient norm in the rows before a loss spike: the earliest sign of it.</summary>
internal sealed record GradNormLead(
    long Step,
    double Norm,
    double Usual,
    Position From,
    IReadOnlyList<Evidence> Evidence
)
{
    /// <summary>Rows before the onset that are searched, and rows before those that say what is usual.</summary>
    private const int LeadRows = 32;
    private const int UsualRows = 128;

    /// <summary>How far above the usual norm counts: as many robust sigmas, and as many times the usual.</summary>
    private const double Sigmas = 6;
    private const double Factor = 2;

    /// <summary>Looks back from the newest row, the onset.</summary>
    public static GradNormLead? Find(RunTimeline run)
    {
        var history = run.History;
        var related = run.Related;
        var usual = new List<double>(UsualRows);
        var rows = Math.Min(related - 1, LeadRows);
        for (var age = rows; age < Math.Min(related, rows + UsualRows); age++)
        {
            AddNorm(history, age, usual);
        }

        if (usual.Count < 8)
        {
            // A short log: the rows before the last few say what is usual.
            usual.Clear();
            rows = Math.Min(related - 1, 4);
            for (var age = Math.Min(2, related - 1); age < related; age++)
            {
                AddNorm(history, age, usual);
            }

            if (usual.Count == 0)
            {
                return null;
            }
        }

        var level = RobustBaseline.Median(usual.ToArray());
        var noise =
            RobustBaseline.MadToSigma * RobustBaseline.Median(usual.Select(norm => Math.Abs(norm - level)).ToArray());
        var limit = Math.Max(level + (Sigmas * noise), Factor * level);
        var oldest = 0;
        for (int age = 1, quiet = 0; age <= rows && quiet < 2; age++)
        {
            if (!history[age].Carries(StepFields.GradNorm))
            {
                continue;
            }

            if (history[age].GradNorm > limit && level > 0)
            {
                oldest = age;
                quiet = 0;
            }
            else
            {
                quiet++;
            }
        }

        if (oldest == 0)
        {
            return null;
        }

        var evidence = new List<Evidence>();
        if (oldest + 1 < related)
        {
            evidence.Add(history.Evidence(oldest + 1));
        }

        for (var age = oldest; age >= 0 && evidence.Count < 8; age--)
        {
            evidence.Add(history.Evidence(age));
        }

        return new GradNormLead(
            history[oldest].Step,
            history[oldest].GradNorm,
            level,
            history.Position(oldest),
            evidence
        );
    }

    public FindingDraft ToDraft(in StepRow onset, RunTimeline run)
    {
        var draft = new FindingDraft
        {
            Kind = FindingKinds.GradNormSurge,
            Severity = Severity.Warning,
            Role = FindingRole.Symptom,
            Title = string.Create(
                CultureInfo.InvariantCulture,
                $"Gradient norm rose to {Norm:0.####} from {Usual:0.####} at step {Step}, {Words(onset.Step - Step)} "
                    + $"before the loss spike"
            ),
            From = From,
            To = RowHistory.PositionOf(onset),
            File = run.File,
        };
        foreach (var line in Evidence)
        {
            draft.Cite(line);
        }

        draft.Metrics["usual"] = Usual;
        draft.Metrics["norm"] = Norm;
        draft.Metrics["leadSteps"] = onset.Step - Step;
        if (From.Time is { } from && onset.Carries(StepFields.Time))
        {
            draft.Metrics["leadMinutes"] = Math.Round(
                (onset.TimeTicks - from.Ticks) / (double)TimeSpan.TicksPerMinute,
                2
            );
        }

        return draft;
    }

    private static string Words(long steps) =>
        steps == 1 ? "1 step" : string.Create(CultureInfo.InvariantCulture, $"{steps} steps");

    private static void AddNorm(RowHistory history, int age, List<double> norms)
    {
        ref readonly var row = ref history[age];
        if (row.Carries(StepFields.GradNorm) && double.IsFinite(row.GradNorm) && row.GradNorm > 0)
        {
            norms.Add(row.GradNorm);
        }
    }
}
