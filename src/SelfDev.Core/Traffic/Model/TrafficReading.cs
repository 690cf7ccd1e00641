using SelfDev.Core.Artifacts;
using SelfDev.Core.Findings;
using SelfDev.Core.Scaling.Model;

namespace SelfDev.Core.Traffic.Model;

/// <summary>What a traffic file holds, and what of it could not be used.</summary>
public sealed class TrafficReading
{
    private readonly List<TrafficRequest> _requests = [];
    private readonly SortedDictionary<string, (long Count, Evidence First)> _rejections = new(StringComparer.Ordinal);

    /// <summary>Requests that one trace holds at most; 16 bytes each.</summary>
    public const int MaxRequests = 100_000_000;

    public required string Format { get; init; }

    public required string Name { get; init; }

    /// <value>Demand by interval, with the lines that it was read from.</value>
    public required DemandTimeline Timeline { get; init; }

    /// <value>Times are seconds since 1970 where the format has dates, else seconds since the log's own
    /// beginning.</value>
    public bool HasDates { get; set; }

    public int Requests => _requests.Count;

    /// <value>Demand by interval, for formats that hold samples instead of requests; empty otherwise.</value>
    public List<DemandSample> Samples { get; } = [];

    /// <value>Requests that failed, by what the log says (BurstGPT: no response tokens; status 400 and up); they count
    /// as demand for prefill.</value>
    public long Failures { get; private set; }

    /// <value>Failed requests that nobody counted the tokens of: they are not among <see cref="Requests"/>.</value>
    public long FailuresWithoutUsage { get; private set; }

    /// <value>The first line with a failed request.</value>
    public Evidence? FirstFailure { get; private set; }

    /// <value>Uncached prompt tokens of all requests.</value>
    public long PrefillTokens { get; private set; }

    /// <value>Requests whose log tells cached prompt tokens apart.</value>
    public long WithCachedTokens { get; set; }

    /// <value>Cached prompt tokens of those, left out of the demand.</value>
    public long CachedTokens { get; set; }

    public long Bytes { get; set; }

    public long Lines { get; set; }

    public string Sha256 { get; set; } = "";

    public long Rejected { get; private set; }

    /// <value>Why lines were not used: reason, how many, and the first of them.</value>
    public IReadOnlyDictionary<string, (long Count, Evidence First)> Rejections => _rejections;

    /// <value>The first line that was used.</value>
    public Evidence? FirstLine { get; private set; }

    public void Add(in TextLine line, double time, long prefillTokens, long outputTokens)
    {
        if (prefillTokens is < 0 or > int.MaxValue || outputTokens is < 0 or > int.MaxValue || !double.IsFinite(time))
        {
            Reject(line, "token counts or time out of range");
            return;
        }

        if (_requests.Count == MaxRequests)
        {
            throw new ArtifactUnreadableException(
                $"'{Name}' has more than {MaxRequests} requests. Split the file by time."
            );
        }

        FirstLine ??= line.ToEvidence();
        PrefillTokens += prefillTokens;
        Timeline.Add(time, prefillTokens, outputTokens, line);
        // An empty prompt or answer still takes a step.
        _requests.Add(new TrafficRequest(time, (int)Math.Max(1, prefillTokens), (int)Math.Max(1, outputTokens)));
    }

    public void AddSample(in TextLine line, in DemandSample sample)
    {
        if (!Timeline.Add(sample, line))
        {
            Reject(line, "more samples than are read");
            return;
        }

        FirstLine ??= line.ToEvidence();
        Samples.Add(sample);
    }

    /// <summary>Counts a request that failed.</summary>
    /// <param name="hasUsage">Whether its tokens are known, and it is added as well.</param>
    public void Fail(in TextLine line, bool hasUsage)
    {
        Failures++;
        FailuresWithoutUsage += hasUsage ? 0 : 1;
        FirstFailure ??= line.ToEvidence();
    }

    public void Reject(in TextLine line, string reason)
    {
        Rejected++;
        _rejections[reason] = _rejections.TryGetValue(reason, out var known)
            ? (known.Count + 1, known.First)
            : (1, line.ToEvidence());
    }

    /// <summary>The requests as a trace.</summary>
    /// <returns>Null where there are none.</returns>
    public TrafficTrace? ToTrace() => _requests.Count == 0 ? null : new TrafficTrace(Name, [.. _requests]);
}
