using SelfDev.Core.Findings;

namespace SelfDev.Workflows.Ports;

/// <summary>
/// Explains findings. It adds causes and wording to what code has found; it decides nothing, and what it cites is checked
/// afterwards. Implementations: rules (no network) and a language model.
/// </summary>
public interface IAnalyst
{
    /// <value>What stands in reports and the ledger: <c>rules</c>, or the model's checkpoint name.</value>
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
    IReadOnlyList<string> AllowedActions);

/// <summary>Consecutive lines of an artifact.</summary>
/// <param name="FirstLine">1-based.</param>
/// <param name="Lines">Raw, or redacted already: the analyst redacts and fences in any case, before anything leaves.</param>
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
    AnalystUsage Usage);

/// <param name="Text">Part of the line, as in the artifact.</param>
public sealed record Citation(string? File, long Line, string Text);

/// <param name="Analyst">Checkpoint name as the server reported it, or <c>rules</c>.</param>
public sealed record AnalystUsage(string Analyst, long InputTokens, long CachedTokens, long OutputTokens, TimeSpan Latency);
