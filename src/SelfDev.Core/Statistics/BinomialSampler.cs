namespace SelfDev.Core.Statistics;

/// <summary>
/// Binomial random numbers in constant time. Source: inversion where n·p is below 10, else the transformed rejection
/// BTRS of Hörmann, "The generation of binomial random variates", Journal of Statistical Computation and Simulation 46
/// (1993), with the correction of Stirling's formula tabulated there.
/// </summary>
internal static class BinomialSampler
{
    private const double InversionLimit = 10;

    private static readonly double[] StirlingTail =
    [
        0.0810614667953272,
        0.0413406959554092,
        0.0276779256849983,
        0.0207906721037650,
        0.0166446911898211,
        0.0138761288230707,
        0.0118967099458917,
        0.0104112652619720,
        0.00925546218271273,
        0.00833056343336287,
    ];

    /// <param name="trials">At least 0.</param>
    /// <param name="probability">0 to 1.</param>
    public static int Sample(ref RandomStream random, int trials, double probability)
    {
        if (trials == 0 || probability <= 0)
        {
            return 0;
        }

        if (probability >= 1)
        {
            return trials;
        }

        if (probability > 0.5)
        {
            return trials - Sample(ref random, trials, 1 - probability);
        }

        return trials * probability < InversionLimit
            ? Invert(ref random, trials, probability)
            : Reject(ref random, trials, probability);
    }

    private static int Invert(ref RandomStream random, int trials, double probability)
    {
        var odds = probability / (1 - probability);
        var mass = Math.Exp(trials * Math.Log(1 - probability));
        var left = random.NextDouble();
        var successes = 0;
        while (left > mass && successes < trials)
        {
            left -= mass;
            successes++;
            mass *= odds * (trials - successes + 1) / successes;
        }

        return successes;
    }

    private static int Reject(ref RandomStream random, int trials, double probability)
    {
        var spread = Math.Sqrt(trials * probability * (1 - probability));
        var b = 1.15 + (2.53 * spread);
        var a = -0.0873 + (0.0248 * b) + (0.01 * probability);
        var c = (trials * probability) + 0.5;
        var fastAccept = 0.92 - (4.2 / b);
        var odds = probability / (1 - probability);
        var alpha = (2.83 + (5.1 / b)) * spread;
        var mode = (int)((trials + 1) * probability);
        while (true)
        {
            var u = random.NextDouble() - 0.5;
            var v = random.NextDouble();
            var us = 0.5 - Math.Abs(u);
            var k = Math.Floor((((2 * a / us) + b) * u) + c);
            if (us >= 0.07 && v <= fastAccept)
            {
                return (int)k;
            }

            if (k < 0 || k > trials)
            {
                continue;
            }

            v = Math.Log(v * alpha / ((a / (us * us)) + b));
            var bound =
                ((mode + 0.5) * Math.Log((mode + 1) / (odds * (trials - mode + 1))))
                + ((trials + 1) * Math.Log((trials - mode + 1) / (trials - k + 1)))
                + ((k + 0.5) * Math.Log(odds * (trials - k + 1) / (k + 1)))
                + Tail(mode)
                + Tail(trials - mode)
                - Tail(k)
                - Tail(trials - k);
            if (v <= bound)
            {
                return (int)k;
            }
        }
    }

    private static double Tail(double k)
    {
        if (k < StirlingTail.Length)
        {
            return StirlingTail[(int)k];
        }

        var square = (k + 1) * (k + 1);
        return ((1.0 / 12) - (((1.0 / 360) - (1.0 / 1260 / square)) / square)) / (k + 1);
    }
}
