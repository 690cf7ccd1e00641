using System.Globalization;
using SelfDev.Core.Evaluation.Model;

namespace SelfDev.Core.Evaluation.Comparison;

/// <summary>Compares how two evaluations of a task were run, and whether either is whole.</summary>
internal static class HarnessComparer
{
    private const int MaxShownChars = 120;

    public static List<HarnessDifference> Differences(TaskRun baseline, TaskRun candidate)
    {
        var differences = new List<HarnessDifference>();
        foreach (var (fact, (value, place)) in candidate.Facts)
        {
            if (baseline.Facts.TryGetValue(fact, out var other) && other.Value != value)
            {
                differences.Add(
                    new HarnessDifference(
                        candidate.Task,
                        fact,
                        Short(other.Value),
                        Short(value),
                        HarnessFacts.Decisive.Contains(fact)
                    )
                    {
                        Place = place,
                    }
                );
            }
        }

        // A template on one side only is a difference too; a fact that an older harness did not write is none.
        foreach (var fact in (string[])[HarnessFacts.ChatTemplate, HarnessFacts.SystemInstruction])
        {
            if (
                candidate.Facts.TryGetValue(fact, out var mine)
                && baseline.Facts.Count > 0
                && !baseline.Facts.ContainsKey(fact)
            )
            {
                differences.Add(
                    new HarnessDifference(candidate.Task, fact, "none", Short(mine.Value), true) { Place = mine.Place }
                );
            }
            else if (
                baseline.Facts.TryGetValue(fact, out var theirs)
                && candidate.Facts.Count > 0
                && !candidate.Facts.ContainsKey(fact)
            )
            {
                differences.Add(
                    new HarnessDifference(candidate.Task, fact, Short(theirs.Value), "none", true)
                    {
                        Place = candidate.Place ?? theirs.Place,
                    }
                );
            }
        }

        return differences;
    }

    /// <summary>Why a task's scores cannot be put down to the checkpoint; empty where they can.</summary>
    public static List<string> Obstacles(
        TaskRun baseline,
        TaskRun candidate,
        ItemPairs pairs,
        IReadOnlyList<HarnessDifference> differences,
        EvaluationOptions options
    )
    {
        var obstacles = new List<string>();
        foreach (var (side, run) in (ReadOnlySpan<(string, TaskRun)>)[("baseline", baseline), ("candidate", candidate)])
        {
            if (run.Status != EvaluationStatus.Complete)
            {
                obstacles.Add($"the {side} is not whole: {run.StatusDetail}");
            }
        }

        obstacles.AddRange(
            differences
                .Where(difference => difference.Decisive)
                .Select(difference =>
                    $"{difference.Fact} differs: {difference.Baseline} against {difference.Candidate}"
                )
        );
        if (pairs.InputsDiffer.Count > 0)
        {
            obstacles.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{pairs.InputsDiffer.Count} of {pairs.InputsCompared} items were rendered differently for the two "
                        + $"checkpoints"
                )
            );
        }

        if (pairs.OtherDocuments > 0)
        {
            obstacles.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{pairs.OtherDocuments} items have the same id but another document or target: the data set was "
                        + $"changed"
                )
            );
        }

        var missing = pairs.BaselineItems - pairs.Count - pairs.OtherDocuments;
        if (
            pairs.Count > 0
            && missing > options.MissingShare * pairs.BaselineItems
            && !LimitExplains(baseline, candidate)
        )
        {
            obstacles.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"the candidate lacks {missing} of the baseline's {pairs.BaselineItems} samples: it is partial"
                )
            );
        }

        return obstacles;
    }

    /// <summary>A limit that was asked for leaves out the last samples, whatever they are: the rest can be
    /// compared.</summary>
    private static bool LimitExplains(TaskRun baseline, TaskRun candidate) =>
        candidate.Facts.TryGetValue(HarnessFacts.Limit, out var mine)
        && (!baseline.Facts.TryGetValue(HarnessFacts.Limit, out var theirs) || theirs.Value != mine.Value);

    private static string Short(string value) => value.Length <= MaxShownChars ? value : value[..MaxShownChars] + "…";
}
