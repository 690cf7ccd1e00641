using System.Globalization;
using System.Text.Json;
using SelfDev.Core.Evaluation.Model;
using SelfDev.Core.Formats;
using SelfDev.Core.Statistics;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>
/// SWE-bench reports: of a run (schema version 2, and without a version as sb-cli and the older harness write them),
/// the first harness' lists by status, and one instance's own. Sources: swebench/harness/reporting.py and grading.py of
/// SWE-bench/SWE-bench; swebench/metrics/report.py of its first releases.
/// </summary>
internal static class SweBenchFormat
{
    private const string Metric = "resolved";

    /// <summary>Lists of ids and what they mean, the strongest statement first: who is in two lists counts by the
    /// first.</summary>
    private static readonly (string Name, SampleOutcome Outcome)[] Lists =
    [
        ("resolved_ids", SampleOutcome.Pass),
        ("resolved", SampleOutcome.Pass),
        ("empty_patch_ids", SampleOutcome.Empty),
        ("no_generation", SampleOutcome.Empty),
        ("none", SampleOutcome.Empty),
        ("test_timeout", SampleOutcome.Timeout),
        ("error_ids", SampleOutcome.HarnessError),
        ("failed_ids", SampleOutcome.HarnessError),
        ("install_fail", SampleOutcome.HarnessError),
        ("reset_failed", SampleOutcome.HarnessError),
        ("no_apply", SampleOutcome.ParseError),
        ("test_errored", SampleOutcome.HarnessError),
        ("unresolved_ids", SampleOutcome.Wrong),
        ("applied", SampleOutcome.Wrong),
        ("completed_ids", SampleOutcome.Wrong),
        ("with_logs", SampleOutcome.Wrong),
        ("generated", SampleOutcome.Wrong),
    ];

    public static void Read(EvaluationSource source)
    {
        var text = JsonText.Of(source.ReadAll());
        var lists = new Dictionary<string, (JsonElement Value, long Offset)>(StringComparer.Ordinal);
        var instances = new List<(string Id, JsonElement Report, long Offset)>();
        text.Visit(
            source.File.Name,
            [],
            (name, value, offset) =>
            {
                if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("resolved", out _))
                {
                    instances.Add((name, value.Clone(), offset));
                }
                else
                {
                    lists[name] = (value.Clone(), offset);
                }
            },
            source.Cancellation
        );
        var task = source.Run.Task("swe-bench");
        task.Place ??= text.PlaceAt(source.File.Name, 0);
        foreach (var (id, report, offset) in instances)
        {
            Take(source, id, Outcome(report), text.LineAt(offset), offset);
        }

        if (instances.Count == 0)
        {
            TakeLists(source, text, lists, task);
        }

        source.Read(text.Lines);
    }

    /// <summary>Of one instance: whether there was a patch, whether it applied, whether the tests pass.</summary>
    private static SampleOutcome Outcome(JsonElement report) =>
        IsTrue(report, "resolved") ? SampleOutcome.Pass
        : IsTrue(report, "patch_is_None")
        || report.TryGetProperty("patch_exists", out var exists) && exists.ValueKind == JsonValueKind.False
            ? SampleOutcome.Empty
        : report.TryGetProperty("patch_successfully_applied", out var applied)
        && applied.ValueKind == JsonValueKind.False
            ? SampleOutcome.ParseError
        : SampleOutcome.Wrong;

    private static bool IsTrue(JsonElement report, string name) =>
        report.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static void TakeLists(
        EvaluationSource source,
        JsonText text,
        Dictionary<string, (JsonElement Value, long Offset)> lists,
        TaskRun task
    )
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, outcome) in Lists)
        {
            if (!lists.TryGetValue(name, out var list) || list.Value.ValueKind != JsonValueKind.Array)
            {
                continue;
            }

            foreach (var id in list.Value.EnumerateArray().Select(JsonText.Text).OfType<string>().Where(seen.Add))
            {
                var at = text.Bytes[(int)list.Offset..].IndexOf(JsonSerializer.SerializeToUtf8Bytes(id));
                var offset = at < 0 ? list.Offset : list.Offset + at;
                Take(source, id, outcome, text.LineAt(offset), offset);
            }
        }

        // The counts come without ids in reports that were made public in short: only the score is known then.
        if (seen.Count == 0)
        {
            TakeCounts(source, text, lists, task);
        }

        var unfinished =
            Ids(lists, "incomplete_ids")
            + Ids(lists, "pending_ids")
            + (long)Math.Max(0, Count(lists, "pending_instances"));
        if (unfinished > 0 && seen.Count > 0)
        {
            task.Report(
                EvaluationStatus.Partial,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{unfinished} instances were not run to their end, {seen.Count} were"
                ),
                text.PlaceOf(
                    source.File.Name,
                    lists.ContainsKey("incomplete_ids") ? "incomplete_ids" : "pending_instances",
                    0
                )
            );
        }
    }

    private static void TakeCounts(
        EvaluationSource source,
        JsonText text,
        Dictionary<string, (JsonElement Value, long Offset)> lists,
        TaskRun task
    )
    {
        var resolved = Count(lists, "resolved_instances");
        var total = Count(lists, "submitted_instances") is > 0 and var submitted
            ? submitted
            : Count(lists, "total_instances");
        if (resolved >= 0 && total > 1 && resolved <= total)
        {
            task.Reported[Metric] = new ReportedScore(
                resolved / total,
                StandardErrors.OfProportion(resolved / total, (long)total),
                (long)total,
                true,
                text.PlaceOf(source.File.Name, "resolved_instances", 0) ?? task.Place!
            );
        }
        else
        {
            source.Reject(1, "The report has neither lists of instances nor counts of resolved and submitted ones.");
        }
    }

    private static long Ids(Dictionary<string, (JsonElement Value, long Offset)> lists, string name) =>
        lists.TryGetValue(name, out var list) && list.Value.ValueKind == JsonValueKind.Array
            ? list.Value.GetArrayLength()
            : 0;

    private static double Count(Dictionary<string, (JsonElement Value, long Offset)> lists, string name) =>
        lists.TryGetValue(name, out var count) && count.Value.ValueKind == JsonValueKind.Number
            ? count.Value.GetDouble()
            : -1;

    private static void Take(EvaluationSource source, string id, SampleOutcome outcome, long line, long offset)
    {
        var row = source.Row;
        row.Clear("swe-bench");
        (row.Id, row.Line, row.Offset, row.Outcome) = (id, line, offset, outcome);
        row.Scores.Add((Metric, outcome == SampleOutcome.Pass ? 1 : 0));
        var end = id.LastIndexOf('-');
        if (end > 0)
        {
            row.Attributes.Add(("repository", id[..end]));
        }

        source.Take();
    }
}
