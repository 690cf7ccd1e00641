using SelfDev.Mutation.Building;
using SelfDev.Mutation.Trials;

namespace SelfDev.Mutation.Reporting;

/// <summary>What one run found.</summary>
/// <param name="Seed">Of the order and of the sample.</param>
/// <param name="Found">Mutants that compile, before a sample was taken.</param>
/// <param name="Dropped">Mutants that do not compile.</param>
/// <param name="SetAside">Tests that could not be used, each with its problem.</param>
/// <param name="Stale">Entries of <c>accepted.json</c> that are about nothing any more.</param>
internal sealed record RunReport(
    IReadOnlyList<string> Targets,
    int Seed,
    int Found,
    IReadOnlyList<DroppedMutant> Dropped,
    IReadOnlyList<Verdict> Verdicts,
    IReadOnlyList<UnitCoverage> SetAside,
    IReadOnlyList<AcceptedSurvivor> Stale,
    TimeSpan Elapsed
)
{
    public Tally Total => Tally.Of(Verdicts);

    public IEnumerable<(string File, Tally Tally)> Files =>
        Verdicts
            .GroupBy(verdict => verdict.Result.Mutant.File)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => (group.Key, Tally.Of(group)));

    public IEnumerable<Verdict> With(Outcome outcome) => Verdicts.Where(verdict => verdict.Outcome == outcome);
}
