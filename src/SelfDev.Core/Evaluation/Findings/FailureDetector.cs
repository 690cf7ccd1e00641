using System.Globalization;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Comparison;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Findings;

namespace SelfDev.Core.Evaluation.Findings;

/// <summary>What the failures of single items say: errors of the harness, items that fail alike, items that fail only
/// sometimes.</summary>
internal sealed class FailureDetector(EvaluationFindings findings, EvaluationProposals proposals)
{
    /// <summary>Attribute values that become a finding; the report's table has more.</summary>
    private const int MaxAttributes = 5;

    /// <summary>Share of samples with harness errors from which the harness is the story, not the model.</summary>
    private const double HarnessErrorShare = 0.02;

    public void Detect(RunComparison comparison, Place start)
    {
        HarnessErrors(comparison, start);
        Clusters(comparison);
        Flaky(comparison, start);
    }

    private void HarnessErrors(RunComparison comparison, Place start)
    {
        foreach (var (task, matrix) in comparison.TransitionsByTask)
        {
            var errors = TransitionMatrix.Outcomes.Sum(from => matrix[from, SampleOutcome.HarnessError]);
            var before = TransitionMatrix.Outcomes.Sum(to => matrix[SampleOutcome.HarnessError, to]);
            if (errors <= before || errors < HarnessErrorShare * matrix.Total)
            {
                continue;
            }

            findings.Add(
                FindingKinds.HarnessErrors,
                Severity.Error,
                FindingRole.Root,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{EvaluationDetector.Task(task)}: {errors} of {matrix.Total} samples ended in an error of the "
                        + $"harness, {before} before; these failures say nothing about the checkpoint"
                ),
                comparison.Candidate.Tasks[task].Place ?? FirstBroken(comparison, task) ?? start,
                new Dictionary<string, MetricValue>
                {
                    ["errors"] = errors,
                    ["before"] = before,
                    ["samples"] = matrix.Total,
                },
                proposals: [proposals.Rerun(null, "samples failed by errors of the harness")],
                key: $"errors:{task}"
            );
        }
    }

    private void Clusters(RunComparison comparison)
    {
        var broken = comparison.Clusters.Sum(cluster => cluster.Items);
        foreach (
            var cluster in comparison.Clusters.Where(cluster =>
                cluster.Template.Length > 0 && cluster.Items >= Math.Max(3, broken / 20)
            )
        )
        {
            var task = cluster.Tasks[0];
            findings.Add(
                FindingKinds.FailureCluster,
                Severity.Warning,
                FindingRole.Symptom,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{cluster.Items} of {broken} items that passed before now end alike "
                        + $"({EvaluationDetector.Word(cluster.Outcome)}), in "
                        + $"{string.Join(", ", cluster.Tasks.Select(EvaluationDetector.Task))}"
                ),
                cluster.Texts[0].Place,
                new Dictionary<string, MetricValue>
                {
                    ["items"] = cluster.Items,
                    ["broken"] = broken,
                    ["outcome"] = EvaluationDetector.Word(cluster.Outcome),
                },
                [.. cluster.Texts.Skip(1).Select(text => text.Place)],
                cause: cluster.Outcome == SampleOutcome.HarnessError ? $"errors:{task}"
                    : comparison.Renderings.Any(difference => difference.Task == task) ? $"render:{task}"
                    : $"regression:{task}"
            );
        }

        foreach (var cluster in comparison.Attributes.Take(MaxAttributes))
        {
            findings.Add(
                FindingKinds.FailureCluster,
                Severity.Warning,
                FindingRole.Symptom,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Items whose {EvaluationDetector.Name(cluster.Attribute)} is "
                        + $"'{EvaluationDetector.Name(cluster.Value)}' broke far more often than the others: "
                        + $"{cluster.Broken} of {cluster.Items}, against {cluster.BrokenInAll} of "
                        + $"{cluster.AllItems} in all"
                ),
                comparison
                    .Clusters.SelectMany(of => of.Texts)
                    .FirstOrDefault(text => text.Attributes.Contains((cluster.Attribute, cluster.Value)))
                    ?.Place
                    ?? EvaluationDetector.Start(comparison.Candidate),
                new Dictionary<string, MetricValue>
                {
                    ["broken"] = cluster.Broken,
                    ["items"] = cluster.Items,
                    ["p"] = cluster.P,
                },
                cause: comparison.Tasks.FirstOrDefault(task => task.Verdict == ComparisonVerdict.Regressed) is { } worse
                    ? $"regression:{worse.Task}"
                    : null
            );
        }
    }

    private void Flaky(RunComparison comparison, Place start)
    {
        foreach (var task in comparison.Flaky)
        {
            findings.Add(
                FindingKinds.FlakySamples,
                task.Flaky > 0.01 * task.Repeated ? Severity.Warning : Severity.Info,
                FindingRole.Root,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{EvaluationDetector.Task(task.Task)}: {task.Flaky} of {task.Repeated} repeated items both pass "
                        + $"and fail (flaky); {task.Broken} passed in every try before and fail in every try now "
                        + $"(broken)"
                ),
                task.Place ?? comparison.Candidate.Tasks[task.Task].Place ?? start,
                new Dictionary<string, MetricValue>
                {
                    ["flaky"] = task.Flaky,
                    ["repeated"] = task.Repeated,
                    ["broken"] = task.Broken,
                }
            );
        }
    }

    private static Place? FirstBroken(RunComparison comparison, string task) =>
        comparison
            .Clusters.Where(cluster => cluster.Tasks.Contains(task))
            .Select(cluster => cluster.Texts[0].Place)
            .FirstOrDefault();
}
