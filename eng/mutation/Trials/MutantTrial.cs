using SelfDev.Mutation.Building;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Trials;

/// <summary>Runs tests in one process with one mutant on, until one fails; kills it after the limit.</summary>
internal delegate Task<ProcessResult> RunTests(
    IReadOnlyList<TestUnit> units, Mutant mutant, TimeSpan limit, CancellationToken cancellation);

/// <summary>Switches one mutant on and runs the tests that reach it until one fails.</summary>
/// <param name="units">Those that pass with every mutant off.</param>
internal sealed class MutantTrial(RunTests run, IReadOnlyList<UnitCoverage> units)
{
    private const int Slack = 5;

    // Starting a process costs more than most classes: quick ones share one, up to this much work.
    private static readonly TimeSpan Shared = TimeSpan.FromSeconds(3);

    private readonly TimeSpan _start = units.Count == 0 ? TimeSpan.Zero : units.Min(unit => unit.Elapsed);

    public async Task<TrialResult> RunAsync(Mutant mutant, CancellationToken cancellation)
    {
        var reaching = units.Where(unit => unit.Reached.Contains(mutant.Id)).ToList();
        var spent = TimeSpan.Zero;
        foreach (var batch in Batches(reaching))
        {
            var normal = batch.Aggregate(TimeSpan.Zero, (sum, unit) => sum + unit.Elapsed);
            var limit = (Slack * normal) + TimeSpan.FromSeconds(Slack);
            var result = await run([.. batch.Select(unit => unit.Unit)], mutant, limit, cancellation);
            spent += result.Elapsed;
            if (result.ExitCode != 0)
            {
                var killer = RunnerOutput.FirstFailure(result.Output) ?? string.Join(", ", batch.Select(unit => unit.Unit.Name));
                return new TrialResult(mutant, result.ExitCode is null ? Outcome.TimedOut : Outcome.Killed, killer, spent);
            }
        }

        return new TrialResult(mutant, reaching.Count == 0 ? Outcome.NotCovered : Outcome.Survived, null, spent);
    }

    // Quickest first: most mutants are killed by the tests that are nearest to them, and those are quick.
    private List<List<UnitCoverage>> Batches(List<UnitCoverage> reaching)
    {
        var open = new Dictionary<(string, bool), (List<UnitCoverage> Batch, TimeSpan Work)>();
        var batches = new List<List<UnitCoverage>>();
        foreach (var unit in reaching.OrderBy(unit => unit.Elapsed))
        {
            var work = unit.Elapsed - _start;
            if (open.TryGetValue(unit.Unit.Process, out var last) && last.Work + work <= Shared)
            {
                last.Batch.Add(unit);
                open[unit.Unit.Process] = (last.Batch, last.Work + work);
            }
            else
            {
                List<UnitCoverage> batch = [unit];
                batches.Add(batch);
                open[unit.Unit.Process] = (batch, work);
            }
        }

        return batches;
    }
}

internal sealed record TrialResult(Mutant Mutant, Outcome Outcome, string? KilledBy, TimeSpan Elapsed);

internal enum Outcome
{
    /// <summary>A test failed.</summary>
    Killed,

    /// <summary>The tests took far longer than without it.</summary>
    TimedOut,

    /// <summary>Every test that reaches it passes.</summary>
    Survived,

    /// <summary>No test reaches it.</summary>
    NotCovered,

    /// <summary>It survived, or no test reaches it, and <c>accepted.json</c> says why that is no gap.</summary>
    Accepted,

    /// <summary>The time was up before its turn.</summary>
    NotRun,
}
