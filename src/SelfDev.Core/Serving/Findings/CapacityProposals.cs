using System.Globalization;
using SelfDev.Core.Findings;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Reading;

namespace SelfDev.Core.Serving.Findings;

/// <summary>What is proposed where prefixes were known but elsewhere, or known but gone: routing, room in the cache,
/// and more replicas only where the ledger says that room is what lacks.</summary>
internal static class CapacityProposals
{
    private const int MaxReplicas = 1000;

    /// <summary>Nobody multiplies a fleet on an estimate: beyond so many replicas for one only the cache's room is
    /// proposed, unless its size was given.</summary>
    private const int MaxGrowth = 4;

    /// <summary>Blocks of the simulation are not quite those of the engine.</summary>
    private const double Tolerance = 1.05;

    public static IReadOnlyList<Proposal> For(string kind, ServingTraffic traffic, ServingSummary summary) =>
        kind switch
        {
            FindingKinds.CacheRouting => [Routing(traffic, summary)],
            FindingKinds.CacheEviction => [Capacity(traffic, summary), .. Replicas(traffic, summary)],
            _ => [],
        };

    private static Proposal Routing(ServingTraffic traffic, ServingSummary summary)
    {
        var tokens = summary.Ledger.Routing;
        var usd = FixRanking.Usd(summary.Fixes.Where(fix => fix.Kind is FixKind.Routing or FixKind.Bypass));
        return new Proposal(
            new PinRouting(RoutingKey.Session, traffic.Ledger.Backends.Count, tokens),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{tokens} prompt tokens were known to another backend than the one that got them, "
                    + $"{FixRanking.Percent(tokens, summary.PromptTokens - summary.CachedTokens)} of all that were "
                    + $"missed."
            )
        )
        {
            ExpectedOutcome = Recovers(tokens, usd),
            Risk = "Load follows conversations and is less even; one backend's failure loses its prefixes.",
        };
    }

    private static Proposal Capacity(ServingTraffic traffic, ServingSummary summary)
    {
        var tokens = summary.Ledger.Eviction;
        var blocks = FixRanking.EnoughBlocks(traffic.Curve);
        return new Proposal(
            new RaiseCacheCapacity(blocks, summary.BlockTokens, tokens),
            string.Create(
                CultureInfo.InvariantCulture,
                $"{tokens} prompt tokens were pushed out before they were needed again; {blocks} blocks serve nearly "
                    + $"all that an unlimited cache would."
            )
        )
        {
            ExpectedOutcome = Recovers(tokens, Cost(summary)),
            Risk = "Memory for the cache is memory that running requests do not have.",
        };
    }

    /// <summary>Machines are bought only where nothing cheaper recovers as much.</summary>
    private static IEnumerable<Proposal> Replicas(ServingTraffic traffic, ServingSummary summary)
    {
        var blocks = FixRanking.EnoughBlocks(traffic.Curve);
        if (
            summary.Fixes is not [{ Kind: FixKind.Capacity }, ..]
            || Present(traffic, summary) is not (var now, var each, var isGiven)
            || blocks <= now
        )
        {
            yield break;
        }

        var replicas = (int)Math.Min(MaxReplicas, (blocks - now + each - 1) / each);
        if (!isGiven && replicas > MaxGrowth * (now / each))
        {
            yield break;
        }

        yield return new Proposal(
            new ScaleFleet(Capacity: null, RestoreNodes: replicas),
            string.Create(
                CultureInfo.InvariantCulture,
                $"The cache lacks {blocks - now} blocks, and a replica holds "
                    + $"{each}{(isGiven ? "" : ", as far as its hits tell")}."
            )
        )
        {
            ExpectedOutcome = string.Create(
                CultureInfo.InvariantCulture,
                $"With {replicas} more {(replicas == 1 ? "replica" : "replicas")} the hit rate of such traffic nears "
                    + $"{summary.Ceiling:0.####}. {Recovers(summary.Ledger.Eviction, Cost(summary))}"
            ),
            Cost = string.Create(
                CultureInfo.InvariantCulture,
                $"{replicas} more {(replicas == 1 ? "instance" : "instances")}"
            ),
            Risk = "Replicas share no cache by themselves: routing has to follow prefixes.",
        };
    }

    /// <summary>
    /// Blocks that the cache holds, and those of one replica: as given, else what the traffic shows. A cache that lost
    /// so many tokens to eviction alone holds as much as the one of the curve that loses as many; its backends hold
    /// equal parts of it.
    /// </summary>
    private static (long Now, long Each, bool IsGiven)? Present(ServingTraffic traffic, ServingSummary summary)
    {
        if (traffic.Options is { CacheBlocks: { } given, ReplicaBlocks: { } part })
        {
            return (given, part, true);
        }

        var kept = traffic.Curve.HitsAt(null).Tokens - summary.Ledger.Eviction;
        var backends = traffic.Ledger.Backends.Values.Count(backend => backend.Caches);
        var now =
            traffic.Options.CacheBlocks
            ?? traffic
                .Curve.Points()
                .Where(point => point.Blocks is { } blocks && traffic.Curve.HitsAt(blocks).Tokens <= kept * Tolerance)
                .Select(point => point.Blocks!.Value)
                .DefaultIfEmpty(0)
                .Max();
        return summary.Simulated || now == 0 || backends == 0
            ? null
            : (now, traffic.Options.ReplicaBlocks ?? Math.Max(1, now / backends), false);
    }

    private static double? Cost(ServingSummary summary) =>
        FixRanking.Usd(summary.Fixes.Where(fix => fix.Kind == FixKind.Capacity));

    private static string Recovers(long tokens, double? usd) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{tokens} more prompt tokens of such traffic come from cache{FixRanking.Money(usd)}."
        );
}
