using System.Text;
using SelfDev.Workflows.Engine;

namespace SelfDev.Workflows.Tests.Engine;

public class PayloadTests
{
    // A string of n characters has n + 2 bytes as JSON.
    [Theory]
    [InlineData(Payload.MaxBytes - 2, true)]
    [InlineData(Payload.MaxBytes - 1, false)]
    public void A_payload_may_have_exactly_the_limit(int characters, bool fits)
    {
        var text = new string('x', characters);

        if (fits)
        {
            Assert.Equal(Payload.MaxBytes, Encoding.UTF8.GetByteCount(Payload.Serialize(text)));
        }
        else
        {
            var thrown = Assert.Throws<PayloadTooLargeException>(() => Payload.Serialize(text));
            Assert.Contains("write it to a blob", thrown.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Failures_are_cut_so_that_histories_stay_small()
    {
        var failure = FailureDetails.From(new InvalidOperationException(new string('m', 100_000)));

        Assert.Equal(FailureDetails.MaxMessageChars, failure.Message.Length);
    }

    [Fact]
    public void The_failure_of_a_failed_task_is_the_one_that_was_thrown_first()
    {
        var root = new FailureDetails("System.TimeoutException", "slow");

        Assert.Equal(root, FailureDetails.From(new AggregateException(new WorkflowTaskFailedException("Step", root))));
    }
}
