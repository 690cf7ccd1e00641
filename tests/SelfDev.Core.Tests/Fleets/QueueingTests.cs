using SelfDev.Core.Fleets;

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
    public void The_mean_wait_is_that_of_Pollaczek_and_Khinchine_for_one_server()
    {
        // M/D/1: rho S / (2 (1 - rho)); M/M/1: rho S / (1 - rho).
        Assert.Equal(0.8 * 2 / (2 * 0.2), Queueing.MeanWait(1, 0.8, 2, 0), 12);
        Assert.Equal(0.8 * 2 / 0.2, Queueing.MeanWait(1, 0.8, 2, 1), 12);
    }

    [Fact]
    public void Square_root_staffing_nears_the_limit_of_Halfin_and_Whitt()
    {
        const double Load = 10_000;
        const double Beta = 1;
        var servers = Queueing.SquareRootStaffing(Load, Beta);
        Assert.Equal(10_100, servers);
        Assert.Equal(Queueing.HalfinWhitt(Beta), Queueing.ErlangC(servers, Load), 2);
    }

    [Fact]
    public void The_quantile_to_staff_for_is_the_newsvendors() => Assert.Equal(0.9, Queueing.CriticalQuantile(9, 1), 12);
}
