using System.Text.Json.Serialization;

namespace SelfDev.Core.Findings;

/// <summary>
/// Findings grouped under one cause, with an analyst's explanation whose citations were checked against the artifact.
/// </summary>
/// <param name="Group">1-based number of the group in its report.</param>
/// <param name="FindingIds">The root first, then what follows from it.</param>
/// <param name="Cause">
/// The explanation: quoted text of an analyst, shown as such; it decides nothing. Empty where there is none that may
/// be shown.
/// </param>
/// <param name="Citations">
/// Lines that it rests on, all of them found in the artifact; of a model's explanation there is at least one.
/// </param>
/// <param name="DroppedCitations">How many the analyst named that are not there.</param>
/// <param name="RecommendedAction">Kind of one action that code had proposed; null where it named none.</param>
/// <param name="Unavailable">
/// Why the language model's explanation is not the one that stands here; null where it is, or where none was asked.
/// </param>
/// <param name="ExplainedBy">
/// Whose text <paramref name="Cause"/> is: set by the code that asked, never by anything that an analyst or its
/// server said.
/// </param>
/// <param name="Analyst">
/// For people: the model's name as its server reported it (<see cref="Lineage.ModelName.Shown"/>), or <c>rules</c>.
/// </param>
public sealed record Diagnosis(
    int Group,
    IReadOnlyList<string> FindingIds,
    string Cause,
    IReadOnlyList<DiagnosisCitation> Citations,
    int DroppedCitations,
    string? RecommendedAction,
    string? Unavailable,
    Explainer ExplainedBy,
    string Analyst,
    long InputTokens,
    long CachedTokens,
    long OutputTokens,
    long LatencyMilliseconds
)
{
    /// <value>Name of the model that was asked, from the host's configuration; null where none was.</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AskedModel { get; init; }

    /// <value>
    /// What the model's answer tried instead of explaining (<see cref="Redaction.InjectionKinds"/>); none where it
    /// did not.
    /// </value>
    public IReadOnlyList<string> AnswerSigns { get; init; } = [];
}

/// <summary>Who wrote an explanation.</summary>
public enum Explainer
{
    /// <summary>A language model. The first, so that a record which does not say counts as a model's.</summary>
    Model,

    /// <summary>Code, without any model.</summary>
    Rules,
}

/// <param name="Text">Part of the line, as in the artifact. Hostile, like all evidence.</param>
public sealed record DiagnosisCitation(long Line, string Text)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? File { get; init; }
}
