namespace SelfDev.Core.Serving.Model;

/// <summary>How conversations with one checkpoint went, in totals. Figures that need text are null where the log has
/// none.</summary>
/// <param name="ProgressPerReply">Replies that did something new in the conversation, over all replies.</param>
public sealed record QualitySummary(
    string Checkpoint,
    long Sessions,
    long Turns,
    long Replies,
    long? Clarifications,
    long? Corrections,
    long? Complaints,
    long? Thanks,
    long Calls,
    long BrokenCalls,
    long RepeatedCalls,
    long? Refusals,
    double ProgressPerReply,
    long DeadEnds
);

/// <summary>Two checkpoints side by side.</summary>
/// <param name="Verdict"><c>worse</c>, <c>better</c>, <c>mixed</c>, <c>no-difference-shown</c> or
/// <c>too-few-sessions</c>.</param>
public sealed record QualityComparison(
    string Checkpoint,
    string Against,
    long Sessions,
    long AgainstSessions,
    string Verdict,
    IReadOnlyList<QualityDifference> Metrics
)
{
    public const string Worse = "worse";
    public const string Better = "better";
    public const string Mixed = "mixed";
    public const string NoDifference = "no-difference-shown";
    public const string TooFew = "too-few-sessions";
}

/// <summary>One rate of two checkpoints: the mean over sessions, so that long sessions count no more than short
/// ones.</summary>
/// <param name="Low">95 % confidence interval of the difference.</param>
/// <param name="PValue">Welch's t test, two-sided, corrected for all rates compared (Holm); null where nothing
/// varies.</param>
/// <param name="Verdict"><c>worse</c>, <c>better</c> or <c>no-difference-shown</c>, at 0.05.</param>
public sealed record QualityDifference(
    string Metric,
    double Value,
    double Against,
    double Difference,
    double Low,
    double High,
    double? PValue,
    string Verdict
);
