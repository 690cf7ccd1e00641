using FsCheck;
using FsCheck.Fluent;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Tests.Engine;

public class RetryPolicyTests
{
    [Fact]
    public void Delays_grow_by_the_coefficient_up_to_the_maximum()
    {
        var policy = new RetryPolicy(6, TimeSpan.FromSeconds(2), 2.0, TimeSpan.FromSeconds(10));

        var delays = Enumerable.Range(2, 5).Select(attempt => policy.DelayBefore(attempt).TotalSeconds);

        Assert.Equal([2, 4, 8, 10, 10], delays);
    }

    [Fact]
    public void Without_a_maximum_no_delay_is_over_an_hour_however_many_attempts() =>
        Prop.ForAll(
                ArbMap.Default.ArbFor<PositiveInt>(),
                attempt =>
                    new RetryPolicy(int.MaxValue, TimeSpan.FromSeconds(1), 3.0).DelayBefore(attempt.Get + 1)
                    <= TimeSpan.FromHours(1)
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void A_non_retryable_cause_is_found_below_other_failures()
    {
        var failure = new FailureDetails(
            "Some.Wrapper",
            "outer",
            new FailureDetails(typeof(NonRetryableException).FullName!, "denied")
        );

        Assert.False(Retries.Transient.Handles(failure));
        Assert.True(Retries.Transient.Handles(new FailureDetails("System.TimeoutException", "slow")));
    }

    [Fact]
    public void A_policy_can_name_more_errors_that_no_retry_mends()
    {
        var policy = Retries.Transient with { NonRetryableErrorTypes = ["System.Text.Json.JsonException"] };

        Assert.False(policy.Handles(new FailureDetails("System.Text.Json.JsonException", "bad")));
    }
}
