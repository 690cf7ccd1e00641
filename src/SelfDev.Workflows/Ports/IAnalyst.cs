using SelfDev.Core.Findings;

namespace SelfDev.Workflows.Ports;

/// <summary>
/// Explains findings. It adds causes and wording to what code has found; it decides nothing, and what it cites is
/// checked afterwards. Implementations: rules (no network) and a language model. Whether it is a model is told by its
/// type: whatever is not <see cref="Analysts.RulesAnalyst"/> counts as one.
/// </summary>
public interface IAnalyst
{
    /// <value>The name that the host's configuration gives: the model that is asked for, or <c>rules</c>.</value>
    string Name { get; }

    /// <summary>
    /// Explains one group. Expected failures (time-out, throttling, refusal, unusable answer, budget) come back as
    /// <see cref="AnalystAnswer.Unavailable"/>, never as an exception, so that a report never waits for a model.
    /// </summary>
    Task<AnalystAnswer> ExplainAsync(AnalystQuestion question, CancellationToken cancellation);
}

/// <param name="RunId">Whose token budget is charged.</param>
/// <param name="IdempotencyKey">Two calls with one key cost one.</param>
/// <param name="Findings">One group: a root and what follows from it.</param>
/// <param name="Windows">Lines around the evidence: what the model may see and cite, nothing else.</param>
/// <param name="AllowedActions">Kinds of actions that code has proposed; the model may point at one of them.</param>
public sealed record AnalystQuestion(
    string RunId,
    string IdempotencyKey,
    IReadOnlyList<Finding> Findings,
    IReadOnlyList<EvidenceWindow> Windows,
    IReadOnlyList<string> AllowedActions
);

/// <summary>Consecutive lines of an artifact.</summary>
/// <param name="FirstLine">1-based.</param>
/// <param name="Lines">
/// Raw, or redacted already: the analyst redacts and fences in any case, before anything leaves.
/// </param>
public sealed record EvidenceWindow(string? File, long FirstLine, IReadOnlyList<string> Lines);

/// <param name="Cause">One paragraph; empty when unavailable.</param>
/// <param name="Citations">Lines that it rests on; verified ones only.</param>
/// <param name="DroppedCitations">How many more it named that are not in the artifact.</param>
/// <param name="RecommendedAction">One of the allowed kinds, or null.</param>
/// <param name="Unavailable">Why there is no explanation; null when there is one.</param>
public sealed record AnalystAnswer(
    string Cause,
    IReadOnlyList<Citation> Citations,
    int DroppedCitations,
    string? RecommendedAction,
    string? Unavailable,
    AnalystUsage Usage
)
{
    /// <value>
    /// What the raw answer tried instead of explaining (<see cref="Core.Redaction.InjectionKinds"/>), before anything
    /// in it was made harmless; none where it did not.
    /// </value>
    public IReadOnlyList<string> Signs { get; init; } = [];
}

/// <param name="Text">Part of the line, as in the artifact.</param>
public sealed record Citation(string? File, long Line, string Text);

/// <param name="Analyst">
/// The model's name as its server reported it, in the form that <see cref="Core.Lineage.ModelName.Shown"/> gives; the
/// configured one where it reported none; or <c>rules</c>.
/// </param>
public sealed record AnalystUsage(
    string Analyst,
    long InputTokens,
    long CachedTokens,
    long OutputTokens,
    TimeSpan Latency
);
