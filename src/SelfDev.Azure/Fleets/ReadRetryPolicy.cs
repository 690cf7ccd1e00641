using Azure.Core;
using Azure.Core.Pipeline;

namespace SelfDev.Azure.Fleets;

/// <summary>
/// Repeats reads after 5xx and broken connections. Never a write, which the caller reconciles by reading, and never
/// where ARM names a time: the workflow's durable timers do the waiting.
/// </summary>
internal sealed class ReadRetryPolicy(int retries, TimeSpan delay)
    : RetryPolicy(retries, DelayStrategy.CreateExponentialDelayStrategy(delay, TimeSpan.FromSeconds(10)))
{
    protected override bool ShouldRetry(HttpMessage message, Exception? exception) =>
        MayRepeat(message, exception) && base.ShouldRetry(message, exception);

    protected override ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>
        MayRepeat(message, exception) ? base.ShouldRetryAsync(message, exception) : new ValueTask<bool>(false);

    private static bool MayRepeat(HttpMessage message, Exception? exception) =>
        message.Request.Method == RequestMethod.Get
        && !ArmFailure.IsCertificateRefused(exception)
        && !(
            message.HasResponse && (message.Response.Status == 429 || message.Response.Headers.Contains("Retry-After"))
        );
}
