using MathNet.Numerics.Distributions;

namespace SelfDev.Core.Training.Model;

/// <summary>
/// Which loss spikes two runs share. Runs with the same data order share the spikes that the data makes, step for step;
/// spikes that only one run has come from the optimiser or the machine.
/// </summary>
/// <param name="Verdict"><c>data</c>, <c>optimiser</c> or <c>undecided</c>.</param>
/// <param name="FromStep">First step that both runs have.</param>
/// <param name="SpikesA">Spikes of the first run in the common steps, one-row outliers included.</param>
/// <param name="Shared">Spikes of the first run with one of the second at most one row away.</param>
/// <param name="ExpectedShared">Shared spikes that chance alone would give.</param>
/// <param name="PValue">Probability of as many or more by chance: the upper tail of a binomial distribution.</param>
/// <param name="SharedSteps">The first of them.</param>
public sealed record RunAlignment(
    string RunA,
    string RunB,
    string Verdict,
    long FromStep,
    long ToStep,
    int SpikesA,
    int SpikesB,
    int Shared,
    double ExpectedShared,
    double PValue,
    IReadOnlyList<long> SharedSteps
)
{
    public const string Data = "data";
    public const string Optimiser = "optimiser";
    public const string Undecided = "undecided";

    /// <summary>Fewer spikes than this in either run decide nothing.</summary>
    public const int EnoughSpikes = 5;

    /// <summary>Share of the smaller set from which the data is to blame, and under which it is not.</summary>
    private const double MuchShared = 0.5;
    private const double LittleShared = 0.15;
    private const double ChanceLimit = 1e-4;

    /// <returns>Null where the runs have no 100 steps in common.</returns>
    public static RunAlignment? Of(
        string nameA,
        IReadOnlyList<SpikeRecord> spikesA,
        (long First, long Last, long Stride) a,
        string nameB,
        IReadOnlyList<SpikeRecord> spikesB,
        (long First, long Last, long Stride) b
    )
    {
        var from = Math.Max(a.First, b.First);
        var to = Math.Min(a.Last, b.Last);
        var stride = Math.Max(a.Stride, b.Stride);
        if (to - from < 100 * stride)
        {
            return null;
        }

        var stepsA = Steps(spikesA, from, to);
        var stepsB = Steps(spikesB, from, to);
        var shared = stepsA.Where(step => HasNear(stepsB, step, stride)).ToList();
        var places = ((to - from) / stride) + 1;
        var chance = Math.Min(1, 3.0 * stepsB.Count / places);
        var p = shared.Count == 0 || stepsA.Count == 0 ? 1 : 1 - Binomial.CDF(chance, stepsA.Count, shared.Count - 1);
        var smaller = Math.Min(stepsA.Count, stepsB.Count);
        var verdict =
            smaller < EnoughSpikes ? Undecided
            : shared.Count >= MuchShared * smaller && p < ChanceLimit ? Data
            : shared.Count <= LittleShared * smaller ? Optimiser
            : Undecided;
        return new RunAlignment(
            nameA,
            nameB,
            verdict,
            from,
            to,
            stepsA.Count,
            stepsB.Count,
            shared.Count,
            stepsA.Count * chance,
            Math.Clamp(p, 0, 1),
            [.. shared.Take(50)]
        );
    }

    private static List<long> Steps(IReadOnlyList<SpikeRecord> spikes, long from, long to) =>
        [.. spikes.Select(spike => spike.Step).Where(step => step >= from && step <= to).Distinct().Order()];

    private static bool HasNear(List<long> steps, long step, long distance)
    {
        var at = steps.BinarySearch(step - distance);
        at = at < 0 ? ~at : at;
        return at < steps.Count && steps[at] <= step + distance;
    }
}
