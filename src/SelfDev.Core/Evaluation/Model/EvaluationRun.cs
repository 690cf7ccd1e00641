using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Evaluation.Model;

/// <summary>Whether an evaluation ran to its end; worse ones come later.</summary>
public enum EvaluationStatus
{
    Complete,

    /// <summary>Fewer samples were finished than the log set out to do.</summary>
    Partial,
    Cancelled,
    Errored,
}

/// <summary>A file or entry that could not be used, or not in full.</summary>
/// <param name="Line">1-based; 0 where the whole file is meant.</param>
/// <param name="Reason">What is wrong and what to do, in our own words.</param>
public sealed record Rejection(string File, long Line, string Reason);

/// <summary>A score as the harness itself reports it.</summary>
/// <param name="StandardError">NaN where it reports none.</param>
/// <param name="Samples">Null where unknown.</param>
/// <param name="HigherIsBetter">As the harness declares; null where it does not.</param>
internal sealed record ReportedScore(
    double Value,
    double StandardError,
    long? Samples,
    bool? HigherIsBetter,
    Place Place
);

/// <summary>One task of one evaluation.</summary>
internal sealed class TaskRun(string task)
{
    /// <value>As its own files call it; in a comparison it may go by the candidate's name (<see
    /// cref="EvaluationRun.AdoptName"/>).</value>
    public string Task { get; } = task;

    /// <value>By metric.</value>
    public SortedDictionary<string, ReportedScore> Reported { get; } = new(StringComparer.Ordinal);

    public SampleColumns Samples { get; private set; } = new();

    /// <value>Whether its samples name no task, so that the file's name stands for one.</value>
    public bool IsNamedByFile { get; set; }

    /// <value>When the samples were made; null where no file tells.</value>
    public DateTimeOffset? SamplesCreated { get; set; }

    public EvaluationStatus Status { get; private set; }

    /// <value>In our own words; empty for a complete one.</value>
    public string StatusDetail { get; private set; } = "";

    public Place? StatusPlace { get; private set; }

    /// <value>What the harness says about how the task was run, by name (<see cref="HarnessFacts"/>).</value>
    public SortedDictionary<string, (string Value, Place Place)> Facts { get; } = new(StringComparer.Ordinal);

    /// <value>The place of its first mention.</value>
    public Place? Place { get; set; }

    public bool? HigherIsBetter(string metric) => Reported.GetValueOrDefault(metric)?.HigherIsBetter;

    /// <summary>Takes over the samples of another file: as they are where there are none yet; those of the same items
    /// are further tries.</summary>
    public void Merge(TaskRun other)
    {
        if (Samples.Count == 0)
        {
            Samples = other.Samples;
        }
        else
        {
            Samples.Append(other.Samples);
        }
    }

    /// <summary>Keeps the worst status.</summary>
    public void Report(EvaluationStatus status, string detail, Place? place)
    {
        if (status > Status)
        {
            (Status, StatusDetail, StatusPlace) = (status, detail, place);
        }
    }
}

/// <summary>One evaluation of one checkpoint: every file of one folder.</summary>
internal sealed class EvaluationRun(string name)
{
    public string Name { get; } = name;

    /// <value>Step of the checkpoint, from the model's revision or the name; null where neither tells.</value>
    public long? Step { get; set; }

    /// <value>When the evaluation was made; null where no file tells.</value>
    public DateTimeOffset? Created { get; set; }

    public string? Model { get; set; }

    /// <value>Seconds the whole evaluation took, where the harness says so.</value>
    public double TotalSeconds { get; set; }

    public SortedDictionary<string, TaskRun> Tasks { get; } = new(StringComparer.Ordinal);

    public TaskRun Task(string task)
    {
        if (!Tasks.TryGetValue(task, out var run))
        {
            Tasks.Add(task, run = new TaskRun(task));
        }

        return run;
    }

    /// <summary>
    /// Where two evaluations are of one task each, and neither says which, it is the same: the task that is called by
    /// the other's file is called as here from then on.
    /// </summary>
    public void AdoptName(EvaluationRun other)
    {
        if (
            Tasks.Count == 1
            && other.Tasks.Count == 1
            && Tasks.First() is var (name, mine)
            && other.Tasks.First() is var (otherName, theirs)
            && name != otherName
            && mine.IsNamedByFile
            && theirs.IsNamedByFile
        )
        {
            other.Tasks.Remove(otherName);
            other.Tasks.Add(name, theirs);
        }
    }

    public bool IsEmpty =>
        Tasks.Values.All(task =>
            task.Reported.Count == 0 && task.Samples.Count == 0 && task.Status == EvaluationStatus.Complete
        );

    public long Samples => Tasks.Values.Sum(task => (long)task.Samples.Count);
}
