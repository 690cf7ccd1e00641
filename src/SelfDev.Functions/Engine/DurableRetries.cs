using Microsoft.DurableTask;
using DurablePolicy = Microsoft.DurableTask.RetryPolicy;
using RetryPolicy = SelfDev.Workflows.Engine.RetryPolicy;

namespace SelfDev.Functions.Engine;

/// <summary>Retry policies of the port, in Durable Functions' terms.</summary>
internal static class DurableRetries
{
    /// <remarks>
    /// Durable Functions refuses three policies that the port allows, and each is given the meaning it has there: no
    /// wait before the first retry (the shortest wait), a first interval over the longest one (the longest one), and a
    /// time-out that is over before the first retry could start (no retry).
    /// </remarks>
    public static DurablePolicy? ToDurable(RetryPolicy? policy)
    {
        if (policy is null)
        {
            return null;
        }

        var longest = policy.MaxRetryInterval ?? TimeSpan.FromHours(1);
        var first = policy.DelayBefore(2);
        first = first > TimeSpan.Zero ? first : TimeSpan.FromTicks(1);
        longest = longest > first ? longest : first;
        var timedOutAtOnce = policy.RetryTimeout < first;
        return new DurablePolicy(
            timedOutAtOnce ? 1 : policy.MaxNumberOfAttempts,
            first,
            policy.BackoffCoefficient,
            longest,
            timedOutAtOnce ? null : policy.RetryTimeout
        )
        {
            HandleFailure = details => Handles(policy, details),
        };
    }

    public static bool Handles(RetryPolicy policy, TaskFailureDetails details) =>
        policy.Handles(DurableFailures.ToFailure(details));
}
