using SelfDev.Mutation.Trials;

namespace SelfDev.Mutation.Reporting;

/// <summary>Counts of one file, or of all.</summary>
/// <param name="Mutants">Those that were judged; the ones not run and the undecided are counted apart.</param>
/// <param name="TimedOut">Among the killed.</param>
internal sealed record Tally(int Mutants, int Killed, int TimedOut, int Survived, int NotCovered, int Accepted)
{
    public static Tally Of(IEnumerable<Verdict> verdicts)
    {
        var counts = verdicts.CountBy(verdict => verdict.Outcome).ToDictionary();
        counts.Remove(Outcome.NotRun);
        counts.Remove(Outcome.Undecided);
        var timedOut = counts.GetValueOrDefault(Outcome.TimedOut);
        return new Tally(
            counts.Values.Sum(),
            counts.GetValueOrDefault(Outcome.Killed) + timedOut,
            timedOut,
            counts.GetValueOrDefault(Outcome.Survived),
            counts.GetValueOrDefault(Outcome.NotCovered),
            counts.GetValueOrDefault(Outcome.Accepted)
        );
    }

    /// <summary>Killed in percent of all but the accepted; 100 where nothing is left to kill.</summary>
    public double Score => Percent(Mutants - Accepted);

    /// <summary>The same with the accepted counted as survivors.</summary>
    public double StrictScore => Percent(Mutants);

    private double Percent(int of) => of == 0 ? 100 : 100.0 * Killed / of;
}
