using System.Text.Json.Serialization;

namespace SelfDev.Core.Findings;

/// <summary>Something a detector saw in an artifact. Every number in it can be recomputed from its evidence
/// lines.</summary>
public sealed record Finding
{
    /// <value>Unique in its report: <c>F1</c>, <c>F2</c>, ... in order of <see cref="From"/>.</value>
    public required string Id { get; init; }

    /// <value>One of <see cref="FindingKinds"/>.</value>
    public required string Kind { get; init; }

    public required Severity Severity { get; init; }

    public required FindingRole Role { get; init; }

    /// <value>One sentence in our own words; log text appears in <see cref="Evidence"/> only.</value>
    public required string Title { get; init; }

    public required Position From { get; init; }

    public required Position To { get; init; }

    /// <value>At least one line; at most <see cref="Limits.EvidencePerFinding"/>, the first and the worst ones.</value>
    public required IReadOnlyList<Evidence> Evidence { get; init; }

    public IReadOnlyDictionary<string, MetricValue> Metrics { get; init; } = new Dictionary<string, MetricValue>();

    public IReadOnlyList<Proposal> Proposals { get; init; } = [];

    /// <value>The id of the finding that caused this one; null for a root or where the cause is not in the
    /// artifacts.</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CausedBy { get; init; }
}

/// <summary>A place in an artifact.</summary>
/// <param name="Line">1-based line number in the decompressed text.</param>
/// <param name="Step">Optimiser step, request number or sample number, where the format has one.</param>
/// <param name="Time">UTC, where the line carries a time.</param>
public sealed record Position(long Line, long? Step, DateTimeOffset? Time);

/// <summary>One line of an artifact, quoted.</summary>
/// <param name="Line">1-based line number in the decompressed text.</param>
/// <param name="Offset">Byte offset of the line's first byte in the decompressed text.</param>
/// <param name="Text">
/// The line's text, at most <see cref="Limits.EvidenceTextChars"/> characters. Hostile: every renderer escapes it.
/// </param>
public sealed record Evidence(long Line, long Offset, string Text)
{
    /// <value>The file's name where an artifact has several files; null where it is one.</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? File { get; init; }
}

/// <summary>Sizes that keep reports, payloads and prompts bounded whatever the artifact holds.</summary>
public static class Limits
{
    public const int EvidencePerFinding = 12;
    public const int EvidenceTextChars = 400;
    public const int FindingsPerReport = 500;
}
