using System.Text.Json.Serialization;

namespace SelfDev.Core.Findings;

/// <summary>Findings grouped under one cause, with an analyst's explanation whose citations were checked against the artifact.</summary>
/// <param name="Group">1-based number of the group in its report.</param>
/// <param name="FindingIds">The root first, then what follows from it.</param>
/// <param name="Cause">The explanation: quoted text of an analyst, shown as such; it decides nothing.</param>
/// <param name="Citations">Lines that it rests on, all of them found in the artifact.</param>
/// <param name="DroppedCitations">How many it named that are not there.</param>
/// <param name="RecommendedAction">Kind of one action that code had proposed; null where it named none.</param>
/// <param name="Unavailable">Why the language model gave no explanation and the rules' one stands here; null otherwise.</param>
/// <param name="Analyst">Checkpoint name of the model, or <c>rules</c>.</param>
public sealed record Diagnosis(
    int Group,
    IReadOnlyList<string> FindingIds,
    string Cause,
    IReadOnlyList<DiagnosisCitation> Citations,
    int DroppedCitations,
    string? RecommendedAction,
    string? Unavailable,
    string Analyst,
    long InputTokens,
    long CachedTokens,
    long OutputTokens,
    long LatencyMilliseconds);

/// <param name="Text">Part of the line, as in the artifact. Hostile, like all evidence.</param>
public sealed record DiagnosisCitation(long Line, string Text)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? File { get; init; }
}
