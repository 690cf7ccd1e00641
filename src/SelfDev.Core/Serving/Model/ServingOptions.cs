using System.Globalization;
using SelfDev.Core.Artifacts;

namespace SelfDev.Core.Serving.Model;

/// <summary>Settings of the serving room. Each has the range it is checked against and the reason for its
/// default.</summary>
public sealed record ServingOptions
{
    public static ServingOptions Default { get; } = new();

    /// <value>
    /// Whether reports carry hashes and lengths in place of every span of text. Default false: short redacted spans.
    /// Logs without text are read either way.
    /// </value>
    public bool HashOnly { get; init; }

    /// <value>Family of <see cref="ProviderRules"/> that applies to all models; null: by model name.</value>
    public string? Provider { get; init; }

    /// <value>Seconds after which an unused cache entry is gone, 1 to 31536000; null: the provider's.</value>
    public double? TtlSeconds { get; init; }

    /// <value>
    /// Tokens of a block in the capacity simulation, 1 to 65536; null: 512 for Mooncake traces, 16 for Bailian traces
    /// and for request logs (vLLM's default).
    /// </value>
    public int? BlockTokens { get; init; }

    /// <value>
    /// Capacity of the cache in blocks, 1 to 1e12; null: not known. A block trace says nothing about hits, so those of
    /// this capacity are booked (unlimited without it); a request log has its own figures, and scaling is compared with
    /// it.
    /// </value>
    public long? CacheBlocks { get; init; }

    /// <value>Blocks that the cache of one replica holds, 1 to 1e12; null: not known, and no number of replicas follows
    /// from a capacity.</value>
    public long? ReplicaBlocks { get; init; }

    /// <value>Further points of the capacity curve in blocks, each 1 to 1e12, at most 64.</value>
    public IReadOnlyList<long> Capacities { get; init; } = [];

    /// <value>USD per million prompt tokens, 0 to 10000; null: the provider's list price.</value>
    public double? InputPrice { get; init; }

    /// <value>USD per million cached prompt tokens, 0 to 10000; null: the provider's list price.</value>
    public double? CachedPrice { get; init; }

    /// <value>
    /// Prompt tokens a replica computes in a second, 1 to 1e7, for the time to first token that a fix recovers where
    /// the log has too few times to tell. Default 10000: the order of one H100 with a 70B model in 8 bits.
    /// </value>
    public double PrefillTokensPerSecond { get; init; } = 10_000;

    /// <value>Memory for the last prompts of conversations, which spans are found in, in MiB, 1 to 65536. Default 256;
    /// the oldest leave.</value>
    public int HistoryMegabytes { get; init; } = 256;

    /// <summary>Reads the options of a request.</summary>
    /// <exception cref="ArtifactUnreadableException">An unknown name or a value out of range; the message says which
    /// are known.</exception>
    public static ServingOptions Parse(IReadOnlyDictionary<string, string> values)
    {
        var options = Default;
        foreach (var (name, value) in values)
        {
            options = name switch
            {
                "hash-only" => options with
                {
                    HashOnly =
                        value == "true" || (value != "false" ? throw Refuse(name, value, "true or false") : false),
                },
                "provider" => options with { Provider = Family(name, value) },
                "ttl-seconds" => options with { TtlSeconds = Number(name, value, 1, 31_536_000) },
                "block-tokens" => options with { BlockTokens = (int)Number(name, value, 1, 65_536) },
                "cache-blocks" => options with { CacheBlocks = (long)Number(name, value, 1, 1e12) },
                "replica-blocks" => options with { ReplicaBlocks = (long)Number(name, value, 1, 1e12) },
                "capacities" => options with { Capacities = Many(name, value) },
                "input-price" => options with { InputPrice = Number(name, value, 0, 10_000) },
                "cached-price" => options with { CachedPrice = Number(name, value, 0, 10_000) },
                "prefill-tokens-per-second" => options with { PrefillTokensPerSecond = Number(name, value, 1, 1e7) },
                "history-megabytes" => options with { HistoryMegabytes = (int)Number(name, value, 1, 65_536) },
                _ => throw new ArtifactUnreadableException(
                    $"Serving has no option '{name}'. Known: hash-only, provider, ttl-seconds, block-tokens, "
                        + $"cache-blocks, replica-blocks, capacities, input-price, cached-price, "
                        + "prefill-tokens-per-second, history-megabytes."
                ),
            };
        }

        return options;
    }

    private static string Family(string name, string value)
    {
        var rules = ProviderRules.Load();
        return rules.Named(value) is not null
            ? value
            : throw Refuse(
                name,
                value,
                "one of " + string.Join(", ", rules.Families.Select(family => family.Name)) + ", unknown"
            );
    }

    private static List<long> Many(string name, string value)
    {
        var parts = value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return parts.Length is > 0 and <= 64
            ? [.. parts.Select(part => (long)Number(name, part, 1, 1e12))]
            : throw Refuse(name, value, "1 to 64 numbers, separated by commas");
    }

    private static double Number(string name, string value, double low, double high) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        && number >= low
        && number <= high
            ? number
            : throw Refuse(name, value, string.Create(CultureInfo.InvariantCulture, $"a number from {low} to {high}"));

    private static ArtifactUnreadableException Refuse(string name, string value, string expected) =>
        new($"Serving option '{name}' is '{value}'; it takes {expected}.");
}
