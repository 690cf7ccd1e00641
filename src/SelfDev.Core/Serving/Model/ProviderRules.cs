using System.Text.Json;
using System.Text.RegularExpressions;

namespace SelfDev.Core.Serving.Model;

/// <summary>How one family of models caches prompts. Data of <c>providers.json</c>, each with its source.</summary>
/// <param name="Name">As <c>--set provider=NAME</c> takes it.</param>
/// <param name="Match">Parts of model names, in lower case.</param>
/// <param name="MinimumTokens">A shorter prefix is never cached.</param>
/// <param name="StepTokens">Cached prefixes are multiples of it: the block size of engines, the rounding of APIs. At
/// least 1.</param>
/// <param name="TtlSeconds">Seconds without use after which an entry is gone; null: kept until evicted.</param>
/// <param name="Breakpoints">Whether only prefixes that end at a cache mark are kept.</param>
/// <param name="LastTokenRecomputed">Whether the prompt's last token is always computed, so that a whole prompt is
/// never a hit.</param>
/// <param name="Evicts">Whether the least recently used entries leave when the cache is full, before anything else can
/// remove them.</param>
/// <param name="InputPrice">USD per million prompt tokens.</param>
/// <param name="CachedPrice">USD per million cached prompt tokens.</param>
public sealed record ProviderRule(
    string Name,
    IReadOnlyList<string> Match,
    int MinimumTokens,
    int StepTokens,
    double? TtlSeconds,
    bool Breakpoints,
    bool LastTokenRecomputed,
    bool Evicts,
    double? InputPrice,
    double? CachedPrice,
    string Routing,
    string Source
)
{
    /// <summary>Tokens of a kept prefix that a prompt can be served from cache.</summary>
    /// <param name="prefix">Tokens that both begin with.</param>
    /// <param name="prompt">Tokens of the whole prompt.</param>
    public long Servable(long prefix, long prompt)
    {
        var usable = LastTokenRecomputed ? Math.Min(prefix, prompt - 1) : prefix;
        return usable < MinimumTokens || usable < 0 ? 0 : usable - (usable % StepTokens);
    }
}

/// <summary>The rules of all families, and the names of models without what gateways add to them.</summary>
public sealed partial class ProviderRules
{
    private const int MaxModels = 4096;

    private readonly RuleFile _file;
    private readonly Dictionary<string, ProviderRule> _byModel = new(StringComparer.Ordinal);

    private ProviderRules(RuleFile file) => _file = file;

    public IReadOnlyList<ProviderRule> Families => _file.Families;

    public static ProviderRules Load()
    {
        using var stream = typeof(ProviderRules).Assembly.GetManifestResourceStream(
            "SelfDev.Core.Serving.providers.json"
        )!;
        return new ProviderRules(JsonSerializer.Deserialize<RuleFile>(stream, JsonSerializerOptions.Web)!);
    }

    /// <summary>The rule of a model; the unknown family's, which assumes nothing, where no family has it.</summary>
    /// <param name="model">As <see cref="BaseName"/> gives it.</param>
    public ProviderRule Of(string model)
    {
        if (!_byModel.TryGetValue(model, out var rule))
        {
            rule =
                Families.FirstOrDefault(family =>
                    family.Match.Any(part => model.Contains(part, StringComparison.Ordinal))
                ) ?? _file.Unknown;
            if (_byModel.Count < MaxModels)
            {
                _byModel.Add(model, rule);
            }
        }

        return rule;
    }

    public ProviderRule? Named(string name) =>
        Families.Append(_file.Unknown).FirstOrDefault(family => family.Name == name);

    /// <summary>
    /// The model behind the names of its deployments, in lower case: without the path of a gateway, a cloud's region
    /// and vendor prefixes and a revision, e.g.
    /// <c>litellm_proxy/us.anthropic.claude-3-5-sonnet-20241022-v2:0</c> is <c>claude-3-5-sonnet-20241022</c>.
    /// </summary>
    public string BaseName(string model)
    {
        var name = model.ToLowerInvariant();
        name = name[(name.LastIndexOf('/') + 1)..];
        for (var stripped = true; stripped; )
        {
            stripped = false;
            foreach (var prefix in _file.VendorPrefixes)
            {
                if (name.Length > prefix.Length && name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    name = name[prefix.Length..];
                    stripped = true;
                }
            }
        }

        return Revision().Replace(name, "").Replace('@', '-');
    }

    [GeneratedRegex(@"-v\d{1,3}(?::\d{1,3}[a-z]{0,3})?\z", RegexOptions.NonBacktracking)]
    private static partial Regex Revision();

    private sealed record RuleFile(
        IReadOnlyList<string> VendorPrefixes,
        IReadOnlyList<ProviderRule> Families,
        ProviderRule Unknown
    );
}
