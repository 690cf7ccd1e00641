namespace SelfDev.Core.Scaling.Model;

/// <summary>One request of a traffic trace.</summary>
/// <param name="Time">Arrival in seconds since the trace's first request; never falls from one request to the
/// next.</param>
/// <param name="PrefillTokens">Prompt tokens that a replica has to compute: cached ones are left out where the log
/// tells them apart. At least 1.</param>
/// <param name="OutputTokens">Tokens generated, at least 1.</param>
public readonly record struct TrafficRequest(double Time, int PrefillTokens, int OutputTokens);

/// <summary>Requests in order of arrival: what the simulation replays.</summary>
public sealed class TrafficTrace
{
    private readonly TrafficRequest[] _requests;

    /// <param name="requests">In any order; sorted by time here (stable), and moved so that the first arrives at
    /// 0.</param>
    /// <exception cref="ArgumentException">There is no request, or one has a time or token count that is out of
    /// range.</exception>
    public TrafficTrace(string name, TrafficRequest[] requests)
    {
        if (requests.Length == 0)
        {
            throw new ArgumentException("A trace has at least one request.", nameof(requests));
        }

        var sorted = true;
        for (var i = 0; i < requests.Length; i++)
        {
            var request = requests[i];
            if (!double.IsFinite(request.Time) || request.PrefillTokens < 1 || request.OutputTokens < 1)
            {
                throw new ArgumentException(
                    $"Request {i} has no finite time or fewer than one token.",
                    nameof(requests)
                );
            }

            sorted &= i == 0 || requests[i - 1].Time <= request.Time;
        }

        _requests = sorted ? requests : [.. requests.OrderBy(request => request.Time)];
        var start = _requests[0].Time;
        if (start != 0)
        {
            for (var i = 0; i < _requests.Length; i++)
            {
                _requests[i] = _requests[i] with { Time = _requests[i].Time - start };
            }
        }

        Name = name;
    }

    public string Name { get; }

    public ReadOnlySpan<TrafficRequest> Requests => _requests;

    public int Count => _requests.Length;

    /// <value>Seconds from the first arrival to the last.</value>
    public double Seconds => _requests[^1].Time;

    /// <summary>The same requests, arriving <paramref name="factor"/> times as fast.</summary>
    /// <param name="factor">Above 0; 2 halves all times between requests.</param>
    public TrafficTrace TimeScaled(double factor)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(factor);
        return new TrafficTrace(
            FormattableString.Invariant($"{Name} x{factor:0.##}"),
            [.. _requests.Select(request => request with { Time = request.Time / factor })]
        );
    }

    /// <summary>Several traces at once: each begins at 0.</summary>
    public static TrafficTrace Mix(params IReadOnlyList<TrafficTrace> traces) =>
        new(
            string.Join(" + ", traces.Select(trace => trace.Name)),
            [.. traces.SelectMany(trace => trace._requests).OrderBy(request => request.Time)]
        );
}
