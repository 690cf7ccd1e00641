using System.Globalization;
using System.Text.Json;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Formats;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>
/// Logs of Inspect as one JSON document, versions 1 and 2. Source: inspect_ai/log/_log.py of
/// UKGovernmentBEIS/inspect_ai. What its archives hold in entries has the same shapes, so <see
/// cref="InspectArchiveFormat"/> reads them by the methods here.
/// </summary>
internal static class InspectFormat
{
    public static void Read(EvaluationSource source)
    {
        var text = JsonText.Of(source.ReadAll());
        var log = new InspectLog(source);
        text.Visit(
            source.File.Name,
            ["samples"],
            (name, value, offset) =>
            {
                if (name == "samples")
                {
                    log.TakeSample(value, text.LineAt(offset), offset);
                }
                else
                {
                    log.TakeHeader(name, value, text.PlaceAt(source.File.Name, offset));
                }
            },
            source.Cancellation
        );
        log.End(text.PlaceAt(source.File.Name, 0));
        source.Read(text.Lines);
    }
}

/// <summary>One Inspect log while it is read: its header comes in parts, before or after its samples.</summary>
internal sealed class InspectLog(EvaluationSource source)
{
    private readonly List<(string Name, JsonElement Value, Place Place)> _late = [];
    private TaskRun? _task;
    private long _samples;
    private string? _status;
    private Place? _statusPlace;

    public void TakeHeader(string name, JsonElement value, Place place)
    {
        switch (name)
        {
            case "eval":
                TakeEval(value, place);
                break;
            case "status":
                (_status, _statusPlace) = (JsonText.Text(value), place);
                break;
            case "results" or "stats" or "error" or "plan":
                _late.Add((name, value.Clone(), place));
                break;
        }
    }

    public void TakeSample(JsonElement sample, long line, long offset)
    {
        if (sample.ValueKind != JsonValueKind.Object)
        {
            source.Reject(line, "A sample is not an object.");
            return;
        }

        _samples++;
        var row = source.Row;
        row.Clear(_task?.Task ?? source.TaskName);
        (row.Line, row.Offset) = (line, offset);
        InspectSample.Read(sample, row);
        if (SampleLinesFormat.IsUsable(row, line, source))
        {
            source.Take();
        }
    }

    /// <summary>Once all is read: the status, and what only makes sense with it.</summary>
    public void End(Place start)
    {
        var task = _task ?? source.Run.Task(source.TaskName);
        task.Place ??= start;
        foreach (var (name, value, place) in _late)
        {
            switch (name)
            {
                case "results":
                    TakeResults(task, value, place);
                    break;
                case "error" when JsonText.Child(value, "message") is not null:
                    task.Report(EvaluationStatus.Errored, "the log ends with an error", place);
                    break;
                case "stats":
                    TakeStats(value);
                    break;
                case "plan"
                    when JsonText.Child(value, "config") is { } config
                        && config.GetRawText() is { Length: > 2 } settings:
                    task.Facts[HarnessFacts.Generation] = (settings, place);
                    break;
            }
        }

        var where = _statusPlace ?? start;
        switch (_status)
        {
            case "success":
                break;
            case "cancelled":
                task.Report(
                    EvaluationStatus.Cancelled,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"the log's status is cancelled, with {_samples} samples in it"
                    ),
                    where
                );
                break;
            case "error":
                task.Report(EvaluationStatus.Errored, "the log's status is error", where);
                break;
            case "started":
                task.Report(
                    EvaluationStatus.Partial,
                    "the log's status is started: the evaluation was still running, or died without a word",
                    where
                );
                break;
            default:
                task.Report(EvaluationStatus.Partial, "the log has no status that says it is whole", where);
                break;
        }
    }

    private void TakeEval(JsonElement eval, Place place)
    {
        var name = JsonText.Text(eval, "task");
        _task = source.Run.Task(string.IsNullOrEmpty(name) ? source.TaskName : name);
        _task.Place ??= place;
        source.Run.Model ??= JsonText.Text(eval, "model");
        source.Run.Step ??= CheckpointStep.Of(source.Run.Model);
        if (
            DateTimeOffset.TryParse(
                JsonText.Text(eval, "created"),
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var created
            )
        )
        {
            source.Run.Created ??= created;
        }

        void Add(string fact, string? value)
        {
            if (value is { Length: > 0 } and not "{}" and not "null")
            {
                _task.Facts[fact] = (value, place);
            }
        }

        var config = JsonText.Child(eval, "config") ?? default;
        Add(HarnessFacts.TaskVersion, JsonText.Text(eval, "task_version"));
        Add(HarnessFacts.Limit, JsonText.Text(config, "limit"));
        Add(HarnessFacts.Epochs, JsonText.Text(config, "epochs"));
        Add(HarnessFacts.Prompt, JsonText.Text(eval, "task_args"));
        Add(HarnessFacts.Generation, JsonText.Text(eval, "model_generate_config"));
        Add(
            HarnessFacts.Dataset,
            JsonText.Child(eval, "dataset") is { } dataset ? JsonText.Text(dataset, "name") : null
        );
        Add(
            HarnessFacts.Scorer,
            JsonText.Child(eval, "scorers") is { ValueKind: JsonValueKind.Array } scorers
                ? string.Join(
                    ", ",
                    scorers
                        .EnumerateArray()
                        .Select(scorer => $"{JsonText.Text(scorer, "name")} {JsonText.Text(scorer, "options")}")
                )
                : null
        );
        Add(
            HarnessFacts.Commit,
            JsonText.Child(eval, "revision") is { } revision ? JsonText.Text(revision, "commit") : null
        );
        Add(HarnessFacts.Packages, JsonText.Text(eval, "packages"));
        if (JsonText.Child(config, "message_limit") is { } messages)
        {
            Add("message limit", JsonText.Text(messages));
        }

        if (JsonText.Child(config, "token_limit") is { } tokens)
        {
            Add("token limit", JsonText.Text(tokens));
        }
    }

    private void TakeResults(TaskRun task, JsonElement results, Place place)
    {
        var total = JsonText.Child(results, "total_samples") is { } all ? JsonText.Number(all) : double.NaN;
        var completed = JsonText.Child(results, "completed_samples") is { } done ? JsonText.Number(done) : double.NaN;
        if (completed < total)
        {
            task.Report(
                EvaluationStatus.Partial,
                string.Create(CultureInfo.InvariantCulture, $"{completed} of {total} samples were completed"),
                place
            );
        }

        long? samples = completed > 0 ? (long)completed : null;
        if (JsonText.Child(results, "scores") is { ValueKind: JsonValueKind.Array } scores)
        {
            foreach (var score in scores.EnumerateArray())
            {
                TakeScore(
                    task,
                    JsonText.Text(score, "name") ?? "score",
                    JsonText.Child(score, "metrics") ?? default,
                    samples,
                    place
                );
            }
        }
        else if (JsonText.Child(results, "metrics") is { } metrics)
        {
            var scorer = JsonText.Child(results, "scorer") is { } of ? JsonText.Text(of, "name") : null;
            TakeScore(task, scorer ?? "score", metrics, samples, place);
        }
    }

    private void TakeScore(TaskRun task, string scorer, JsonElement metrics, long? samples, Place place)
    {
        var value = Metric(metrics, "accuracy") ?? Metric(metrics, "mean");
        if (value is null)
        {
            return;
        }

        if (double.IsNaN(value.Value))
        {
            source.Reject(place.Line, $"The score of '{scorer}' is NaN.");
            return;
        }

        var error = Metric(metrics, "stderr") ?? Metric(metrics, "bootstrap_std") ?? double.NaN;
        task.Reported[scorer] = new ReportedScore(value.Value, error, samples, null, place);
    }

    private static double? Metric(JsonElement metrics, string name) =>
        JsonText.Child(metrics, name) is { } metric
            ? (JsonText.Child(metric, "value") is { } value ? JsonText.Number(value) : double.NaN)
            : null;

    private void TakeStats(JsonElement stats)
    {
        if (
            DateTimeOffset.TryParse(
                JsonText.Text(stats, "started_at"),
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var started
            )
            && DateTimeOffset.TryParse(
                JsonText.Text(stats, "completed_at"),
                CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal,
                out var ended
            )
            && ended > started
        )
        {
            source.Run.TotalSeconds += (ended - started).TotalSeconds;
        }
    }
}
