using FsCheck;
using FsCheck.Fluent;
using Microsoft.DurableTask;
using SelfDev.Functions.Engine;
using SelfDev.Workflows.Engine;
using RetryPolicy = SelfDev.Workflows.Engine.RetryPolicy;

namespace SelfDev.Functions.Tests.Engine;

/// <summary>Retry policies of the port in Durable Functions' terms.</summary>
public sealed class DurableRetriesTests
{
    [Fact]
    public void Every_part_of_a_policy_is_carried_over()
    {
        var policy = DurableRetries.ToDurable(
            new RetryPolicy(10, TimeSpan.FromSeconds(2), 1.5, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(20))
        )!;

        Assert.Equal(10, policy.MaxNumberOfAttempts);
        Assert.Equal(TimeSpan.FromSeconds(2), policy.FirstRetryInterval);
        Assert.Equal(1.5, policy.BackoffCoefficient);
        Assert.Equal(TimeSpan.FromMinutes(1), policy.MaxRetryInterval);
        Assert.Equal(TimeSpan.FromMinutes(20), policy.RetryTimeout);
    }

    [Fact]
    public void What_is_left_out_means_one_hour_and_no_limit()
    {
        var policy = DurableRetries.ToDurable(new RetryPolicy(3, TimeSpan.FromSeconds(1)))!;

        Assert.Equal(TimeSpan.FromHours(1), policy.MaxRetryInterval);
        Assert.Equal(Timeout.InfiniteTimeSpan, policy.RetryTimeout);
        Assert.Null(DurableRetries.ToDurable(null));
    }

    [Fact]
    public void Durable_Functions_takes_every_policy_that_the_port_allows()
    {
        var millis = Gen.Choose(0, 10_000_000).Select(value => TimeSpan.FromMilliseconds(value));
        var optional = Gen.OneOf(millis.Select(value => (TimeSpan?)value), Gen.Constant((TimeSpan?)null));
        var policies =
            from attempts in Gen.Choose(1, 50)
            from first in millis
            from coefficient in Gen.Choose(100, 500)
            from longest in optional
            from timeout in optional
            select new RetryPolicy(attempts, first, coefficient / 100.0, longest, timeout);

        Prop.ForAll(
                policies.ToArbitrary(),
                policy =>
                {
                    var durable = DurableRetries.ToDurable(policy)!;
                    var wait = policy.DelayBefore(2);
                    return durable.FirstRetryInterval - wait <= TimeSpan.FromTicks(1)
                        && durable.MaxRetryInterval >= durable.FirstRetryInterval
                        && (
                            durable.MaxNumberOfAttempts == policy.MaxNumberOfAttempts
                            || policy.RetryTimeout < durable.FirstRetryInterval
                        );
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("System.TimeoutException", null, true)]
    [InlineData("SelfDev.Workflows.Engine.NonRetryableException", null, false)]
    [InlineData("System.InvalidOperationException", "SelfDev.Workflows.Engine.NonRetryableException", false)]
    [InlineData(
        "DurableTask.Core.Exceptions.TaskFailedException",
        "SelfDev.Workflows.Engine.NonRetryableException",
        false
    )]
    [InlineData("Named", null, false)]
    [InlineData("System.InvalidOperationException", "Named", false)]
    public void What_no_retry_can_mend_is_not_retried(string type, string? inner, bool retried)
    {
        var policy = new RetryPolicy(3, TimeSpan.FromSeconds(1)) { NonRetryableErrorTypes = ["Named"] };
        var cause = inner is null ? null : new TaskFailureDetails(inner, "cause", null, null, null);

        Assert.Equal(
            retried,
            DurableRetries.Handles(policy, new TaskFailureDetails(type, "failed", null, cause, null))
        );
    }

    [Fact]
    public void Messages_are_cut_to_what_a_history_takes()
    {
        var failure = DurableFailures.ToFailure(new TaskFailureDetails("T", new string('m', 5000), null, null, null));

        Assert.Equal(FailureDetails.MaxMessageChars, failure.Message.Length);
    }
}
