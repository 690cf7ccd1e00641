using System.Globalization;
using SelfDev.Core.Serving.Cache;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Reading;
using SelfDev.Core.Serving.Rendering;

namespace SelfDev.Core.Serving.Findings;

/// <summary>Ranks what could be done by the prompt tokens it recovers, and prices them.</summary>
internal static class FixRanking
{
    private const int MaxPromptFixes = 20;

    /// <summary>Share of what an unlimited cache serves that makes a capacity enough: the curve's last percents cost
    /// most of its memory.</summary>
    private const double EnoughShare = 0.95;

    public static IReadOnlyList<ServingFix> Rank(ServingTraffic traffic, LedgerAccount total)
    {
        var prices = Prices.Of(traffic);
        var fixes = new List<ServingFix>();
        foreach (
            var fault in traffic
                .Faults.All.Where(fault => fault.Tokens > 0)
                .OrderByDescending(fault => fault.Tokens)
                .Take(MaxPromptFixes)
        )
        {
            fixes.Add(Fix(FixKind.Prompt, FaultWording.Remedy(fault), fault.Tokens) with { Fault = fault });
        }

        var bypassed = traffic
            .Ledger.Backends.Keys.Where(traffic.Ledger.IsBypassed)
            .Order(StringComparer.Ordinal)
            .ToList();
        var lostToBypass = traffic
            .Ledger.By(LedgerDimension.Backend)
            .Where(pair => bypassed.Contains(pair.Value))
            .Sum(pair => pair.Account.Causes[(int)MissCause.Routing]);
        Add(
            FixKind.Bypass,
            bypassed.Count == 1
                ? "Send no requests to the backend that has no prefix cache, or turn its cache on"
                : $"Send no requests to the {bypassed.Count} backends that have no prefix cache, or turn their caches "
                    + $"on",
            lostToBypass
        );
        Add(
            FixKind.Routing,
            "Send the requests of a conversation to one backend, under one cache key",
            total.Causes[(int)MissCause.Routing] - lostToBypass
        );
        Add(
            FixKind.Expiry,
            "Keep prefixes alive between requests: a longer time to live, or requests closer together",
            total.Causes[(int)MissCause.Expiry]
        );
        Add(FixKind.Capacity, CapacityTitle(traffic), total.Causes[(int)MissCause.Eviction]);
        Add(
            FixKind.Minimum,
            "Bring shared prefixes over the provider's minimum length",
            total.Causes[(int)MissCause.BelowMinimum]
        );
        Add(
            FixKind.Marks,
            "Leave the cache marks where the cache was told to keep the prompt",
            total.Diverged[(int)DivergedPart.CacheMark]
        );
        Add(FixKind.Model, "Stay with one model within a conversation", total.Diverged[(int)DivergedPart.Model]);
        return [.. fixes.OrderByDescending(fix => fix.Tokens).ThenBy(fix => fix.Title, StringComparer.Ordinal)];

        void Add(FixKind kind, string title, long tokens)
        {
            if (tokens > 0)
            {
                fixes.Add(Fix(kind, title, tokens));
            }
        }

        ServingFix Fix(FixKind kind, string title, long tokens) =>
            new(
                title,
                tokens,
                prices is { } price ? Math.Round(tokens * price / 1e6, 6) : null,
                Math.Round(tokens * traffic.SecondsAToken, 3)
            )
            {
                Kind = kind,
            };
    }

    /// <summary>Blocks of the smallest cache of the curve that serves nearly all an unlimited one does.</summary>
    public static long EnoughBlocks(CapacityCurve curve)
    {
        var all = curve.HitsAt(null).Tokens;
        return curve
            .Points()
            .Where(point => point.Blocks is { } blocks && curve.HitsAt(blocks).Tokens >= EnoughShare * all)
            .Select(point => point.Blocks!.Value)
            .DefaultIfEmpty(curve.DistinctBlocks)
            .Min();
    }

    /// <summary>USD that fixes recover together; null where no price is known.</summary>
    public static double? Usd(IEnumerable<ServingFix> fixes) =>
        fixes.Select(fix => fix.Cost).Aggregate((double?)null, (sum, cost) => cost is null ? sum : (sum ?? 0) + cost);

    public static string Money(double? usd) =>
        usd > 0 ? string.Create(CultureInfo.InvariantCulture, $", {usd:0.##} USD less") : "";

    public static string Percent(long part, long whole) =>
        whole <= 0 ? "none" : ((double)part / whole).ToString("0.#%", CultureInfo.InvariantCulture);

    private static string CapacityTitle(ServingTraffic traffic) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"Raise the capacity of the prefix cache to {EnoughBlocks(traffic.Curve)} blocks"
        );
}

/// <summary>What a missed token costs more than a cached one.</summary>
internal static class Prices
{
    /// <returns>USD per million tokens, over the models by their missed tokens; null where no model has a known
    /// price.</returns>
    public static double? Of(ServingTraffic traffic)
    {
        var (options, weighted, weight) = (traffic.Options, 0.0, 0L);
        foreach (var (model, account) in traffic.Ledger.By(LedgerDimension.Model))
        {
            var rule = options.Provider is { } family ? traffic.Rules.Named(family)! : traffic.Rules.Of(model);
            if (
                (options.InputPrice ?? rule.InputPrice) is { } input
                && (options.CachedPrice ?? rule.CachedPrice) is { } cached
            )
            {
                var missed = account.Prompt - account.Cached;
                weighted += missed * Math.Max(0, input - cached);
                weight += missed;
            }
        }

        return weight > 0 ? weighted / weight
            : options is { InputPrice: { } given, CachedPrice: { } less } ? Math.Max(0, given - less)
            : null;
    }
}
