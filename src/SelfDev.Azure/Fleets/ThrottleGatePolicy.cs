using System.Collections.Concurrent;
using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace SelfDev.Azure.Fleets;

/// <summary>
/// After a 429, holds back calls of the same subscription and direction (read or write) until Retry-After is over:
/// whoever calls too early gets the same answer from here, and ARM is not asked. Counts for this process; others learn
/// it from ARM themselves.
/// </summary>
internal sealed class ThrottleGatePolicy(TimeProvider clock, TimeSpan defaultRetryAfter) : HttpPipelinePolicy
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _closedUntil = new(StringComparer.OrdinalIgnoreCase);

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var key = Enter(message);
        ProcessNext(message, pipeline);
        Leave(message, key);
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var key = Enter(message);
        await ProcessNextAsync(message, pipeline);
        Leave(message, key);
    }

    private string Enter(HttpMessage message)
    {
        var parts = message.Request.Uri.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var key =
            (message.Request.Method == RequestMethod.Get ? "read " : "write ") + (parts.Length > 1 ? parts[1] : "");
        if (_closedUntil.TryGetValue(key, out var until))
        {
            var rest = until - clock.GetUtcNow();
            if (rest > TimeSpan.Zero)
            {
                throw new ThrottledException(rest);
            }

            _closedUntil.TryRemove(KeyValuePair.Create(key, until));
        }

        return key;
    }

    private void Leave(HttpMessage message, string key)
    {
        if (message.HasResponse && message.Response.Status == 429)
        {
            var until = clock.GetUtcNow() + (RetryAfter.Of(message.Response, clock) ?? defaultRetryAfter);
            _closedUntil.AddOrUpdate(key, until, (_, earlier) => until > earlier ? until : earlier);
        }
    }
}

/// <summary>ARM asked for a pause that is not over yet.</summary>
internal sealed class ThrottledException(TimeSpan rest)
    : RequestFailedException(
        429,
        string.Create(
            CultureInfo.InvariantCulture,
            $"ARM asked for a pause; {rest.TotalSeconds:0.#} s of it are left."
        ),
        "TooManyRequests",
        null
    )
{
    public TimeSpan Rest { get; } = rest;
}
