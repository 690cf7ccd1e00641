namespace SelfDev.Core.Statistics;

/// <summary>A confidence interval, both ends included.</summary>
public readonly record struct Interval(double Low, double High)
{
    public bool Contains(double value) => Low <= value && value <= High;

    public bool IsWithin(double low, double high) => low <= Low && High <= high;
}
