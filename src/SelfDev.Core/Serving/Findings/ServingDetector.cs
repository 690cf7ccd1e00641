using System.Globalization;
using SelfDev.Core.Findings;
using SelfDev.Core.Secrets;
using SelfDev.Core.Serving.Cache;
using SelfDev.Core.Serving.Model;
using SelfDev.Core.Serving.Reading;
using SelfDev.Core.Serving.Rendering;

namespace SelfDev.Core.Serving.Findings;

/// <summary>Turns ledger and faults into findings, each with its proposals.</summary>
internal sealed class ServingDetector(ServingTraffic traffic, ServingSummary summary, bool severalFiles)
{
    /// <summary>Share of all prompt tokens that a cause must have cost to be a finding.</summary>
    private const double CauseShare = 0.05;

    /// <summary>Less than this is a test call, not traffic.</summary>
    private const long CauseTokens = 2_000;

    /// <summary>What a provider's granularity costs is only worth a word where it is much.</summary>
    private const double GranularityShare = 0.2;

    private readonly List<Finding> _findings = [];

    public IReadOnlyList<Finding> Detect()
    {
        foreach (var fault in traffic.Faults.All)
        {
            Rendering(fault);
        }

        Causes();
        Inputs();
        _findings.AddRange(traffic.Quality.Findings(summary.QualityComparisons));
        var kept = _findings
            .OrderByDescending(finding => finding.Severity)
            .ThenBy(finding => finding.From.Line)
            .Take(Limits.FindingsPerReport)
            .OrderBy(finding => finding.From.Line)
            .ThenBy(finding => finding.Kind, StringComparer.Ordinal)
            .ToList();
        return [.. kept.Select((finding, index) => Numbered(finding, $"F{index + 1}"))];
    }

    private static Finding Numbered(Finding finding, string id) =>
        finding with
        {
            Id = id,
            Proposals = [.. finding.Proposals.Select(proposal => proposal with { FindingIds = [id] })],
        };

    private void Rendering(RenderingFault fault)
    {
        var earlier = fault.EarlierSpan;
        var metrics = new Dictionary<string, MetricValue>
        {
            ["component"] = fault.Component,
            ["occurrences"] = fault.Occurrences,
            ["tokens"] = fault.Tokens,
            ["laterRequest"] = fault.Later.Number,
            ["laterLine"] = fault.Later.Line,
            ["spanStart"] = fault.LaterSpan.Start,
            ["spanLength"] = fault.LaterSpan.Length,
            ["spanHash"] = fault.LaterSpan.Hash,
        };
        var evidence = new List<Evidence>();
        if (fault.Earlier is { } before)
        {
            metrics["earlierRequest"] = before.Number;
            metrics["earlierLine"] = before.Line;
            metrics["earlierSpanStart"] = earlier?.Start ?? 0;
            metrics["earlierSpanLength"] = earlier?.Length ?? 0;
            metrics["earlierSpanHash"] = earlier?.Hash ?? "";
            evidence.Add(Quote(before, Shown(earlier ?? FaultSpan.None)));
        }

        evidence.Add(Quote(fault.Later, Shown(fault.LaterSpan)));
        var tokens = fault.Tokens;
        var usd = FixRanking.Usd(summary.Fixes.Where(candidate => candidate.Fault == fault));
        if (usd is { } recovered)
        {
            metrics["usd"] = recovered;
        }

        _findings.Add(
            new Finding
            {
                Id = "",
                Kind = fault.Kind,
                Severity = FaultWording.SeverityOf(fault),
                Role = FindingRole.Root,
                Title = FaultWording.Title(fault),
                From = PositionOf(fault.Later),
                To = PositionOf(fault.LastSeen),
                Evidence = evidence,
                Metrics = metrics,
                Proposals =
                [
                    new Proposal(
                        new FixPrompt(
                            fault.Kind,
                            fault.Component,
                            fault.LaterSpan.Start,
                            fault.LaterSpan.Length,
                            fault.Later.Line,
                            tokens
                        ),
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"{FaultWording.Remedy(fault)}: seen {fault.Occurrences} "
                                + $"{(fault.Occurrences == 1 ? "time" : "times")}{(tokens > 0 ? $", {tokens} prompt tokens computed again" : "")}."
                        )
                    )
                    {
                        ExpectedOutcome =
                            tokens > 0
                                ? string.Create(
                                    CultureInfo.InvariantCulture,
                                    $"{tokens} more prompt tokens of such traffic come from "
                                        + $"cache{FixRanking.Money(usd)}."
                                )
                                : "The fault is in no later prompt.",
                        Risk = "The model sees another prompt than before; evaluate it first.",
                    },
                ],
            }
        );
    }

    private void Causes()
    {
        var ledger = summary.Ledger;
        Cause(
            MissCause.Routing,
            FindingKinds.CacheRouting,
            ledger.Routing,
            CauseShare,
            Severity.Warning,
            "Prompts went to backends or cache keys that did not have their prefixes"
        );
        Cause(
            MissCause.Expiry,
            FindingKinds.CacheExpiry,
            ledger.Expiry,
            CauseShare,
            Severity.Warning,
            "Prefixes were gone after they had not been used for a while"
        );
        Cause(
            MissCause.Eviction,
            FindingKinds.CacheEviction,
            ledger.Eviction,
            CauseShare,
            Severity.Warning,
            "Prefixes were pushed out of the cache before they were needed again"
        );
        Cause(
            MissCause.BelowMinimum,
            FindingKinds.BelowCacheMinimum,
            ledger.BelowMinimum,
            GranularityShare,
            Severity.Info,
            "Shared prefixes are shorter than the provider caches"
        );
        Cause(
            MissCause.Rounding,
            FindingKinds.CacheRounding,
            ledger.Rounding,
            GranularityShare,
            Severity.Info,
            "Much of what prompts share is less than a whole block or step"
        );
        if (traffic.Ledger.Backends.Values.Any(backend => backend.Caches))
        {
            Cause(
                MissCause.Unexplained,
                FindingKinds.UnexplainedMisses,
                ledger.Unexplained,
                GranularityShare,
                Severity.Info,
                "Prefixes that should have been in the cache were not served from it"
            );
        }

        Cause(
            MissCause.Divergence,
            FindingKinds.ModelSwitch,
            summary.DivergedTokens["model"],
            CauseShare,
            Severity.Warning,
            "Conversations change the model and begin an empty cache each time"
        );
        if (traffic.Faults.All.All(fault => fault.Kind != FindingKinds.CacheMarkMoved))
        {
            Cause(
                MissCause.Divergence,
                FindingKinds.CacheMarkMissing,
                summary.DivergedTokens["cacheMark"],
                CauseShare,
                Severity.Warning,
                "Prompts lack the cache mark under which their prefix was kept"
            );
        }
    }

    private void Cause(MissCause cause, string kind, long tokens, double share, Severity severity, string title)
    {
        var example = ExampleOf(cause, kind) ?? (cause == MissCause.Routing ? BypassExample() : null);
        if (
            tokens < Math.Max(CauseTokens, share * summary.PromptTokens)
            || (example ?? TraceExample()) is not { } cited
        )
        {
            return;
        }

        _findings.Add(
            new Finding
            {
                Id = "",
                Kind = kind,
                Severity = severity,
                Role = FindingRole.Root,
                Title = title,
                From = PositionOf(cited.First),
                To = PositionOf(cited.Last),
                Evidence =
                    cited.First == cited.Worst
                        ? [Quote(cited.First, Figures(cited.FirstFigures))]
                        :
                        [
                            Quote(cited.First, Figures(cited.FirstFigures)),
                            Quote(cited.Worst, Figures(cited.WorstFigures)),
                        ],
                Metrics = new Dictionary<string, MetricValue>
                {
                    ["tokens"] = tokens,
                    ["shareOfPrompt"] = Math.Round((double)tokens / Math.Max(1, summary.PromptTokens), 6),
                    ["shareOfMissed"] = Math.Round(
                        (double)tokens / Math.Max(1, summary.PromptTokens - summary.CachedTokens),
                        6
                    ),
                    ["worstRequest"] = cited.Worst.Number,
                },
                Proposals = CapacityProposals.For(kind, traffic, summary),
            }
        );
    }

    private void Inputs()
    {
        var unusable = traffic.Inputs.Of(InputFault.NegativeUsage);
        // A log that never tells usage is of another kind, not faulty.
        var booked = traffic.Ledger.Backends.Values.Sum(backend => backend.Requests);
        Input(
            InputFault.NegativeUsage,
            FindingKinds.UnusableUsage,
            Severity.Warning,
            "Usage is negative or impossible; those requests are not booked",
            unusable
        );
        Input(
            InputFault.MissingUsage,
            FindingKinds.UnusableUsage,
            Severity.Info,
            "Usage is missing; those requests are not booked",
            booked > 0 ? traffic.Inputs.Of(InputFault.MissingUsage) : 0
        );
        Input(
            InputFault.BrokenText,
            FindingKinds.BrokenText,
            Severity.Warning,
            "Prompts hold strings that are no text: lone surrogates or malformed UTF-8",
            traffic.Inputs.Of(InputFault.BrokenText)
        );
        Input(
            InputFault.CyclicId,
            FindingKinds.CyclicId,
            Severity.Info,
            "Requests name themselves or a later one as their parent",
            traffic.Inputs.Of(InputFault.CyclicId)
        );
    }

    private void Input(InputFault fault, string kind, Severity severity, string title, long count)
    {
        if (count == 0)
        {
            return;
        }

        var first = traffic.Inputs.All[fault].First;
        _findings.Add(
            new Finding
            {
                Id = "",
                Kind = kind,
                Severity = severity,
                Role = FindingRole.Root,
                Title = title,
                From = PositionOf(first),
                To = PositionOf(first),
                Evidence = [Quote(first, $"request {first.Number.ToString(CultureInfo.InvariantCulture)}")],
                Metrics = new Dictionary<string, MetricValue> { ["count"] = count },
            }
        );
    }

    private CauseExample? ExampleOf(MissCause cause, string kind) =>
        kind switch
        {
            FindingKinds.ModelSwitch => traffic.Ledger.DivergedExamples[(int)DivergedPart.Model],
            FindingKinds.CacheMarkMissing => traffic.Ledger.DivergedExamples[(int)DivergedPart.CacheMark],
            _ => traffic.Ledger.Examples[(int)cause],
        };

    /// <summary>Requests at a backend without a cache are booked to the routing as a whole; the first of them stands
    /// for all.</summary>
    private CauseExample? BypassExample() =>
        traffic
            .Ledger.Backends.Values.Where(backend => traffic.Ledger.IsBypassed(backend.Name))
            .MinBy(backend => backend.First.Number)
            is { } backend
            ? new CauseExample(backend.First, default, backend.First, default, backend.First, 0, backend.Requests)
            : null;

    private CauseExample? TraceExample() =>
        traffic.First is { } first && traffic.Last is { } last
            ? new CauseExample(first, default, first, default, last, 0, traffic.Requests)
            : null;

    private static string Figures(TokenFigures figures) =>
        figures.Prompt == 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $"{figures.Prompt} prompt tokens, {figures.Cached} cached");

    private Evidence Quote(RequestPlace place, string text) =>
        new(place.Line, place.Offset, text) { File = severalFiles ? place.FileName : null };

    /// <summary>A span as reports may show it: short and without secrets, or nothing but its hash.</summary>
    internal string Shown(FaultSpan span) => traffic.Options.HashOnly ? HashOf(span) : SecretRedactor.Redact(span.Text);

    internal static string HashOf(FaultSpan span) =>
        span.Hash.Length == 0
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $"sha256:{span.Hash} ({span.Length} characters at {span.Start})"
            );

    private static Position PositionOf(RequestPlace place) =>
        new(
            place.Line,
            place.Number,
            double.IsFinite(place.Time) && Math.Abs(place.Time) < 6e10
                ? DateTimeOffset.UnixEpoch.AddSeconds(place.Time)
                : null
        );
}
