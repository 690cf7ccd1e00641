using System.Globalization;
using System.Text.RegularExpressions;

namespace SelfDev.Core.Evaluation.Formats;

/// <summary>When a file was written, as lm-eval puts it into the file's name (loggers/evaluation_tracker.py: an ISO
/// date whose colons are dashes).</summary>
internal static partial class EvaluationDate
{
    /// <summary>Of <c>samples_arc_2026-01-31T12-00-00.123456.jsonl</c>; null where there is none.</summary>
    public static DateTimeOffset? Of(string name) =>
        Named().Match(name) is { Success: true } match
        && DateTimeOffset.TryParseExact(
            match.Value,
            "yyyy-MM-ddTHH-mm-ss",
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var date
        )
            ? date
            : null;

    [GeneratedRegex(@"\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}", RegexOptions.NonBacktracking)]
    private static partial Regex Named();
}
