namespace SelfDev.Workflows.Scaling.Model;

/// <summary>What a serving fleet's metrics say of one interval. A number that the source does not know is left out,
/// never sent as zero.</summary>
public sealed record FleetSample
{
    public const int MaxCount = 1_000_000_000;

    /// <value>End of the interval, UTC.</value>
    public required DateTimeOffset Time { get; init; }

    /// <value>Length of the interval in seconds, 1 to 3600.</value>
    public required double Seconds { get; init; }

    /// <value>Requests that arrived in it.</value>
    public required long Requests { get; init; }

    /// <value>Prompt tokens of those that no cache held.</value>
    public required long PrefillTokens { get; init; }

    /// <value>Sum of the squares of those by request; null: requests are taken as equally long.</value>
    public double? PrefillTokensSquared { get; init; }

    /// <value>Requests that ended in it.</value>
    public required long Completions { get; init; }

    /// <value>Output tokens of those.</value>
    public required long OutputTokens { get; init; }

    /// <value>Requests among those that missed the service level; null where nobody counts.</value>
    public long? Misses { get; init; }

    /// <value>Requests that wait, at the end.</value>
    public required int Queue { get; init; }

    /// <value>Seconds that the oldest of them has waited.</value>
    public double QueueAgeSeconds { get; init; }

    /// <value>Requests on replicas, at the end.</value>
    public int Running { get; init; }

    /// <value>Requests by instance (host name), where the source knows: scale-in then takes idle instances and no
    /// other.</value>
    public IReadOnlyDictionary<string, int>? RunningByInstance { get; init; }

    /// <summary>What is wrong with it, in words; empty where it can be used.</summary>
    /// <param name="now">A sample from the future (beyond 5 minutes of clock difference) is wrong.</param>
    public IReadOnlyList<string> Problems(DateTimeOffset now)
    {
        var problems = new List<string>();
        void Check(bool holds, string problem)
        {
            if (!holds)
            {
                problems.Add(problem);
            }
        }

        Check(Time <= now.AddMinutes(5) && Time > now.AddDays(-1), "time must lie within the last day.");
        Check(Seconds is >= 1 and <= 3600, "seconds must be from 1 to 3600.");
        Check(Requests is >= 0 and <= MaxCount, "requests must be from 0 to 1000000000.");
        Check(PrefillTokens is >= 0 and <= 1000L * MaxCount, "prefillTokens must be from 0 to 1000000000000.");
        Check(PrefillTokensSquared is null or (>= 0 and < 1e30), "prefillTokensSquared must be 0 or more.");
        Check(Completions is >= 0 and <= MaxCount, "completions must be from 0 to 1000000000.");
        Check(OutputTokens is >= 0 and <= 1000L * MaxCount, "outputTokens must be from 0 to 1000000000000.");
        Check(Misses is null || (Misses >= 0 && Misses <= Completions), "misses must be from 0 to completions.");
        Check(Queue is >= 0 and <= MaxCount, "queue must be from 0 to 1000000000.");
        Check(QueueAgeSeconds is >= 0 and <= 86_400, "queueAgeSeconds must be from 0 to 86400.");
        Check(Running is >= 0 and <= MaxCount, "running must be from 0 to 1000000000.");
        Check(
            (RunningByInstance?.Count ?? 0) <= 1000 && (RunningByInstance?.Values.All(running => running >= 0) ?? true),
            "runningByInstance must hold at most 1000 counts of 0 or more."
        );
        return problems;
    }
}
