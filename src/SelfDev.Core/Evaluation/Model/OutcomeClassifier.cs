using System.Text.RegularExpressions;

namespace SelfDev.Core.Evaluation.Model;

/// <summary>Tells how a sample ended, from what the format says, else from its score, its answer and its
/// message.</summary>
internal static partial class OutcomeClassifier
{
    /// <summary>Half of the points and more count as passed, as in Inspect's <c>value_to_float</c> thresholds and
    /// SWE-bench's all-or-nothing.</summary>
    private const double PassScore = 0.5;

    private const int ScannedChars = 2000;

    public static SampleOutcome Of(SampleRow row)
    {
        if (row.Outcome is { } known)
        {
            return known;
        }

        if (row.Scores.Count > 0 && row.Scores[0].Value >= PassScore)
        {
            return SampleOutcome.Pass;
        }

        if (row.Message is { Length: > 0 } message && OfMessage(message) is { } said)
        {
            return said;
        }

        if (row.Output is { } output)
        {
            return string.IsNullOrWhiteSpace(output) ? SampleOutcome.Empty
                : Refusal().IsMatch(Start(output)) ? SampleOutcome.Refused
                : SampleOutcome.Wrong;
        }

        return row.Scores.Count == 0 || double.IsNaN(row.Scores[0].Value)
            ? SampleOutcome.HarnessError
            : SampleOutcome.Wrong;
    }

    /// <summary>What an error message speaks of; null where it does not sound like an error.</summary>
    public static SampleOutcome? OfMessage(string message)
    {
        var start = Start(message);
        return Timeout().IsMatch(start) ? SampleOutcome.Timeout
            : Parse().IsMatch(start) ? SampleOutcome.ParseError
            : Error().IsMatch(start) ? SampleOutcome.HarnessError
            : null;
    }

    /// <summary>What a plain log's own word for it means; null for an unknown word.</summary>
    public static SampleOutcome? OfWord(string word) =>
        word.Trim().ToUpperInvariant().Replace('-', '_').Replace(' ', '_') switch
        {
            "PASS" or "PASSED" or "OK" or "CORRECT" or "SUCCESS" or "RESOLVED" => SampleOutcome.Pass,
            "FAIL" or "FAILED" or "WRONG" or "INCORRECT" or "UNRESOLVED" => SampleOutcome.Wrong,
            "EMPTY" or "EMPTY_PATCH" or "NO_ANSWER" or "NO_OUTPUT" => SampleOutcome.Empty,
            "PARSE_ERROR" or "PARSE" or "INVALID" or "UNPARSABLE" or "UNPARSEABLE" => SampleOutcome.ParseError,
            "TIMEOUT" or "TIMED_OUT" or "LIMIT" => SampleOutcome.Timeout,
            "ERROR" or "HARNESS_ERROR" or "CRASH" or "EXCEPTION" or "ABORTED" => SampleOutcome.HarnessError,
            "REFUSED" or "REFUSAL" or "CONTENT_FILTER" => SampleOutcome.Refused,
            _ => null,
        };

    private static ReadOnlySpan<char> Start(string text) => text.AsSpan(0, Math.Min(text.Length, ScannedChars));

    [GeneratedRegex(
        @"time[d ]?[ -]?out|deadline exceeded|limit exceeded|exceeded .{0,40}limit",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking
    )]
    private static partial Regex Timeout();

    [GeneratedRegex(
        @"pars(?:e|ing)[ _]?(?:error|fail)|(?:could not|cannot|failed to|unable to) (?:parse|extract)|no answer found|\[invalid\]|JSONDecodeError|invalid (?:json|format)",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking
    )]
    private static partial Regex Parse();

    [GeneratedRegex(
        @"Traceback \(most recent|Exception\b|[A-Za-z]Error\b|connection (?:reset|refused)|no space left|out of memory|\bOOM\b|docker|sandbox|exit code [1-9]|HTTP [45]\d\d|rate limit",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking
    )]
    private static partial Regex Error();

    [GeneratedRegex(
        @"\A\W{0,4}(?:I'?m sorry|I am sorry|Sorry,|I can(?:'|’)?t (?:help|assist|comply|provide|do that)|I cannot (?:help|assist|comply|provide)|I(?:'|’)?m (?:unable|not able) to|As an AI)",
        RegexOptions.IgnoreCase | RegexOptions.NonBacktracking
    )]
    private static partial Regex Refusal();
}
