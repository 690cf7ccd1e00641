namespace SelfDev.Core.Scaling.Queues;

/// <summary>Formulas of queueing theory. Loads are in erlangs: arrivals a second times seconds of service.</summary>
public static class Queueing
{
    /// <summary>
    /// Probability that a customer of M/M/c has to wait (A. K. Erlang 1917). By the recursion of the loss formula, B(k)
    /// = a B(k-1) / (k + a B(k-1)), and C = B / (1 - (a/c)(1 - B)), which neither overflows nor cancels.
    /// </summary>
    /// <param name="servers">At least 1.</param>
    /// <param name="load">Offered load, 0 and up.</param>
    /// <returns>0 to 1; 1 where the load reaches the servers.</returns>
    public static double ErlangC(int servers, double load)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(servers, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(load);
        if (load >= servers)
        {
            return 1;
        }

        var blocked = 1.0;
        for (var k = 1; k <= servers; k++)
        {
            blocked = load * blocked / (k + (load * blocked));
        }

        return blocked / (1 - (load / servers * (1 - blocked)));
    }

    /// <summary>
    /// Probability that a customer of M/G/c waits longer than a time: the tail of M/M/c, P(W > t) = C exp(-(c - a) t /
    /// S), stretched by (1 + v) / 2 for a service time whose squared coefficient of variation is v (Allen and Cunneen's
    /// approximation; exact for M/M/c).
    /// </summary>
    public static double WaitExceeds(int servers, double load, double serviceSeconds, double variation, double seconds)
    {
        if (seconds < 0 || load >= servers)
        {
            return 1;
        }

        return serviceSeconds <= 0
            ? 0
            : ErlangC(servers, load) * Math.Exp(-(servers - load) * seconds / (serviceSeconds * (1 + variation) / 2));
    }

    /// <summary>The quantile of demand to staff for when a missing server costs <paramref name="under"/> and an idle
    /// one <paramref name="over"/> (newsvendor).</summary>
    public static double CriticalQuantile(double under, double over) => under / (under + over);
}
