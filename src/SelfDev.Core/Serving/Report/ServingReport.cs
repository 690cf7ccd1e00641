using System.Globalization;
using SelfDev.Core.Reports.Model;
using SelfDev.Core.Serving.Cache;
using SelfDev.Core.Serving.Conversations;
using SelfDev.Core.Serving.Findings;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Reading;
using SelfDev.Core.Text;

namespace SelfDev.Core.Serving.Report;

/// <summary>Verdict, ledger, curve and fixes of a serving artifact.</summary>
internal static class ServingReport
{
    private const int MaxRows = 20;
    private const int MaxDiffs = 12;

    private static readonly Dictionary<string, string> Causes = new(StringComparer.Ordinal)
    {
        ["compulsory"] = "seen for the first time",
        ["belowMinimum"] = "below the provider's minimum",
        ["rounding"] = "rounding to blocks and steps",
        ["divergence"] = "the prompt changed",
        ["expiry"] = "unused for too long",
        ["routing"] = "sent to another backend or cache key",
        ["eviction"] = "pushed out of the cache",
        ["unexplained"] = "unexplained",
    };

    private static readonly Dictionary<string, string> InputNames = new(StringComparer.Ordinal)
    {
        ["missingUsage"] = "requests without usage, not booked",
        ["negativeUsage"] = "requests with negative or impossible usage, not booked",
        ["brokenText"] = "requests with lone surrogates or malformed UTF-8",
        ["clockReversal"] = "times before that of the request before",
        ["cyclicId"] = "ids that are their own ancestors",
        ["emptyBlocks"] = "blocks beyond the prompt's length",
        ["forgottenPrompts"] = "prompts forgotten for want of memory (history-megabytes)",
        ["faultsLeftOut"] = "rendering faults beyond those told apart",
    };

    public static ServingSummary Summarise(ServingTraffic traffic, BlockTraceTotals trace, EngineSummary? engine)
    {
        var total = traffic.Ledger.Total();
        var evicted = trace.Ceiling - trace.Cached;
        total.Prompt += trace.Prompt;
        total.Cached += trace.Cached;
        total.Ceiling += trace.Ceiling;
        total.Causes[(int)MissCause.Compulsory] += trace.Prompt - trace.Ceiling - trace.Unblocked;
        total.Causes[(int)MissCause.Rounding] += trace.Unblocked;
        total.Causes[(int)MissCause.Eviction] += evicted;
        var ledger = LedgerTokens.Of(total.Causes);
        var pairs = traffic.AppendOnly + traffic.Rewound + traffic.Changed;
        var dominant = ledger.Named.MaxBy(cause => cause.Tokens);
        var missed = total.Prompt - total.Cached;
        var summary = new ServingSummary
        {
            Requests = traffic.Requests + trace.Requests,
            PromptTokens = total.Prompt,
            CachedTokens = total.Cached,
            HitRate = Rate(total.Cached, total.Prompt),
            Ceiling = Rate(total.Ceiling, total.Prompt),
            Ledger = ledger,
            CapacityCurve = traffic.Curve.Points(),
            Fixes = FixRanking.Rank(traffic, total),
            Verdict = "",
            DominantCause = missed > 0 ? dominant.Name : null,
            DominantShare = Rate(dominant.Tokens, missed),
            Simulated = trace.Requests > 0,
            BlockTokens = trace.Requests > 0 ? trace.BlockTokens : traffic.Options.BlockTokens ?? 16,
            DistinctBlocks = traffic.Curve.DistinctBlocks,
            Conversations = new ConversationShares(
                pairs,
                traffic.AppendOnly,
                traffic.Rewound,
                traffic.Changed,
                Rate(traffic.AppendOnly, pairs)
            ),
            DivergedTokens = new Dictionary<string, long>
            {
                ["model"] = total.Diverged[(int)DivergedPart.Model],
                ["tools"] = total.Diverged[(int)DivergedPart.Tools],
                ["system"] = total.Diverged[(int)DivergedPart.System],
                ["message"] = total.Diverged[(int)DivergedPart.Message] + total.Diverged[(int)DivergedPart.None],
                ["cacheMark"] = total.Diverged[(int)DivergedPart.CacheMark],
            },
            Breakdown = Enum.GetValues<LedgerDimension>()
                .ToDictionary(Name, dimension => Rows(traffic.Ledger, dimension)),
            Inputs = Inputs(traffic, trace),
            Engine = engine,
            Quality = traffic.Quality.Summarise(),
        };
        return summary with { Verdict = Verdict(summary) };
    }

    public static ReportDocument Document(ServingTraffic traffic, ServingSummary summary, ServingDetector detector)
    {
        var blocks = new List<ReportBlock>();
        if (summary.PromptTokens > 0)
        {
            blocks.Add(
                new Chart(
                    "Where the prompt tokens went",
                    ChartForm.StackedBar,
                    "",
                    "prompt tokens",
                    [
                        new Series(
                            "served from cache",
                            [new ChartPoint(0, summary.CachedTokens) { Label = "prompt tokens" }]
                        ),
                        .. summary
                            .Ledger.Named.Where(cause => cause.Tokens > 0)
                            .Select(cause => new Series(
                                Causes[cause.Name],
                                [new ChartPoint(0, cause.Tokens) { Label = "prompt tokens" }]
                            )),
                    ]
                )
            );
            blocks.Add(LedgerTable(summary));
        }

        if (summary.CapacityCurve.Count > 1)
        {
            blocks.Add(CurveChart(summary));
            blocks.Add(CurveTable(summary));
        }

        blocks.Add(FixTable(summary, traffic));
        blocks.AddRange(Diffs(traffic, detector));
        blocks.AddRange(
            summary.Breakdown.Where(pair => pair.Value.Count > 1).Select(pair => Breakdown(pair.Key, pair.Value))
        );
        if (summary.Engine is { } engine)
        {
            blocks.Add(EngineTable(engine));
        }

        blocks.AddRange(InteractionQuality.Blocks(summary));
        if (summary.Inputs.Count > 0)
        {
            blocks.Add(
                new Table(
                    "What was wrong with the input",
                    ["", "count"],
                    [
                        .. summary.Inputs.Select(pair =>
                            (IReadOnlyList<string>)[InputNames.GetValueOrDefault(pair.Key, pair.Key), Text(pair.Value)]
                        ),
                    ]
                )
                {
                    NumericColumns = [1],
                }
            );
        }

        return new ReportDocument("Serving diagnosis", summary.Verdict, blocks);
    }

    private static string Verdict(ServingSummary summary)
    {
        if (summary.PromptTokens == 0)
        {
            return summary.Engine is { } engine
                ? (engine.HitRate ?? engine.MeanHitRate) is { } rate
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"The engine reports a hit rate of {rate:0.####}; without requests nothing says why."
                    )
                    : "The metrics say nothing about a prefix cache."
                : "The log holds no usage: prompts are compared, tokens are not booked.";
        }

        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.HitRate:0.0%} of {summary.PromptTokens} prompt tokens "
                + $"{(summary.Simulated ? "would come" : "came")} from cache; an infinite cache would have served "
                + $"{summary.Ceiling:0.0%}."
        );
        return summary.DominantCause is { } cause
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"{head} Most of what was missed: {Causes[cause]} "
                    + $"({summary.DominantShare:0.0%}).{(summary.Fixes.Count > 0 ? $" Do first: {summary.Fixes[0].Title}." : "")}"
            )
            : head;
    }

    private static IReadOnlyList<LedgerRow> Rows(MissLedger ledger, LedgerDimension dimension)
    {
        const int MaxValues = 500;
        var rows = ledger.By(dimension).Select(pair => Row(pair.Value, pair.Account)).Take(MaxValues);
        return dimension == LedgerDimension.Hour
            ? [.. rows.OrderBy(row => row.Name, StringComparer.Ordinal)]
            : [.. rows];
    }

    private static LedgerRow Row(string name, LedgerAccount account) =>
        new(
            SafeText.SingleLine(name),
            account.Requests,
            account.Prompt,
            account.Cached,
            Rate(account.Cached, account.Prompt),
            Rate(account.Ceiling, account.Prompt),
            LedgerTokens.Of(account.Causes)
        );

    private static Dictionary<string, long> Inputs(ServingTraffic traffic, BlockTraceTotals trace)
    {
        var inputs = traffic.Inputs.All.ToDictionary(pair => Name(pair.Key), pair => pair.Value.Count);
        Add("clockReversal", trace.ClockReversals);
        Add("cyclicId", trace.CyclicIds);
        Add("emptyBlocks", trace.EmptyBlocks);
        Add("forgottenPrompts", traffic.History.Forgotten);
        Add("faultsLeftOut", traffic.Faults.LeftOut);
        return inputs;

        void Add(string name, long count)
        {
            if (count > 0)
            {
                inputs[name] = inputs.GetValueOrDefault(name) + count;
            }
        }
    }

    private static string Name<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    private static Table LedgerTable(ServingSummary summary) =>
        new(
            "Every prompt token, booked once",
            ["", "tokens", "of all", "of the missed"],
            [
                [
                    "served from cache",
                    Text(summary.CachedTokens),
                    Percent(summary.CachedTokens, summary.PromptTokens),
                    "",
                ],
                .. summary.Ledger.Named.Select(cause =>
                    (IReadOnlyList<string>)
                        [
                            Causes[cause.Name],
                            Text(cause.Tokens),
                            Percent(cause.Tokens, summary.PromptTokens),
                            Percent(cause.Tokens, summary.PromptTokens - summary.CachedTokens),
                        ]
                ),
                [
                    "all",
                    Text(summary.CachedTokens + summary.Ledger.Sum),
                    Percent(summary.CachedTokens + summary.Ledger.Sum, summary.PromptTokens),
                    "",
                ],
            ]
        )
        {
            NumericColumns = [1, 2, 3],
        };

    private static Chart CurveChart(ServingSummary summary)
    {
        var points = summary.CapacityCurve.Where(point => point.Blocks is not null).Reverse().ToList();
        // Capacities span many decades.
        return new Chart(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Hit rate by capacity of the cache ({summary.BlockTokens}-token blocks, least recently used leaves)"
            ),
            ChartForm.Line,
            "blocks, power of ten",
            "hit rate",
            [
                new Series(
                    "by blocks",
                    [.. points.Select(point => new ChartPoint(Math.Log10(point.Blocks!.Value), point.HitRate))]
                ),
                new Series(
                    "by tokens",
                    [.. points.Select(point => new ChartPoint(Math.Log10(point.Blocks!.Value), point.TokenHitRate))]
                ),
            ]
        );
    }

    private static Table CurveTable(ServingSummary summary) =>
        new(
            "Capacity curve",
            ["blocks", "tokens", "hit rate by blocks", "hit rate by tokens"],
            [
                .. summary.CapacityCurve.Select(point =>
                    (IReadOnlyList<string>)
                        [
                            point.Blocks is { } blocks ? Text(blocks) : "unlimited",
                            point.Blocks is { } held ? Text(held * summary.BlockTokens) : "",
                            point.HitRate.ToString("0.0000", CultureInfo.InvariantCulture),
                            point.TokenHitRate.ToString("0.0000", CultureInfo.InvariantCulture),
                        ]
                ),
            ]
        )
        {
            NumericColumns = [0, 1, 2, 3],
        };

    private static Table FixTable(ServingSummary summary, ServingTraffic traffic) =>
        new(
            summary.Fixes.Count == 0 ? "Nothing to fix was found" : "What to do, by what it recovers",
            [
                "fix",
                "prompt tokens",
                "USD",
                traffic.Timed > 0 ? "seconds to first token" : "seconds to first token (estimate)",
            ],
            [
                .. summary
                    .Fixes.Take(MaxRows)
                    .Select(fix =>
                        (IReadOnlyList<string>)
                            [
                                fix.Title,
                                Text(fix.Tokens),
                                fix.Cost?.ToString("0.00", CultureInfo.InvariantCulture) ?? "",
                                fix.FirstTokenSeconds.ToString("0.#", CultureInfo.InvariantCulture),
                            ]
                    ),
            ]
        )
        {
            NumericColumns = [1, 2, 3],
        };

    private static IEnumerable<ReportBlock> Diffs(ServingTraffic traffic, ServingDetector detector)
    {
        var pairs = traffic
            .Faults.All.Where(fault => fault.EarlierSpan is not null)
            .OrderByDescending(fault => fault.Tokens)
            .ThenBy(fault => fault.Later.Number)
            .Take(MaxDiffs)
            .ToList();
        if (pairs.Count == 0)
        {
            yield break;
        }

        yield return new Table(
            "What changed: the first pair of requests of each fault",
            ["fault", "component", "earlier", "later", "times"],
            [
                .. pairs.Select(fault =>
                    (IReadOnlyList<string>)
                        [
                            fault.Kind,
                            fault.Component,
                            $"line {Text(fault.Earlier!.Value.Line)}: "
                                + $"{SafeText.SingleLine(detector.Shown(fault.EarlierSpan!))}",
                            $"line {Text(fault.Later.Line)}: {SafeText.SingleLine(detector.Shown(fault.LaterSpan))}",
                            Text(fault.Occurrences),
                        ]
                ),
            ]
        )
        {
            NumericColumns = [4],
        };
    }

    private static Table Breakdown(string dimension, IReadOnlyList<LedgerRow> rows) =>
        new(
            $"By {dimension switch { "prefixFamily" => "prefix family", _ => dimension }}",
            [
                "",
                "requests",
                "prompt tokens",
                "hit rate",
                "ceiling",
                "routing",
                "divergence",
                "expiry",
                "eviction",
                "first seen",
            ],
            [
                .. rows.Take(MaxRows)
                    .Select(row =>
                        (IReadOnlyList<string>)
                            [
                                row.Name,
                                Text(row.Requests),
                                Text(row.PromptTokens),
                                Percent(row.CachedTokens, row.PromptTokens),
                                row.Ceiling.ToString("0.0%", CultureInfo.InvariantCulture),
                                Text(row.Ledger.Routing),
                                Text(row.Ledger.Divergence),
                                Text(row.Ledger.Expiry),
                                Text(row.Ledger.Eviction),
                                Text(row.Ledger.Compulsory),
                            ]
                    ),
            ]
        )
        {
            NumericColumns = [1, 2, 3, 4, 5, 6, 7, 8, 9],
        };

    private static Table EngineTable(EngineSummary engine) =>
        new(
            "What the engine says",
            ["", "value"],
            [
                .. new (string Name, double? Value)[]
                {
                    ("log lines", engine.LogLines),
                    ("scrapes", engine.Scrapes),
                    ("counter resets", engine.Resets),
                    ("tokens looked up", engine.QueriedTokens),
                    ("tokens found", engine.HitTokens),
                    ("hit rate", engine.HitRate),
                    ("mean of logged hit rates", engine.MeanHitRate),
                    ("last logged hit rate", engine.LastHitRate),
                    ("peak use of the cache", engine.PeakCacheUse),
                    ("peak waiting requests", engine.PeakWaiting),
                }
                    .Where(row => row.Value is not null)
                    .Select(row =>
                        (IReadOnlyList<string>)
                            [row.Name, row.Value!.Value.ToString("0.####", CultureInfo.InvariantCulture)]
                    ),
            ]
        )
        {
            NumericColumns = [1],
        };

    private static double Rate(long part, long whole) => whole <= 0 ? 0 : Math.Round((double)part / whole, 6);

    private static string Percent(long part, long whole) =>
        whole <= 0 ? "" : ((double)part / whole).ToString("0.0%", CultureInfo.InvariantCulture);

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
