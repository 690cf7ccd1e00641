using System.Diagnostics;
using SelfDev.Mutation.Building;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Trials;

/// <summary>Runs tests in one process until one fails; kills it after the limit.</summary>
/// <param name="mutant">The one that is on; null for none.</param>
internal delegate Task<ProcessResult> RunTests(
    IReadOnlyList<TestUnit> units,
    Mutant? mutant,
    TimeSpan limit,
    CancellationToken cancellation
);

/// <summary>
/// Switches one mutant on and runs the tests that reach it until one fails. A failure at the usual speed speaks for
/// itself. One that took too long, or that no test is named for, may be the machine's: it counts only if the same tests
/// then pass without the mutant and fail again with it.
/// </summary>
/// <param name="units">Those that pass with every mutant off.</param>
internal sealed class MutantTrial(RunTests run, IReadOnlyList<UnitCoverage> units)
{
    private const int Slack = 5;
    private const int Usual = 2;
    private const int Attempts = 3;

    // Starting a process costs more than most classes: quick ones share one, up to this much work.
    private static readonly TimeSpan Shared = TimeSpan.FromSeconds(3);

    private readonly TimeSpan _start = units.Count == 0 ? TimeSpan.Zero : units.Min(unit => unit.Elapsed);

    public async Task<TrialResult> RunAsync(Mutant mutant, CancellationToken cancellation)
    {
        var reaching = units.Where(unit => unit.Reached.Contains(mutant.Id)).ToList();
        var watch = Stopwatch.StartNew();
        foreach (var batch in Batches(reaching))
        {
            var (outcome, killer) = await JudgeAsync(batch, mutant, cancellation);
            if (outcome != Outcome.Survived)
            {
                return new TrialResult(mutant, outcome, killer, watch.Elapsed);
            }
        }

        var end = reaching.Count == 0 ? Outcome.NotCovered : Outcome.Survived;
        return new TrialResult(mutant, end, null, watch.Elapsed);
    }

    private async Task<(Outcome Outcome, string? Killer)> JudgeAsync(
        List<UnitCoverage> batch,
        Mutant mutant,
        CancellationToken cancellation
    )
    {
        var tests = batch.Select(unit => unit.Unit).ToList();
        var normal = batch.Aggregate(TimeSpan.Zero, (sum, unit) => sum + unit.Elapsed);
        var limit = (Slack * normal) + TimeSpan.FromSeconds(Slack);
        var usual = (Usual * normal) + TimeSpan.FromSeconds(Usual);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var first = await run(tests, mutant, limit, cancellation);
            var isPlain = first.ExitCode is not null && first.Elapsed <= usual;
            if (first.ExitCode == 0 || (isPlain && RunnerOutput.FirstFailure(first.Output) is not null))
            {
                return Outcomes(first);
            }

            if (await run(tests, null, limit, cancellation) is { ExitCode: 0 })
            {
                return Outcomes(await run(tests, mutant, limit, cancellation));
            }
        }

        return (Outcome.Undecided, null);

        (Outcome, string?) Outcomes(ProcessResult result) =>
            result.ExitCode switch
            {
                0 => (Outcome.Survived, null),
                null => (Outcome.TimedOut, string.Join(", ", tests.Select(test => test.Name))),
                _ => (Outcome.Killed, RunnerOutput.FirstFailure(result.Output) ?? "the process ended"),
            };
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

    /// <summary>The tests took far longer than without it, twice.</summary>
    TimedOut,

    /// <summary>Every test that reaches it passes.</summary>
    Survived,

    /// <summary>No test reaches it.</summary>
    NotCovered,

    /// <summary>It survived, or no test reaches it, and <c>accepted.json</c> says why that is no gap.</summary>
    Accepted,

    /// <summary>The time was up before its turn.</summary>
    NotRun,

    /// <summary>The tests failed or hung without it as well, time and again: the machine is too busy to tell.</summary>
    Undecided,
}
