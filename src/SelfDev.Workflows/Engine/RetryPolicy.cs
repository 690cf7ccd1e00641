namespace SelfDev.Workflows.Engine;

/// <summary>
/// When a failed activity or child workflow is tried again: after FirstRetryInterval, then each time BackoffCoefficient
/// times longer, at most MaxRetryInterval. Same meaning as Durable Functions' <c>RetryPolicy</c>.
/// </summary>
/// <param name="MaxNumberOfAttempts">Attempts in all, the first included; 1 or more.</param>
/// <param name="BackoffCoefficient">1 or more.</param>
/// <param name="MaxRetryInterval">Null: one hour.</param>
/// <param name="RetryTimeout">No new attempt once this has passed since the first; null: no limit.</param>
public sealed record RetryPolicy(
    int MaxNumberOfAttempts,
    TimeSpan FirstRetryInterval,
    double BackoffCoefficient = 1.0,
    TimeSpan? MaxRetryInterval = null,
    TimeSpan? RetryTimeout = null
)
{
    /// <value>
    /// Error types (<see cref="FailureDetails.ErrorType"/>) that no retry can mend. <see cref="NonRetryableException"/>
    /// is never retried under any policy.
    /// </value>
    public IReadOnlyList<string> NonRetryableErrorTypes { get; init; } = [];

    /// <summary>The delay before attempt <paramref name="attempt"/> (2 = first retry).</summary>
    public TimeSpan DelayBefore(int attempt)
    {
        var max = MaxRetryInterval ?? TimeSpan.FromHours(1);
        var ticks = FirstRetryInterval.Ticks * Math.Pow(BackoffCoefficient, attempt - 2);
        return ticks >= max.Ticks ? max : TimeSpan.FromTicks((long)ticks);
    }

    /// <summary>Whether a failure may be tried again at all; attempts and time are the engine's to count.</summary>
    public bool Handles(FailureDetails failure)
    {
        for (var cause = failure; cause is not null; cause = cause.InnerFailure)
        {
            if (
                cause.ErrorType == typeof(NonRetryableException).FullName
                || cause.ErrorType == typeof(TamperedException).FullName
                || NonRetryableErrorTypes.Contains(cause.ErrorType)
            )
            {
                return false;
            }
        }

        return true;
    }
}
