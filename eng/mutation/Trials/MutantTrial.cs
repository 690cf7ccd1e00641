using SelfDev.Mutation.Building;
using SelfDev.Mutation.Points;

namespace SelfDev.Mutation.Trials;

/// <summary>Switches one mutant on and runs the classes that reach it until one fails.</summary>
internal sealed class MutantTrial(Workspace workspace, TestEnvironment environment, IReadOnlyList<ClassCoverage> classes)
{
    private const int Slack = 5;

    // Starting a process costs more than most classes: quick ones share one, up to this much work.
    private static readonly TimeSpan Shared = TimeSpan.FromSeconds(3);

    private readonly TimeSpan _start = classes.Count == 0 ? TimeSpan.Zero : classes.Min(one => one.Elapsed);

    public async Task<TrialResult> RunAsync(Mutant mutant, CancellationToken cancellation)
    {
        var reaching = classes.Where(one => one.Reached.Contains(mutant.Id)).ToList();
        if (reaching.Count == 0)
        {
            return new TrialResult(mutant, Outcome.NotCovered, null, TimeSpan.Zero);
        }

        var spent = TimeSpan.Zero;
        foreach (var batch in Batches(reaching))
        {
            var normal = batch.Aggregate(TimeSpan.Zero, (sum, one) => sum + one.Elapsed);
            var result = await ChildProcess.RunAsync(
                "dotnet",
                TestClass.Arguments([.. batch.Select(one => one.Test)]),
                workspace.Root,
                environment.WithMutant(mutant.Id),
                (Slack * normal) + TimeSpan.FromSeconds(Slack),
                cancellation);
            spent += result.Elapsed;
            if (result.ExitCode != 0)
            {
                return new TrialResult(
                    mutant,
                    result.ExitCode is null ? Outcome.TimedOut : Outcome.Killed,
                    RunnerOutput.FirstFailure(result.Output) ?? string.Join(", ", batch.Select(one => one.Test.Name)),
                    spent);
            }
        }

        return new TrialResult(mutant, Outcome.Survived, null, spent);
    }

    /// <summary>Quickest first: most mutants are killed by the tests that are nearest to them, and those are quick.</summary>
    private List<List<ClassCoverage>> Batches(IReadOnlyList<ClassCoverage> reaching)
    {
        var open = new Dictionary<string, (List<ClassCoverage> Batch, TimeSpan Work)>(StringComparer.Ordinal);
        var batches = new List<List<ClassCoverage>>();
        foreach (var one in reaching.OrderBy(one => one.Elapsed))
        {
            var work = one.Elapsed - _start;
            if (open.TryGetValue(one.Test.Assembly, out var last) && last.Work + work <= Shared)
            {
                last.Batch.Add(one);
                open[one.Test.Assembly] = (last.Batch, last.Work + work);
            }
            else
            {
                List<ClassCoverage> batch = [one];
                batches.Add(batch);
                open[one.Test.Assembly] = (batch, work);
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
