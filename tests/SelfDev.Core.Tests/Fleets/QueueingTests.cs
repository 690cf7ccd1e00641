using SelfDev.Core.Scaling.Queues;

namespace SelfDev.Core.Tests.Fleets;

public sealed class QueueingTests
{
    [Theory]
    [InlineData(1, 0.5, 0.5)]
    [InlineData(2, 1, 1 / 3.0)]
    [InlineData(10, 8, 0.409180)]
    [InlineData(20, 16, 0.256078)]
    public void Erlang_C_gives_the_published_values(int servers, double load, double expected) =>
        Assert.Equal(expected, Queueing.ErlangC(servers, load), 6);

    [Fact]
    public void Erlang_C_neither_overflows_nor_cancels_in_large_fleets()
    {
        Assert.InRange(Queueing.ErlangC(10_000, 9_900), 0.1, 0.5);
        Assert.Equal(1, Queueing.ErlangC(3, 3));
        Assert.Equal(0, Queueing.ErlangC(3, 0));
    }

    [Fact]
    public void The_wait_falls_exponentially_from_the_probability_of_waiting()
    {
        Assert.Equal(1 / 3.0, Queueing.WaitExceeds(2, 1, 1, 1, 0), 12);
        Assert.Equal(Math.Exp(-2) / 3, Queueing.WaitExceeds(2, 1, 1, 1, 2), 12);
        Assert.Equal(1, Queueing.WaitExceeds(2, 2, 1, 1, 5));
    }

    [Fact]
    public void The_quantile_to_staff_for_is_the_newsvendors() =>
        Assert.Equal(0.9, Queueing.CriticalQuantile(9, 1), 12);
}
