using SelfDev.Core.Evaluation.Model;

namespace SelfDev.Core.Evaluation.Reading;

/// <summary>
/// Puts files together that evaluate one checkpoint. Files of one folder are one evaluation, folders beside each other
/// a history. Files of one folder that evaluate different checkpoints, by step or because they report the same score
/// twice, are told apart as well.
/// </summary>
internal static class CheckpointGrouping
{
    /// <param name="checkpoint">Whose evaluation all files are, whatever folders they lie in; null where the folders
    /// tell.</param>
    public static IReadOnlyList<EvaluationRun> Group(IReadOnlyList<EvaluationRun> files, string? checkpoint)
    {
        var runs = new List<EvaluationRun>();
        foreach (var folder in checkpoint is null ? Folders(files) : [(checkpoint, [.. files])])
        {
            runs.AddRange(Merge(folder.Name, folder.Files, checkpoint is not null));
        }

        return
        [
            .. runs.Select((run, index) => (run, index))
                .OrderBy(pair => runs.TrueForAll(run => run.Step is not null) ? pair.run.Step : 0)
                .ThenBy(pair => runs.TrueForAll(run => run.Created is not null) ? pair.run.Created : null)
                .ThenBy(pair => pair.index)
                .Select(pair => pair.run),
        ];
    }

    /// <summary>By the first part of the path below the folder that all files have in common.</summary>
    private static IEnumerable<(string Name, List<EvaluationRun> Files)> Folders(IReadOnlyList<EvaluationRun> files)
    {
        var paths = files.Select(file => file.Name.Split('/')[..^1]).ToList();
        var common = 0;
        while (paths.Count > 0 && paths.TrueForAll(path => path.Length > common && path[common] == paths[0][common]))
        {
            common++;
        }

        return files
            .Select((file, index) => (file, Folder: paths[index].Length > common ? paths[index][common] : ""))
            .GroupBy(pair => pair.Folder)
            .Select(group => (group.Key, group.Select(pair => pair.file).ToList()));
    }

    /// <param name="one">Whether all are of one checkpoint: then what is newer comes first, takes what has no date, and
    /// repeats nothing that is older.</param>
    private static List<EvaluationRun> Merge(string folder, List<EvaluationRun> files, bool one)
    {
        var merged = new List<EvaluationRun>();
        foreach (
            var file in one
                ? files.OrderByDescending(file => file.Created ?? DateTimeOffset.MinValue)
                : files.AsEnumerable()
        )
        {
            var target = merged.Find(run =>
                (run.Step is null || file.Step is null || run.Step == file.Step)
                && !Conflict(run, file)
                && !(one && IsOlder(file, run))
            );
            if (target is null)
            {
                merged.Add(file);
            }
            else
            {
                MergeInto(target, file);
            }
        }

        // A folder that is one checkpoint is called by its own name.
        return merged.Count == 1 && folder.Length > 0 ? [Named(merged[0], folder)] : merged;
    }

    public static EvaluationRun Named(EvaluationRun run, string name)
    {
        var renamed = new EvaluationRun(name)
        {
            Step = run.Step ?? CheckpointStep.Of(name),
            Created = run.Created,
            Model = run.Model,
            TotalSeconds = run.TotalSeconds,
        };
        foreach (var (task, of) in run.Tasks)
        {
            renamed.Tasks.Add(task, of);
        }

        return renamed;
    }

    private static bool Conflict(EvaluationRun run, EvaluationRun file) =>
        file.Tasks.Any(task =>
            run.Tasks.TryGetValue(task.Key, out var there)
            && task.Value.Reported.Keys.Any(there.Reported.ContainsKey)
            && there.Samples.Count == 0
        );

    private static bool IsOlder(EvaluationRun file, EvaluationRun run) =>
        file.Created is not null
        && file.Tasks.Any(task =>
            task.Value.Samples.Count > 0
            && run.Tasks.TryGetValue(task.Key, out var there)
            && there.Samples.Count > 0
            && there.SamplesCreated is { } created
            && file.Created < created
        );

    private static void MergeInto(EvaluationRun target, EvaluationRun file)
    {
        target.Step ??= file.Step;
        target.Created ??= file.Created;
        target.Model ??= file.Model;
        target.TotalSeconds += file.TotalSeconds;
        foreach (var (name, task) in file.Tasks)
        {
            if (!target.Tasks.TryGetValue(name, out var there))
            {
                target.Tasks.Add(name, task);
                continue;
            }

            there.Place ??= task.Place;
            there.Report(task.Status, task.StatusDetail, task.StatusPlace);
            foreach (var (fact, value) in task.Facts)
            {
                there.Facts.TryAdd(fact, value);
            }

            foreach (var (metric, score) in task.Reported)
            {
                there.Reported.TryAdd(metric, score);
            }

            if (task.Samples.Count > 0)
            {
                there.Merge(task);
            }
        }
    }
}
