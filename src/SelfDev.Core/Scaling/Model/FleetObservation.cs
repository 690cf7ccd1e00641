namespace SelfDev.Core.Scaling.Model;

/// <summary>
/// What a scaling policy sees at the end of an interval: only what a fleet's metrics tell. Nothing of the future, and
/// of requests that still run no output length.
/// </summary>
public readonly record struct FleetObservation
{
    /// <value>Seconds since the trace's start.</value>
    public required double Time { get; init; }

    /// <value>Seconds that the counts of this observation cover.</value>
    public required double IntervalSeconds { get; init; }

    /// <value>Replicas that take requests.</value>
    public required int Ready { get; init; }

    /// <value>Replicas that were asked for and do not serve yet.</value>
    public required int Starting { get; init; }

    /// <value>Replicas that finish what they have and then go.</value>
    public required int Draining { get; init; }

    /// <value>Requests that arrived in the interval.</value>
    public required long Arrivals { get; init; }

    /// <value>Uncached prompt tokens of those.</value>
    public required long PrefillTokens { get; init; }

    /// <value>Sum of the squares of those by request: with the sum, how much prompts differ in length. Serving engines
    /// export it as a histogram.</value>
    public required double PrefillTokensSquared { get; init; }

    /// <value>Requests that ended in the interval.</value>
    public required long Completions { get; init; }

    /// <value>Output tokens of those.</value>
    public required long CompletedOutputTokens { get; init; }

    /// <value>Requests among those that missed the service level.</value>
    public required long Misses { get; init; }

    /// <value>Requests that wait for a replica, now.</value>
    public required int Queue { get; init; }

    /// <value>Seconds that the oldest of them has waited.</value>
    public required double QueueAgeSeconds { get; init; }

    /// <value>Requests on replicas, now.</value>
    public required int Running { get; init; }

    /// <value>Share of the interval in which ready replicas were busy, 0 to 1: what nvidia-smi calls
    /// utilisation.</value>
    public required double BusyShare { get; init; }

    /// <value>Mean share of the key-value cache in use on ready replicas, now: vLLM's
    /// <c>kv_cache_usage_perc</c>.</value>
    public required double CacheShare { get; init; }

    /// <value>Mean time to first token of requests that got it in the interval, seconds; NaN without any.</value>
    public required double MeanTimeToFirstToken { get; init; }

    /// <value>Mean seconds between tokens of requests that ended in the interval; NaN without any.</value>
    public required double MeanInterToken { get; init; }

    /// <value>Whether there were metrics at all. False: the source was silent, and every count above is unknown, not
    /// zero.</value>
    public required bool HasMetrics { get; init; }

    /// <value>Replicas that are paid for and meant to stay: what a policy's answer is compared with.</value>
    public int Provisioned => Ready + Starting;

    /// <summary>What of it a fleet's metrics tell in production as well.</summary>
    public DemandSample ToSample() =>
        new()
        {
            Time = Time,
            Seconds = IntervalSeconds,
            Requests = Arrivals,
            PrefillTokens = PrefillTokens,
            PrefillTokensSquared = PrefillTokensSquared,
            OutputTokens = CompletedOutputTokens,
            Completions = Completions,
            Misses = Misses,
            Queue = Queue,
            QueueAgeSeconds = QueueAgeSeconds,
            Running = Running,
            Ready = Ready,
        };
}
