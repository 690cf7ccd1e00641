namespace SelfDev.Core.Findings.Catalog;

/// <summary>
/// Why prompts miss the cache, requests as they were logged, and how conversations went.
/// </summary>
internal static class CacheRows
{
    public static readonly IReadOnlyList<FindingRow> Rows =
    [
        new()
        {
            Kind = FindingKinds.CacheRouting,
            Title = "Prompts sent past their cache",
            Means =
                "The prefix was in a cache, but not in that of the backend that got the request: the load balancer "
                + "spreads a conversation, a deployment without a cache takes part in it, or cache keys differ.",
            CheckFirst = "the routing rule of the gateway, and which backends report cached tokens at all.",
            DefaultSeverity = Severity.Warning,
            Proposals = [PinRouting.KindName],
        },
        new()
        {
            Kind = FindingKinds.CacheExpiry,
            Title = "Cached prefixes expired",
            Means = "Requests of one conversation came further apart than the cache keeps an unused entry.",
            CheckFirst =
                "the time between requests against the provider's time to live, and whether a longer one can be "
                + "bought.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.CacheEviction,
            Title = "Cached prefixes pushed out",
            Means =
                "The cache is smaller than what is used again: other prompts pushed prefixes out before their next "
                + "use.",
            CheckFirst = "the capacity curve: where it is flat, more memory buys nothing.",
            DefaultSeverity = Severity.Warning,
            Proposals = [RaiseCacheCapacity.KindName, ScaleFleet.KindName],
        },
        new()
        {
            Kind = FindingKinds.CacheRounding,
            Title = "Prefixes lost to whole blocks",
            Means =
                "Caches keep whole blocks or steps and engines compute the last token anew, so that the end of what "
                + "prompts share is computed each time; where prompts share little, that is much of it.",
            CheckFirst =
                "the block size of the engine or the step of the provider against how long the shared prefixes are.",
            DefaultSeverity = Severity.Info,
        },
        new()
        {
            Kind = FindingKinds.BelowCacheMinimum,
            Title = "Prefixes too short to be cached",
            Means = "Shared prefixes are shorter than the provider caches at all.",
            CheckFirst = "whether several short shared parts can be brought together at the prompt's beginning.",
            DefaultSeverity = Severity.Info,
        },
        new()
        {
            Kind = FindingKinds.UnexplainedMisses,
            Title = "Misses without a cause",
            Means =
                "The prefix was known to this backend a moment before, and nothing in the log says why it was not "
                + "served: a restarted engine, an entry that was dropped early, or a cache that is not told of all "
                + "requests.",
            CheckFirst =
                "restarts and evictions in the engine's own log, and whether the log holds all requests of the "
                + "backend.",
            DefaultSeverity = Severity.Info,
        },
        new()
        {
            Kind = FindingKinds.CacheMarkMissing,
            Title = "Cache mark missing",
            Means = "The provider keeps a prompt only up to a cache mark, and reads it only where a mark stands again.",
            CheckFirst = "where the client sets its marks, request by request.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.ModelSwitch,
            Title = "Change of the model",
            Means = "Caches belong to a model: a conversation that changes it computes its whole prompt again.",
            CheckFirst = "the rule by which the gateway chooses models.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.UnusableUsage,
            Title = "Unusable usage",
            Means =
                "The log tells no usage for some requests, or counts that cannot be: negative or impossibly large "
                + "ones. Those requests are in no figure.",
            CheckFirst = "the code or gateway that writes usage, above all for streamed and for failed answers.",
            DefaultSeverity = Severity.Info,
            SeverityNote = "warning where it is negative or impossible",
        },
        new()
        {
            Kind = FindingKinds.BrokenText,
            Title = "Strings that are no text",
            Means =
                "Strings of the log are no text: half of a surrogate pair or malformed UTF-8, most often because a "
                + "text was cut within a character.",
            CheckFirst = "where texts are cut or decoded before they are sent and logged.",
            DefaultSeverity = Severity.Warning,
        },
        new()
        {
            Kind = FindingKinds.CyclicId,
            Title = "Ids in a circle",
            Means =
                "A request names itself or a later request as its parent, so its conversation cannot be followed by "
                + "ids.",
            CheckFirst = "how the client makes ids and hands on the parent's.",
            DefaultSeverity = Severity.Info,
        },
        new()
        {
            Kind = FindingKinds.QualityRegression,
            Title = "Conversations go worse",
            Means = "Conversations with this checkpoint go worse than with the other one by more than chance explains.",
            CheckFirst = "transcripts of the sessions behind the worst rate, before the release goes on.",
            DefaultSeverity = Severity.Error,
            SeverityNote = "warning where other measures became better",
        },
    ];
}
