namespace SelfDev.Core.Statistics;

/// <summary>
/// Random numbers that depend on a seed and a stream number and on nothing else, so that work split over threads draws
/// the same numbers as work that is not. Source: SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014). Not for secrets.
/// </summary>
public struct RandomStream(ulong seed, ulong stream)
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    private ulong _state = Mix(Mix(seed + Gamma) + (Gamma * (stream + 1)));

    /// <summary>Uniform over all 64-bit values.</summary>
    public ulong Next() => Mix(_state += Gamma);

    /// <summary>Uniform over [0, 1) in steps of 2^-53.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform over 0 to <paramref name="bound"/> - 1; the bias is below bound / 2^64 (Lemire, "Fast random
    /// integer generation in an interval", 2019).</summary>
    public int Below(int bound) => (int)Math.BigMul(Next(), (ulong)bound, out _);

    /// <summary>As <see cref="Below"/>, twice from one number; the bias is below bound / 2^32, a millionth for a bound
    /// of four thousand.</summary>
    /// <param name="bound">1 or more.</param>
    public (int First, int Second) TwoBelow(int bound)
    {
        var number = Next();
        return ((int)(((number & uint.MaxValue) * (uint)bound) >> 32), (int)(((number >> 32) * (uint)bound) >> 32));
    }

    internal static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
