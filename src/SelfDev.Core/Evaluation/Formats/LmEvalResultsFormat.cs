using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using SelfDev.Core.Artifacts;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Formats;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>
/// lm-evaluation-harness <c>results_*.json</c>, both shapes: metrics as <c>acc</c> (before 0.4) and as
/// <c>acc,&lt;filter&gt;</c> (0.4 on). Sources: lm_eval/evaluator.py, loggers/evaluation_tracker.py of
/// EleutherAI/lm-evaluation-harness.
/// </summary>
internal static partial class LmEvalResultsFormat
{
    private const string ErrorSuffix = "_stderr";

    public static void Read(EvaluationSource source)
    {
        var text = JsonText.Of(source.ReadAll());
        var sections = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        long resultsAt = 0;
        text.Visit(
            source.File.Name,
            [],
            (name, value, offset) =>
            {
                if (name is "results")
                {
                    resultsAt = offset;
                }

                if (name is not "samples")
                {
                    sections[name] = value.Clone();
                }
            },
            source.Cancellation
        );
        source.Read(text.Lines);
        if (!sections.TryGetValue("results", out var results) || results.ValueKind != JsonValueKind.Object)
        {
            source.Reject(1, "The JSON has no 'results': it is no results file of lm-eval.");
            return;
        }

        Describe(source, sections);
        var groups = Groups(sections, results);
        foreach (var task in results.EnumerateObject())
        {
            var place = text.PlaceOf(source.File.Name, task.Name, resultsAt);
            if (task.Value.ValueKind != JsonValueKind.Object)
            {
                source.Reject(place?.Line ?? 1, "The results of a task are not an object.");
                continue;
            }

            // A group's score is made of its subtasks' scores, which are compared one by one: counting it too would
            // count them twice.
            if (groups.Contains(task.Name))
            {
                continue;
            }

            ReadTask(source, text, task, place ?? text.PlaceAt(source.File.Name, resultsAt), sections, resultsAt);
        }
    }

    private static void ReadTask(
        EvaluationSource source,
        JsonText text,
        JsonProperty task,
        Place place,
        Dictionary<string, JsonElement> sections,
        long resultsAt
    )
    {
        var scores = Unfold(task.Value);
        var run = source.Run.Task(task.Name);
        run.Place ??= place;
        AddFacts(run, task.Name, place, sections);
        var (original, effective) = Counts(sections, task.Name);
        if (effective is { } done && original is { } all && done < all && Limit(sections) is null)
        {
            run.Report(
                EvaluationStatus.Partial,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{done} of {all} samples were evaluated, and no limit was asked for"
                ),
                place
            );
        }

        foreach (var metric in scores.EnumerateObject())
        {
            if (
                metric.Name is "alias" or "name" or "samples" or "sample_len"
                || metric.Name.Contains(ErrorSuffix, StringComparison.Ordinal)
            )
            {
                continue;
            }

            var value = JsonText.Number(metric.Value);
            var at = text.PlaceOf(source.File.Name, metric.Name, OffsetOf(text, task.Name, resultsAt)) ?? place;
            if (double.IsNaN(value))
            {
                if (
                    metric.Value.ValueKind is not (JsonValueKind.String or JsonValueKind.Object or JsonValueKind.Array)
                    || metric.Value.ToString() is "" or "N/A"
                )
                {
                    source.Reject(at.Line, $"The score '{metric.Name}' of '{task.Name}' is not a number.");
                }

                continue;
            }

            var error = StandardError(scores, metric.Name);
            var name = Name(metric.Name);
            run.Reported[name] = new ReportedScore(
                value,
                error,
                effective ?? CountFromError(value, error),
                Direction(sections, task.Name, name),
                at
            );
        }
    }

    private static long OffsetOf(JsonText text, string task, long from)
    {
        var at = text.Bytes[(int)from..].IndexOf(JsonSerializer.SerializeToUtf8Bytes(task));
        return at < 0 ? from : from + at;
    }

    // BigScience's fork keeps every try at a task under its time: the last one counts.
    private static JsonElement Unfold(JsonElement scores) =>
        scores.EnumerateObject().All(property => property.Value.ValueKind == JsonValueKind.Object)
        && scores.EnumerateObject().Any()
            ? scores.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal).Last().Value
            : scores;

    /// <summary><c>acc,none</c> and <c>acc</c> are the same metric; another filter is part of the name.</summary>
    internal static string Name(string key) =>
        key.EndsWith(",none", StringComparison.Ordinal) ? key[..^",none".Length] : key;

    private static double StandardError(JsonElement scores, string metric)
    {
        var comma = metric.IndexOf(',', StringComparison.Ordinal);
        var key = comma < 0 ? metric + ErrorSuffix : metric[..comma] + ErrorSuffix + metric[comma..];
        return scores.TryGetProperty(key, out var error) ? JsonText.Number(error) : double.NaN;
    }

    /// <summary>
    /// Of a proportion with its standard error √(p(1 − p)/(n − 1)), as lm-eval's <c>sample_stddev</c> gives it, the
    /// number of samples follows; null where the two do not fit a whole number of samples with a whole number of
    /// successes.
    /// </summary>
    internal static long? CountFromError(double value, double error)
    {
        if (!(value > 0 && value < 1 && error > 0))
        {
            return null;
        }

        var samples = (value * (1 - value) / (error * error)) + 1;
        var whole = Math.Round(samples);
        var successes = value * whole;
        return
            whole < 1e9
            && Math.Abs(samples - whole) < 1e-4 * whole
            && Math.Abs(successes - Math.Round(successes)) < 1e-4 * whole
            ? (long)whole
            : null;
    }

    private static void AddFacts(TaskRun run, string task, Place place, Dictionary<string, JsonElement> sections)
    {
        void Add(string name, string? value)
        {
            if (value is not null)
            {
                run.Facts[name] = (value, place);
            }
        }

        var config = sections.GetValueOrDefault("config");
        var taskConfig = sections.TryGetValue("configs", out var configs)
            ? JsonText.Child(configs, task) ?? default
            : default;
        Add(
            HarnessFacts.TaskVersion,
            sections.TryGetValue("versions", out var versions) ? JsonText.Text(versions, task) : null
        );
        Add(
            HarnessFacts.Shots,
            (sections.TryGetValue("n-shot", out var shots) ? JsonText.Text(shots, task) : null)
                ?? JsonText.Text(taskConfig, "num_fewshot")
                ?? JsonText.Text(config, "num_fewshot")
        );
        Add(HarnessFacts.Limit, JsonText.Text(config, "limit"));
        Add(
            HarnessFacts.Generation,
            JsonText.Text(taskConfig, "generation_kwargs") ?? JsonText.Text(config, "gen_kwargs")
        );
        Add(HarnessFacts.Prompt, JsonText.Text(taskConfig, "doc_to_text"));
        Add(
            HarnessFacts.TaskHash,
            sections.TryGetValue("task_hashes", out var hashes) ? JsonText.Text(hashes, task) : null
        );
        Add(HarnessFacts.ChatTemplate, Root(sections, "chat_template_sha"));
        Add(HarnessFacts.SystemInstruction, Root(sections, "system_instruction_sha"));
        Add(HarnessFacts.MultiturnShots, Root(sections, "fewshot_as_multiturn"));
        Add(HarnessFacts.Commit, Root(sections, "git_hash"));
        Add(HarnessFacts.Packages, Root(sections, "lm_eval_version"));
        Add(HarnessFacts.Precision, JsonText.Text(config, "model_dtype"));
    }

    private static void Describe(EvaluationSource source, Dictionary<string, JsonElement> sections)
    {
        var config = sections.GetValueOrDefault("config");
        var arguments = JsonText.Text(config, "model_args");
        source.Run.Model ??= Root(sections, "model_name") ?? arguments ?? JsonText.Text(config, "model");
        source.Run.Step ??= CheckpointStep.Of(arguments) ?? CheckpointStep.Of(source.Run.Model);
        if (
            sections.TryGetValue("date", out var date)
            && JsonText.Number(date) is var seconds
            && seconds is > 0 and < 1e11
        )
        {
            source.Run.Created ??= DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000));
        }

        var took = JsonText.Number(Root(sections, "total_evaluation_time_seconds") ?? "");
        source.Run.TotalSeconds += double.IsNaN(took) ? 0 : took;
    }

    private static string? Root(Dictionary<string, JsonElement> sections, string name) =>
        sections.TryGetValue(name, out var value) ? JsonText.Text(value) : null;

    private static string? Limit(Dictionary<string, JsonElement> sections) =>
        sections.TryGetValue("config", out var config) ? JsonText.Text(config, "limit") : null;

    private static (long? Original, long? Effective) Counts(Dictionary<string, JsonElement> sections, string task)
    {
        if (
            !sections.TryGetValue("n-samples", out var counts)
            || JsonText.Child(counts, task) is not { ValueKind: JsonValueKind.Object } of
        )
        {
            return (null, null);
        }

        return (Whole(of, "original"), Whole(of, "effective"));

        static long? Whole(JsonElement parent, string name) =>
            JsonText.Child(parent, name) is { ValueKind: JsonValueKind.Number } value
            && value.TryGetInt64(out var number)
            && number > 0
                ? number
                : null;
    }

    private static bool? Direction(Dictionary<string, JsonElement> sections, string task, string metric) =>
        sections.TryGetValue("higher_is_better", out var directions)
        && JsonText.Child(directions, task) is { } of
        && JsonText.Child(of, metric.Split(',')[0]) is { ValueKind: JsonValueKind.True or JsonValueKind.False } declared
            ? declared.ValueKind == JsonValueKind.True
            : null;

    private static HashSet<string> Groups(Dictionary<string, JsonElement> sections, JsonElement results)
    {
        var groups = new HashSet<string>(StringComparer.Ordinal);
        if (sections.TryGetValue("group_subtasks", out var subtasks) && subtasks.ValueKind == JsonValueKind.Object)
        {
            foreach (
                var group in subtasks.EnumerateObject().Where(group => group.Value.ValueKind == JsonValueKind.Array)
            )
            {
                var names = group.Value.EnumerateArray().Select(JsonText.Text).OfType<string>().ToList();
                if (names.Exists(name => name != group.Name && results.TryGetProperty(name, out _)))
                {
                    groups.Add(group.Name);
                }
            }
        }

        return groups;
    }
}
