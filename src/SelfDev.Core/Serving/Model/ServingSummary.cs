using System.Text.Json.Serialization;

namespace SelfDev.Core.Serving.Model;

/// <summary>The envelope's <c>summary</c> of a serving artifact. Tokens are prompt tokens throughout.</summary>
public sealed record ServingSummary
{
    public required long Requests { get; init; }

    public required long PromptTokens { get; init; }

    public required long CachedTokens { get; init; }

    /// <value><see cref="CachedTokens"/> over <see cref="PromptTokens"/>, 0 to 1.</value>
    public required double HitRate { get; init; }

    /// <value>The hit rate of an infinite cache that all backends share, on this very traffic.</value>
    public required double Ceiling { get; init; }

    /// <value>Missed tokens by cause; they sum to <see cref="PromptTokens"/> - <see cref="CachedTokens"/>.</value>
    public required LedgerTokens Ledger { get; init; }

    /// <value>Largest capacity first; the first point is the unlimited one.</value>
    public required IReadOnlyList<CapacityPoint> CapacityCurve { get; init; }

    /// <value>Most tokens first.</value>
    public required IReadOnlyList<ServingFix> Fixes { get; init; }

    public required string Verdict { get; init; }

    /// <value>The cause with the most missed tokens, and its share of them.</value>
    public string? DominantCause { get; init; }

    public double DominantShare { get; init; }

    /// <value>Whether hits were not logged but simulated, as for block traces.</value>
    public bool Simulated { get; init; }

    /// <value>Tokens of a block of the capacity curve.</value>
    public int BlockTokens { get; init; }

    public long DistinctBlocks { get; init; }

    public required ConversationShares Conversations { get; init; }

    /// <value>Divergence by what changed.</value>
    public required IReadOnlyDictionary<string, long> DivergedTokens { get; init; }

    public required IReadOnlyDictionary<string, IReadOnlyList<LedgerRow>> Breakdown { get; init; }

    public required IReadOnlyDictionary<string, long> Inputs { get; init; }

    /// <value>What engines and their metrics said about their caches; null where the artifact has neither.</value>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EngineSummary? Engine { get; init; }

    public IReadOnlyList<QualitySummary> Quality { get; init; } = [];

    public IReadOnlyList<QualityComparison> QualityComparisons { get; init; } = [];
}

/// <summary>Missed prompt tokens by cause.</summary>
public sealed record LedgerTokens(
    long Compulsory,
    long BelowMinimum,
    long Rounding,
    long Divergence,
    long Expiry,
    long Routing,
    long Eviction,
    long Unexplained
)
{
    [JsonIgnore]
    public long Sum => Compulsory + BelowMinimum + Rounding + Divergence + Expiry + Routing + Eviction + Unexplained;

    internal static LedgerTokens Of(in CauseTokens causes) =>
        new(
            causes[(int)MissCause.Compulsory],
            causes[(int)MissCause.BelowMinimum],
            causes[(int)MissCause.Rounding],
            causes[(int)MissCause.Divergence],
            causes[(int)MissCause.Expiry],
            causes[(int)MissCause.Routing],
            causes[(int)MissCause.Eviction],
            causes[(int)MissCause.Unexplained]
        );

    /// <value>Causes by name with their tokens, in the order of the report.</value>
    [JsonIgnore]
    public IReadOnlyList<(string Name, long Tokens)> Named =>
        [
            ("compulsory", Compulsory),
            ("belowMinimum", BelowMinimum),
            ("rounding", Rounding),
            ("divergence", Divergence),
            ("expiry", Expiry),
            ("routing", Routing),
            ("eviction", Eviction),
            ("unexplained", Unexplained),
        ];
}

/// <param name="Tokens">Prompt tokens that it would have served from cache.</param>
/// <param name="Cost">USD that they cost more than cached ones; null where no price is known.</param>
/// <param name="FirstTokenSeconds">Time to first token that it recovers, over all requests together.</param>
public sealed record ServingFix(string Title, long Tokens, double? Cost, double FirstTokenSeconds)
{
    [JsonIgnore]
    internal FixKind Kind { get; init; }

    [JsonIgnore]
    internal RenderingFault? Fault { get; init; }
}

/// <summary>What kind of change a fix is.</summary>
internal enum FixKind
{
    Prompt,
    Routing,
    Bypass,
    Expiry,
    Capacity,
    Minimum,
    Marks,
    Model,
}

/// <param name="Pairs">Requests whose predecessor in the same conversation is known.</param>
/// <param name="AppendOnly">Of them, those that begin with all of it.</param>
/// <param name="Restarted">Those that go back to a beginning of it and change nothing.</param>
/// <param name="Changed">Those that change something in it.</param>
/// <param name="AppendOnlyShare">0 to 1; 0 without pairs.</param>
public sealed record ConversationShares(
    long Pairs,
    long AppendOnly,
    long Restarted,
    long Changed,
    double AppendOnlyShare
);

public sealed record LedgerRow(
    string Name,
    long Requests,
    long PromptTokens,
    long CachedTokens,
    double HitRate,
    double Ceiling,
    LedgerTokens Ledger
);

/// <summary>What engines say about their prefix cache, in log lines and metrics.</summary>
/// <param name="QueriedTokens">Tokens that were looked up, resets of counters taken into account; null without such
/// counters.</param>
/// <param name="HitTokens">Of them, those found.</param>
/// <param name="MeanHitRate">Mean of the rates that vLLM logs: each a window over 1,000 requests, so no total follows
/// from them.</param>
/// <param name="Resets">Times that a counter began again.</param>
public sealed record EngineSummary(
    long LogLines,
    long Scrapes,
    long Resets,
    double? QueriedTokens,
    double? HitTokens,
    double? HitRate,
    double? MeanHitRate,
    double? LastHitRate,
    long? NewTokens,
    long? CachedTokens,
    double? PeakCacheUse,
    double? PeakWaiting
);
