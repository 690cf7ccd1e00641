using System.Collections.Concurrent;
using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;

namespace SelfDev.Azure.Fleets;

/// <summary>
/// Sets If-Match on writes made inside <see cref="Use"/>: version 1.2.0 of the package has no parameter for it.
/// </summary>
internal sealed class IfMatchPolicy : HttpPipelineSynchronousPolicy
{
    private const string Property = "SelfDev.IfMatch";

    public static IDisposable Use(string etag) =>
        HttpPipeline.CreateHttpMessagePropertiesScope(new Dictionary<string, object?> { [Property] = "\"" + etag + "\"" });

    public override void OnSendingRequest(HttpMessage message)
    {
        if (message.Request.Method != RequestMethod.Get && message.TryGetProperty(Property, out var value) && value is string etag)
        {
            message.Request.Headers.SetValue("If-Match", etag);
        }
    }
}

/// <summary>Refuses to send anything, and with it our token, to another host than ARM's: page links and operation addresses come from outside.</summary>
internal sealed class SameHostPolicy(Uri endpoint) : HttpPipelineSynchronousPolicy
{
    public override void OnSendingRequest(HttpMessage message)
    {
        var target = message.Request.Uri.ToUri();
        if (!ArmAddress.IsOn(endpoint, target))
        {
            throw new ForeignAddressException(target);
        }
    }
}

internal sealed class ForeignAddressException(Uri address) : Exception($"{address.Scheme}://{address.Authority} is not the ARM endpoint; nothing was sent there.");

/// <summary>
/// After a 429, holds back calls of the same subscription and direction (read or write) until Retry-After is over: whoever calls too early gets
/// the same answer from here, and ARM is not asked. Counts for this process; others learn it from ARM themselves.
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
        var key = (message.Request.Method == RequestMethod.Get ? "read " : "write ") + (parts.Length > 1 ? parts[1] : "");
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
    : RequestFailedException(429, string.Create(CultureInfo.InvariantCulture, $"ARM asked for a pause; {rest.TotalSeconds:0.#} s of it are left."), "TooManyRequests", null)
{
    public TimeSpan Rest { get; } = rest;
}

/// <summary>
/// Repeats reads after 5xx and broken connections. Never a write, which the caller reconciles by reading, and never where ARM names a time:
/// the workflow's durable timers do the waiting.
/// </summary>
internal sealed class ReadRetryPolicy(int retries, TimeSpan delay)
    : RetryPolicy(retries, DelayStrategy.CreateExponentialDelayStrategy(delay, TimeSpan.FromSeconds(10)))
{
    protected override bool ShouldRetry(HttpMessage message, Exception? exception) => MayRepeat(message, exception) && base.ShouldRetry(message, exception);

    protected override ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>
        MayRepeat(message, exception) ? base.ShouldRetryAsync(message, exception) : new ValueTask<bool>(false);

    private static bool MayRepeat(HttpMessage message, Exception? exception) =>
        message.Request.Method == RequestMethod.Get
        && !ArmFailure.IsCertificateRefused(exception)
        && !(message.HasResponse && (message.Response.Status == 429 || message.Response.Headers.Contains("Retry-After")));
}

internal static class RetryAfter
{
    // RFC 9110, section 10.2.3: seconds or an HTTP date. A day is the longest that we believe.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static TimeSpan? Of(Response? response, TimeProvider clock)
    {
        if (response is null || !response.Headers.TryGetValue("Retry-After", out var text))
        {
            return null;
        }

        TimeSpan? wait = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds)
            : DateTimeOffset.TryParseExact(text, "R", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date) ? date - clock.GetUtcNow()
            : null;
        return wait is { } time ? (time < TimeSpan.Zero ? TimeSpan.Zero : time > Longest ? Longest : time) : null;
    }
}
